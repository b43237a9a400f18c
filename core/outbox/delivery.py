"""Do what is due: take an effect, do it outside of any transaction, and write down what became of it.

An effect is done at least once. Whoever takes it has it for themselves for as long as the lease; if the process dies
after the mail went out and before that was written down, it goes out again when the lease has ended, under the same
Message-ID.
"""

from collections.abc import Callable

import structlog

from core.database import Database, Transaction
from core.errors import Unavailable
from core.failures import facts_of
from core.outbox import records
from core.outbox.errors import EffectFailed
from core.outbox.mail import send_mail
from core.outbox.models import Effect, Failure
from core.outbox.policy import LEASE, MOST_ATTEMPTS, OF_THE_SERVER, is_given_up, wait_after
from core.people.models import Person, SystemActor
from core.people.service import person_by_username
from core.settings import Settings

Send = Callable[[Settings, Effect, Person], None]
"""Sends a mail to a person, or raises EffectFailed."""

WORKER = SystemActor("worker")

log = structlog.get_logger()


class _TakenByAnother(Exception):
    """Between looking and taking, another worker was quicker."""


def deliver_due(database: Database, settings: Settings, send: Send = send_mail) -> int:
    """Try everything that is due, one by one, and return how many were tried.

    The turn ends early where the mail server itself does not answer or lets nobody in: what waits behind would fail
    alike. Without a mail server in the settings nothing is tried, and everything waits.
    """
    tried = 0
    while settings.smtp_host and (effect := _take(database)):
        failure = _try(database, settings, effect, send)
        _write_down(database, effect, failure)
        tried += 1
        if failure in OF_THE_SERVER:
            break
    return tried


def _take(database: Database) -> Effect | None:
    """Take what has been due for longest, if anything is; the take is on record before anything is done."""
    with database.read() as connection:
        if records.next_due(connection, database.clock()) is None:
            return None
    try:
        with database.write(WORKER) as tx:
            return _take_in(tx)
    except _TakenByAnother:
        return None


def _take_in(tx: Transaction) -> Effect:
    effect = records.next_due(tx.connection, tx.now)
    if effect is None:
        raise _TakenByAnother
    records.change(tx, effect.id, attempts=effect.attempts + 1, leased_until=tx.now + LEASE)
    taken = records.find_effect(tx.connection, effect.id)
    _record(tx, taken, "try")
    return taken


def _try(database: Database, settings: Settings, effect: Effect, send: Send) -> Failure | None:
    """Do an effect, and return how it failed, if it did."""
    if effect.attempts > MOST_ATTEMPTS:
        return Failure.UNFINISHED
    try:
        send(settings, effect, person_by_username(database, effect.recipient))
    except EffectFailed as failed:
        return failed.failure
    except Unavailable:
        raise  # the control database is gone; the lease brings the effect back
    except Exception as error:  # noqa: BLE001  (one that can't be done must not keep those behind it waiting)
        log.error("effect failed", effect=effect.id, **facts_of(error))
        return Failure.DEFECT
    return None


def _write_down(database: Database, effect: Effect, failure: Failure | None) -> None:
    with database.write(WORKER) as tx:
        if failure is None:
            records.change(tx, effect.id, done_at=tx.now, given_up_at=None, leased_until=None)
            _record(tx, effect, "do")
        elif records.find_effect(tx.connection, effect.id).leased_until != effect.leased_until:
            _record(tx, effect, "fail", failure)  # the lease ended meanwhile, and another took it
        elif is_given_up(failure, effect.attempts):
            records.change(tx, effect.id, given_up_at=tx.now, last_failure=failure, leased_until=None)
            _record(tx, effect, "give_up", failure)
        else:
            again = tx.now + wait_after(effect.attempts)
            records.change(tx, effect.id, next_attempt_at=again, last_failure=failure, leased_until=None)
            _record(tx, effect, "fail", failure)


def _record(tx: Transaction, effect: Effect, step: str, failure: Failure | None = None) -> None:
    detail = {"kind": effect.kind, "to": effect.recipient, "attempt": effect.attempts}
    why = {"failure": failure} if failure else {}
    tx.record(f"core:effect:{step}", f"effect:{effect.id}", {**detail, **why})
