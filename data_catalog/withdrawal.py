"""Take people out of a dataset: who asked is queued in the vault, and the next edition is the old one without them.

Identifiers are kept in one file per dataset below the vault, readable by the service alone; manifests, the control
database and the audit log hold how many they are and a hash under a key of this installation. (An unkeyed hash of one
short identifier is guessed in no time.)
"""

import hmac
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import Connection

from core.clock import to_text
from core.errors import IntegrityBroken, InvalidInput
from core.files import ensure_folder, sha256_file, write_durably
from core.secrets import ensure_secret
from core.settings import Settings
from data_catalog.editions import (
    Edition,
    EditionManifest,
    TableEntry,
    WithdrawalEntry,
    edition_sources,
    find_edition,
    newest_number,
    read_manifest,
)
from data_catalog.engine import identifier, literal, registered, write_parquet
from data_catalog.errors import BatchTooSmall
from data_catalog.imaging.index import FOLDER as IMAGING
from data_catalog.imaging.index import read_index, write_without
from data_catalog.models import PSEUDONYM, DatasetDeclaration, Table
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

MINIMUM_COUNT = 10
"""People a batch should have: the size below which a count is too small to be released (docs/checks.md)."""

SCANS = "scans"
"""What scans are called beside the tables in a proof."""

FOLDER = ".withdrawals"
"""Below the vault; no dataset's id begins with a point."""


@dataclass(frozen=True)
class Withdrawal:
    """One person's withdrawal: when it was asked for, and the edition that was made without them, if it was."""

    person: str
    asked_at: str
    edition: int | None = None


@dataclass(frozen=True)
class Removed:
    """What was taken out of one table of an edition: rows before, rows removed, rows left."""

    table: str
    before: int
    removed: int

    @property
    def left(self) -> int:
        """Rows that are still there."""
        return self.before - self.removed


