"""What rooms and operations do with the outbox: queue, cancel, look, try again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from core.database import Database, Transaction
from core.outbox import permissions, records
from core.outbox.models import Effect, Kind
from core.outbox.policy import check_retry
from core.outbox.tables import LONGEST_KEY, outbox
from core.outbox.templates import find_template
from core.outbox.words import plain_text
from core.people.models import Person
from core.permissions import check_may

MOST_SHOWN = 200
"""Effects on one page or list."""


@dataclass(frozen=True)
class Overview:
    """What operations see of the outbox: no word of any mail."""

    waiting: tuple[Effect, ...]
    given_up: tuple[Effect, ...]
    waiting_in_all: int
    given_up_in_all: int


def queue_mail(
    tx: Transaction,
    key: str,
    to: Sequence[str],
    template: str,
    fields: Mapping[str, str],
    *,
    due_at: datetime | None = None,
) -> None:
    """Queue a mail to each of these people, by user name, in the transaction of the change it tells of.

    `key` names the mail, `thing:id:event`: what is queued twice under one key for one person is one, as it was queued
    first, until it is cancelled. With `due_at` it waits until then. Raises WordsRefused where the template is unknown
    or the fields are not its own.
    """
    if not 0 < len(key) <= LONGEST_KEY:
        raise ValueError(f"A key has 1 to {LONGEST_KEY} characters.")
    find_template(template).check(fields)
    payload = {"template": template, "fields": {name: plain_text(value) for name, value in fields.items()}}
    for recipient in dict.fromkeys(to):
        if not records.is_queued(tx.connection, key, recipient):
            records.insert_effect(tx, key, Kind.MAIL, recipient, payload, due_at or tx.now)


def cancel(tx: Transaction, key_prefix: str) -> int:
    """Cancel what was queued for later under keys that start like this and is not done; return how many that were.

    What was queued to be done at once stays, and so does what is under way. The cancelling is recorded.
    """
    later = (outbox.c.due_at > outbox.c.created_at, records.is_free(tx.now), *records.TO_BE_DONE)
    named = func.substr(outbox.c.key, 1, len(key_prefix)) == key_prefix  # LIKE knows no case on SQLite
    found = tx.execute(select(outbox.c.id).where(named, *later)).scalars().all()
    if found:
        tx.execute(update(outbox).where(outbox.c.id.in_(found)).values(cancelled_at=tx.now))
        tx.record("core:effect:cancel", f"outbox:{key_prefix}", {"effects": len(found)})
    return len(found)


def overview(database: Database, actor: Person) -> Overview:
    """Return what waits and what was given up, to somebody who looks after it."""
    check_may(actor, permissions.EFFECT_READ)
    given_up = (*records.OPEN, outbox.c.given_up_at.is_not(None))
    with database.read() as connection:
        return Overview(
            waiting=tuple(records.find_effects(connection, *records.TO_BE_DONE, most=MOST_SHOWN)),
            given_up=tuple(records.find_effects(connection, *given_up, most=MOST_SHOWN)),
            waiting_in_all=records.count_effects(connection, *records.TO_BE_DONE),
            given_up_in_all=records.count_effects(connection, *given_up),
        )


def retry(database: Database, actor: Person, effect_id: str) -> None:
    """Have what failed or was given up tried again now, with as many tries before it as a new one."""
    check_may(actor, permissions.EFFECT_RETRY)
    with database.write(actor) as tx:
        check_retry(records.find_effect(tx.connection, effect_id), tx.now)
        records.change(tx, effect_id, attempts=0, given_up_at=None, next_attempt_at=tx.now)
        tx.record("core:effect:retry", f"effect:{effect_id}")
