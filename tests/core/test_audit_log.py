"""The audit log: what it refuses, and that every tampering is found with nothing but the exported files."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.audit import merkle, service
from core.audit.log import Entry
from core.audit.service import log_lines, verify_log, write_checkpoint
from core.database import Database, UnauditedChange
from core.errors import IntegrityBroken, Refused
from core.people.models import Person, SystemActor
from core.settings import Settings

WORKER = SystemActor("worker")


def write_events(database: Database, count: int) -> None:
    for number in range(count):
        with database.write(WORKER) as tx:
            tx.record("core:test:event", f"thing:{number}", {"number": number})


def test_a_change_without_an_audit_row_is_not_saved(database: Database) -> None:
    with pytest.raises(UnauditedChange), database.write(WORKER) as tx:
        tx.execute(text("INSERT INTO person VALUES ('eve','Eve','e','i','s',TRUE,'2026-01-01T00:00:00.000000Z')"))
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM person")).scalar_one() == 0


def test_a_failed_change_leaves_no_audit_row(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write(WORKER) as tx:
        tx.record("core:test:event", "thing:1")
        raise RuntimeError
    assert list(log_lines(database)) == []


AGAIN = (
    "INSERT INTO audit_event SELECT {seq}, at, actor, action, subject, detail, 'a', 'b' FROM audit_event WHERE seq = 2"
)
REPLACE = (
    "INSERT OR REPLACE INTO audit_event "
    "SELECT {seq}, at, 'person:eve', action, subject, detail, prev, {hash} FROM audit_event WHERE seq = 1"
)
TAMPERING = {
    "update": "UPDATE audit_event SET actor = 'person:nobody' WHERE seq = 1",
    "delete": "DELETE FROM audit_event WHERE seq = 2",
    "insert or replace": REPLACE.format(seq="seq", hash="hash"),
    "replace by another unique key": REPLACE.format(seq=3, hash="'f'"),
    "upsert": "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1 "
    "ON CONFLICT (seq) DO UPDATE SET actor = 'person:eve'",
    "a gap": AGAIN.format(seq=7),
    "a fork": AGAIN.format(seq=3),
    "truncate": "TRUNCATE audit_event",
    "truncate cascade": "TRUNCATE audit_event CASCADE",
}
ONLY = {"insert or replace": "sqlite", "replace by another unique key": "sqlite"}
ONLY |= {"truncate": "postgresql", "truncate cascade": "postgresql"}


@pytest.mark.parametrize("how", TAMPERING)
def test_the_database_itself_refuses(database: Database, owned_database: Database, how: str) -> None:
    """Even its owner, in whichever statements the engine knows; the others are syntax errors there."""
    write_events(database, 3)
    before = list(log_lines(database))
    refusal = "append-only|rows are kept|no gap|must follow"
    known = ONLY.get(how, database.engine.dialect.name) == database.engine.dialect.name
    with (
        pytest.raises(DBAPIError, match=refusal if known else "syntax error"),
        owned_database.engine.begin() as connection,
    ):
        connection.execute(text(TAMPERING[how]))
    assert list(log_lines(database)) == before


def test_insert_or_replace_is_refused_even_where_recursive_triggers_are_off(tmp_path: Path) -> None:
    """Without the guards on INSERT, SQLite's REPLACE deletes the old row and no trigger sees it."""
    database = Database(f"sqlite:///{tmp_path / 'control.db'}")
    database.create_all()
    write_events(database, 2)
    raw = sqlite3.connect(tmp_path / "control.db")
    raw.execute("PRAGMA recursive_triggers=OFF")
    with pytest.raises(sqlite3.IntegrityError):
        raw.execute(TAMPERING["insert or replace"])
    for guard in ("replace", "order", "chain"):
        raw.execute(f"DROP TRIGGER guard_audit_event_{guard}")
    raw.execute(TAMPERING["insert or replace"])
    assert raw.execute("SELECT actor FROM audit_event WHERE seq = 1").fetchone() == ("person:eve",)


NOT_THE_PROGRAMS = [
    "DROP TRIGGER guard_audit_event_update ON audit_event",
    "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    "UPDATE audit_event SET actor = 'person:eve'",
    "TRUNCATE audit_event",
    "DELETE FROM person",
    "DROP TABLE audit_event",
]


@pytest.mark.parametrize("statement", NOT_THE_PROGRAMS)
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_program_itself_has_no_right_to_take_a_guard_away(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"must be owner|permission denied"), database.engine.begin() as connection:
        connection.execute(text(statement))


def tampered(change: Callable[[list[dict[str, object]]], object]) -> Callable[[list[bytes]], list[bytes]]:
    def apply(lines: list[bytes]) -> list[bytes]:
        entries = [json.loads(line) for line in lines]
        change(entries)
        return [
            json.dumps(e, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for e in entries
        ]

    return apply


def rewrite_from(number: int) -> Callable[[list[bytes]], list[bytes]]:
    """The best forgery there is without the key: change an entry and make every later one follow it."""

    def apply(lines: list[bytes]) -> list[bytes]:
        forged, prev = [], None
        for line in lines:
            fields = json.loads(line)
            if fields["seq"] == number:
                fields["actor"] = "person:eve"
            if prev is not None:
                fields["prev"] = prev
            entry = Entry.from_bytes(json.dumps(fields).encode())
            prev = entry.hash
            forged.append(entry.to_bytes() + b"\n")
        return forged

    return apply


OFFLINE_TAMPERING: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "an edited actor": tampered(lambda e: e[2].update(actor="person:eve")),
    "an edited detail": tampered(lambda e: e[2].update(detail={"number": 99})),
    "a removed entry": tampered(lambda e: e.pop(2)),
    "two entries swapped": tampered(lambda e: e.insert(1, e.pop(2))),
    "an entry twice": tampered(lambda e: e.insert(2, e[2])),
    "an end cut off": tampered(lambda e: e.pop()),
    "everything gone": tampered(lambda e: e.clear()),
    "a history written anew": rewrite_from(1),
    "a line that is no entry": lambda lines: [*lines[:2], b"{}\n", *lines[3:]],
    "spaces put in": lambda lines: [line.replace(b'":', b'": ') for line in lines],
}