def read_people(path: Path) -> list[str]:
    """Read a file of source identifiers, one a line; raises InvalidInput where it is none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} can not be read as UTF-8 text.", "One identifier a line.") from error
    people = [line.strip() for line in lines if line.strip()]
    if not people:
        raise InvalidInput(f"{path} names nobody.", "One identifier a line.")
    return people


def withdrawals(settings: Settings, dataset_id: str) -> list[Withdrawal]:
    """Return everybody who ever withdrew from a dataset, or waits to be taken out."""
    path = _file(settings, dataset_id)
    return [Withdrawal(**entry) for entry in json.loads(path.read_text())] if path.exists() else []


def waiting(settings: Settings, dataset_id: str) -> list[str]:
    """Return who waits to be taken out, in order of asking."""
    return [entry.person for entry in withdrawals(settings, dataset_id) if entry.edition is None]


def add_to_queue(settings: Settings, dataset_id: str, people: Sequence[str], now: datetime) -> int:
    """Queue people who are not queued yet; return how many that are."""
    known = withdrawals(settings, dataset_id)
    names = {entry.person for entry in known if entry.edition is None}
    new = [Withdrawal(person, to_text(now)) for person in dict.fromkeys(people) if person not in names]
    _keep(settings, dataset_id, [*known, *new])
    return len(new)


def settle_queue(settings: Settings, dataset_id: str, people: Collection[str], edition: int) -> None:
    """Note that these people were taken out, and in which edition they are no more."""
    done = [
        Withdrawal(entry.person, entry.asked_at, edition) if _waits(entry, people) else entry
        for entry in withdrawals(settings, dataset_id)
    ]
    _keep(settings, dataset_id, done)


def find_returned(
    connection: duckdb.DuckDBPyConnection, settings: Settings, dataset_id: str, relations: Sequence[tuple[str, Table]]
) -> list[Finding]:
    """Return the rows of a delivery that are about somebody who was taken out before; no value of them is repeated.

    Whoever only waits to be taken out is in the delivery rightly, and goes with the batch.
    """
    gone = [entry.person for entry in withdrawals(settings, dataset_id) if entry.edition is not None]
    if not gone:
        return []
    _register(connection, gone)
    return [finding for relation, table in relations for finding in _returned(connection, relation, table)]


def _returned(connection: duckdb.DuckDBPyConnection, relation: str, table: Table) -> Iterator[Finding]:
    rows = connection.execute(
        f"SELECT _row, count(*) OVER () FROM {relation} WHERE {_is_withdrawn(table)} "
        f"ORDER BY _row LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if rows:
        rule = "somebody who withdrew consent and was taken out before: take them out of the delivery too"
        yield Finding(table.name, table.person, rule, rows[0][1], tuple(Violation(row, None) for row, _ in rows))


def _waits(entry: Withdrawal, people: Collection[str]) -> bool:
    return entry.edition is None and entry.person in people


def check_batch(people: Collection[str], *, now: bool) -> None:
    """Refuse a batch of nobody, and a small one unless it was said that it can not wait."""
    if not people:
        raise InvalidInput("Nobody waits to be withdrawn.", "Queue people with `myelin dataset withdraw-queue`.")
    if len(people) < MINIMUM_COUNT and not now:
        raise BatchTooSmall(
            f"{len(people)} people are fewer than {MINIMUM_COUNT}: what is released before and after could be "
            "subtracted to show them.",
            "Wait for more where the law allows, or say --now.",
        )


def people_hmac(settings: Settings, dataset_id: str, people: Collection[str]) -> str:
    """Return the keyed hash by which a list of people is known outside the vault."""
    key = ensure_secret(settings, "withdrawal-lists")
    listed = json.dumps([dataset_id, *sorted(set(people))], ensure_ascii=False)
    return hmac.digest(key, listed.encode(), sha256).hex()


def check_known(
    connection: duckdb.DuckDBPyConnection,
    declaration: DatasetDeclaration,
    manifest: EditionManifest,
    folder: Path,
    people: Sequence[str],
) -> None:
    """Refuse a list with somebody who is in no table; raises InvalidInput with their places, from 1, and no names."""
    _register(connection, people)
    sources = edition_sources(manifest, folder)
    known = " UNION ".join(
        f"SELECT {identifier(table.person)} FROM {sources[table.name]} WHERE {_is_withdrawn(table)}"
        for table in declaration.tables
    )
    found = {person for (person,) in connection.execute(known).fetchall()}
    unknown = [str(place) for place, person in enumerate(people, 1) if person not in found]
    if unknown:
        shown = ", ".join(unknown[:20]) + (", …" if len(unknown) > 20 else "")
        raise InvalidInput(
            f"{len(unknown)} of {len(people)} are not in {declaration.id}: number {shown} of the list.",
            "Nobody was queued. Is each line one identifier as the source writes it?",
        )


def _is_withdrawn(table: Table) -> str:
    return f"{identifier(table.person)} IN (SELECT person FROM withdrawn)"


def remove_people(
    connection: duckdb.DuckDBPyConnection,
    declaration: DatasetDeclaration,
    manifest: EditionManifest,
    folder: Path,
    people: Sequence[str],
    prepared: Path,
) -> tuple[tuple[TableEntry, ...], tuple[Removed, ...]]:
    """Write every table of an edition without these people; return the tables and what was removed.

    Each file is read again: raises IntegrityBroken where a row of theirs is left, or one of others is gone.
    """
    _register(connection, people)
    sources = edition_sources(manifest, folder)
    entries, removed = [], []
    for table in declaration.tables:
        path = prepared / manifest.table(table.name).path
        rows = write_parquet(connection, f"SELECT * FROM {sources[table.name]} WHERE NOT {_is_withdrawn(table)}", path)
        path.chmod(0o400)
        entry = TableEntry(
            table=table.name, path=path.name, sha256=sha256_file(path), bytes=path.stat().st_size, rows=rows
        )
        entries.append(entry)
        removed.append(Removed(table.name, manifest.table(table.name).rows, _removed(connection, sources, table)))
    made = manifest.model_copy(update={"tables": tuple(entries)})
    _prove(connection, declaration, edition_sources(made, prepared), removed)
    return tuple(entries), tuple(removed)


def remove_scans(
    manifest: EditionManifest, folder: Path, people: Sequence[str], prepared: Path
) -> tuple[str, tuple[Removed, ...]]:
    """Hold an edition's scans without these people's; return the hash of their manifest and what was removed.

    The index is read again: raises IntegrityBroken where somebody of them is left in it.
    """
    if not manifest.imaging_sha256:
        return "", ()
    made, gone = write_without(folder / IMAGING, manifest.imaging_sha256, people, prepared / IMAGING)
    left = read_index(prepared / IMAGING, made.manifest_sha256).entries
    if not {entry.patient_id for entry in left}.isdisjoint(people):
        raise IntegrityBroken("The scans without those who withdrew are not what they should be.")
    return made.manifest_sha256, (Removed(SCANS, len(left) + gone, gone),)


def _removed(connection: duckdb.DuckDBPyConnection, sources: dict[str, str], table: Table) -> int:
    """Count the rows of the people apart from the writing, so that the two must agree."""
    (count,) = connection.execute(
        f"SELECT count(*) FROM {sources[table.name]} WHERE {_is_withdrawn(table)}"
    ).fetchone() or (0,)
    return int(count)


def _prove(
    connection: duckdb.DuckDBPyConnection,
    declaration: DatasetDeclaration,
    sources: dict[str, str],
    removed: Sequence[Removed],
) -> None:
    for table, gone in zip(declaration.tables, removed, strict=True):
        theirs = f"count(*) FILTER (WHERE {_is_withdrawn(table)})"
        found = connection.execute(f"SELECT {theirs}, count(*) FROM {sources[table.name]}").fetchone()
        if found != (0, gone.left):
            raise IntegrityBroken(f"{table.name} without those who withdrew is not what it should be.")


def is_anywhere(cut: Path, dataset_id: str, pseudonyms: Sequence[str]) -> bool:
    """Tell whether a cut has a row or a scan of one of these pseudonyms in what it holds of a dataset."""
    scans = cut / IMAGING / dataset_id
    return any((scans / f"sub-{name}").exists() for name in pseudonyms) or _has_rows(cut / dataset_id, pseudonyms)


def _has_rows(folder: Path, pseudonyms: Sequence[str]) -> bool:
    gone = pa.table({PSEUDONYM: pa.array(list(pseudonyms), pa.string())})
    with duckdb.connect() as connection:
        connection.register("gone", gone)
        for path in sorted(folder.glob("*.parquet")):
            theirs = f"SELECT 1 FROM read_parquet({literal(str(path))}) SEMI JOIN gone USING ({PSEUDONYM}) LIMIT 1"
            if connection.execute(theirs).fetchone():
                return True
    return False


def without_withdrawn(connection: Connection, settings: Settings, edition: Edition) -> Edition:
    """Return the edition that stands for this one since people were withdrawn from it, or itself."""
    for number in range(edition.number + 1, newest_number(connection, edition.dataset) + 1):
        later = find_edition(connection, edition.dataset, number)
        made_from = read_manifest(settings, later).withdrawal
        if made_from is not None and made_from.edition == edition.number:
            return without_withdrawn(connection, settings, later)
    return edition


def withdrawn_manifest(
    manifest: EditionManifest,
    number: int,
    by: str,
    at: datetime,
    tables: tuple[TableEntry, ...],
    imaging_sha256: str,
    withdrawal: WithdrawalEntry,
) -> EditionManifest:
    """Return the manifest of the edition that a withdrawal makes; reports on the one before are not its own."""
    made = {"number": number, "published_by": by, "published_at": at, "tables": tables}
    held = {"files": (), "imaging_sha256": imaging_sha256}
    return manifest.model_copy(update={**made, **held, "withdrawal": withdrawal})


def _register(connection: duckdb.DuckDBPyConnection, people: Sequence[str]) -> None:
    with registered(connection, "withdrawn_given", pa.table({"person": pa.array(list(people), pa.string())})):
        connection.execute("CREATE OR REPLACE TEMP TABLE withdrawn AS SELECT DISTINCT person FROM withdrawn_given")


def _file(settings: Settings, dataset_id: str) -> Path:
    return settings.vault / FOLDER / f"{dataset_id}.json"


def _keep(settings: Settings, dataset_id: str, entries: Sequence[Withdrawal]) -> None:
    ensure_folder(settings.vault / FOLDER)
    content = json.dumps([entry.__dict__ for entry in entries], ensure_ascii=False, indent=1)
    write_durably(_file(settings, dataset_id), content.encode(), 0o600)
