"""What the database itself refuses of the outbox, on both engines: raw SQL against each wall, and with it gone."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.database import Database
from core.guards import all_statements
from core.outbox.delivery import deliver_due
from core.settings import Settings
from tests.conftest import HandClock
from tests.core.outbox.conftest import Outbox
from tests.support.guards import message_of, run, tear_down

AT, LATER = "2026-06-01T09:00:00.000000Z", "2026-06-02T09:00:00.000000Z"
COLUMNS = "id, key, kind, recipient, payload, created_at, due_at, attempts, next_attempt_at, done_at, given_up_at"


def born(**facts: object) -> str:
    usual = dict.fromkeys(COLUMNS.split(", "), "NULL")
    usual |= {"id": "'x'", "key": "'k'", "kind": "'mail'", "recipient": "'rosa'", "payload": "'{}'", "attempts": "0"}
    usual |= dict.fromkeys(("created_at", "due_at", "next_attempt_at"), f"'{AT}'")
    values = {**usual, **{name: repr(value) for name, value in facts.items()}}
    return f"INSERT INTO outbox ({COLUMNS}) VALUES ({', '.join(values.values())})"


def queued(outbox: Outbox, _settings: Settings) -> None:
    outbox.queue()


def done(outbox: Outbox, settings: Settings) -> None:
    outbox.queue()
    deliver_due(outbox.database, Settings(**{**settings.model_dump(), **SENDS}), lambda *_: None)


SENDS = {"smtp_host": "localhost", "smtp_sender": "myelin@tre.example.org"}

ATTACKS: dict[str, tuple[str, str, Callable[[Outbox, Settings], None]]] = {
    "a mail born sent": ("birth", born(attempts=1, done_at=AT), queued),
    "a mail born given up": ("birth", born(given_up_at=AT), queued),
    "a mail that goes before it is due": ("birth", born(due_at=LATER), queued),
    "a sent mail sent again": ("final", "UPDATE outbox SET done_at = NULL", done),
    "a sent mail given up": ("final", "UPDATE outbox SET attempts = 0, done_at = NULL", done),
    "another person": ("change", "UPDATE outbox SET recipient = 'lena'", queued),
    "other words": ("change", "UPDATE outbox SET payload = '{}'", queued),
    "another time": ("change", f"UPDATE outbox SET due_at = '{LATER}'", queued),
    "a mail removed": ("delete", "DELETE FROM outbox", queued),
}


@pytest.mark.parametrize(("guard", "sql", "prepare"), ATTACKS.values(), ids=ATTACKS)
def test_the_wall_holds_and_without_it_the_attack_works(
    outbox: Outbox,
    settings: Settings,
    owned_database: Database,
    guard: str,
    sql: str,
    prepare: Callable[[Outbox, Settings], None],
) -> None:
    prepare(outbox, settings)
    with pytest.raises(DBAPIError, match=message_of(owned_database, "outbox", guard)):
        run(owned_database, sql)
    tear_down(owned_database, "outbox", guard)
    run(owned_database, sql)


def test_a_cancelled_mail_stays_cancelled(outbox: Outbox, owned_database: Database, clock: HandClock) -> None:
    outbox.queue(due_at=clock.now.replace(year=2027))
    outbox.cancel("application:7")
    with pytest.raises(DBAPIError, match="stays as it is"):
        run(owned_database, "UPDATE outbox SET cancelled_at = NULL")


def test_every_wall_is_attacked() -> None:
    names = [statement.split()[2] for statement in all_statements("sqlite")]
    standing = {name.removeprefix("guard_outbox_") for name in names if name.startswith("guard_outbox_")}
    assert standing - {"replace"} == {guard for guard, _, _ in ATTACKS.values()}


def test_nothing_takes_the_place_of_a_mail(outbox: Outbox, owned_database: Database) -> None:
    outbox.queue()
    whole = "INSERT OR REPLACE INTO outbox SELECT * FROM outbox"
    sql = whole if owned_database.engine.dialect.name == "sqlite" else "TRUNCATE outbox"
    with pytest.raises(DBAPIError, match="rows are kept"):
        run(owned_database, sql)


CONSTRAINTS = {
    "another kind": born(kind="letter"),
    "nobody": born(recipient="nobody"),
    "the same mail twice": born(key="application:7:decided"),
    "done without a try": f"UPDATE outbox SET done_at = '{AT}'",
    "done and given up": f"UPDATE outbox SET attempts = 1, done_at = '{AT}', given_up_at = '{AT}'",
    "cancelled and given up": f"UPDATE outbox SET cancelled_at = '{AT}', given_up_at = '{AT}'",
}


@pytest.mark.parametrize("sql", CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_constraints_refuse(outbox: Outbox, owned_database: Database, sql: str) -> None:
    outbox.queue()
    with pytest.raises(IntegrityError):
        run(owned_database, sql)