@pytest.mark.parametrize("how", OFFLINE_TAMPERING)
def test_tampering_is_found_off_line(database: Database, settings: Settings, how: str) -> None:
    write_events(database, 5)
    write_checkpoint(database, settings)
    lines = list(log_lines(database))
    assert verify_log(iter(lines), settings.checkpoints).entries == 5
    with pytest.raises(IntegrityBroken):
        verify_log(iter(OFFLINE_TAMPERING[how](lines)), settings.checkpoints)


def test_a_checkpoint_signed_by_another_key_is_refused(database: Database, settings: Settings, tmp_path: Path) -> None:
    write_events(database, 2)
    write_checkpoint(database, settings)
    other = Settings(mode="demo", state=tmp_path / "other")
    forged = write_checkpoint(database, other)
    (settings.checkpoints / forged.name).write_bytes(forged.read_bytes())
    with pytest.raises(IntegrityBroken, match="not signed"):
        verify_log(log_lines(database), settings.checkpoints)


def test_without_a_checkpoint_nothing_is_proven(database: Database, settings: Settings) -> None:
    """A key left in the folder is no checkpoint: whoever took the checkpoints away cut the log off as well."""
    write_events(database, 5)
    write_checkpoint(database, settings).unlink()
    with pytest.raises(IntegrityBroken, match="no checkpoint to verify against"):
        verify_log(iter(list(log_lines(database))[:2]), settings.checkpoints)


def test_a_key_kept_elsewhere_finds_a_folder_made_anew(database: Database, settings: Settings, tmp_path: Path) -> None:
    """A shorter log, signed by another key with that key beside it: only the key kept elsewhere tells."""
    write_events(database, 2)
    trusted = tmp_path / "kept-elsewhere.pem"
    write_checkpoint(database, settings)
    trusted.write_bytes((settings.checkpoints / "public-key.pem").read_bytes())
    forger = Settings(mode="demo", state=tmp_path / "forger")
    write_checkpoint(database, forger)
    lines = list(log_lines(database))
    assert verify_log(iter(lines), forger.checkpoints).checkpoints == 1
    assert verify_log(iter(lines), settings.checkpoints, trusted).checkpoints == 1
    with pytest.raises(IntegrityBroken, match="not signed"):
        verify_log(iter(lines), forger.checkpoints, trusted)


@pytest.mark.parametrize("content", [None, b"", b"no key"])
def test_a_key_that_can_not_be_read_is_said_so(
    database: Database, settings: Settings, tmp_path: Path, content: bytes | None
) -> None:
    write_events(database, 1)
    write_checkpoint(database, settings)
    key = tmp_path / "key.pem"
    if content is not None:
        key.write_bytes(content)
    with pytest.raises(IntegrityBroken, match="public key can not be read"):
        verify_log(log_lines(database), settings.checkpoints, key)


def test_a_checkpoint_of_a_log_that_stands_still_reads_no_entry(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = write_checkpoint(database, settings)
    assert write_checkpoint(database, settings) == empty
    write_events(database, 2)
    first = write_checkpoint(database, settings)
    with monkeypatch.context() as patched:
        patched.setattr(service, "log_lines", lambda _database: pytest.fail("The log was read."))
        assert write_checkpoint(database, settings) == first
    write_events(database, 1)
    assert write_checkpoint(database, settings) != first


@pytest.mark.parametrize("username", ["rosa", "chris", "dana", "dirk"])
def test_the_log_is_for_operations_and_auditors(
    database: Database, settings: Settings, people: dict[str, Person], username: str
) -> None:
    reads: tuple[Callable[[Person], object], ...] = (
        lambda who: service.export(database, who),
        lambda who: service.newest(database, who, 1),
        lambda who: service.checkpoint(database, settings, who),
    )
    for read in reads:
        read(people["anna"])
        with pytest.raises(Refused, match="may not do this"):
            read(people[username])


def test_every_checkpoint_on_the_way_is_proven(database: Database, settings: Settings) -> None:
    for _ in range(4):
        write_events(database, 3)
        write_checkpoint(database, settings)
    assert verify_log(log_lines(database), settings.checkpoints).checkpoints == 4


def test_a_row_changed_under_the_guards_is_found(database: Database, owned_database: Database) -> None:
    """Whoever owns the database can drop a trigger; the hash then tells."""
    write_events(database, 3)
    drop = "DROP TRIGGER guard_audit_event_update"
    on_table = " ON audit_event" if database.engine.dialect.name == "postgresql" else ""
    with owned_database.engine.begin() as connection:
        connection.execute(text(drop + on_table))
        connection.execute(text("UPDATE audit_event SET actor = 'person:eve' WHERE seq = 1"))
    with pytest.raises(IntegrityBroken, match="Entry 1"):
        list(log_lines(database))


def reference_root(leaves: list[bytes]) -> bytes:
    """RFC 6962's recursive definition, as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return merkle.node_hash(reference_root(leaves[:split]), reference_root(leaves[split:]))


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70))
def test_the_tree_head_is_the_one_rfc_6962_defines(entries: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    assert merkle.root(leaves) == reference_root(leaves)


def test_known_tree_heads() -> None:
    """Of certificate-transparency's own test vectors (merkle tree test, 0 and 1 leaves)."""
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
