"""Effects as they are kept: rows in, values out."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from core import canonical
from core.database import Transaction
from core.errors import NotFound
from core.outbox.models import Effect, Failure, Kind
from core.outbox.tables import outbox

OPEN = (outbox.c.done_at.is_(None), outbox.c.cancelled_at.is_(None))
TO_BE_DONE = (*OPEN, outbox.c.given_up_at.is_(None))


def insert_effect(
    tx: Transaction, key: str, kind: Kind, recipient: str, payload: Mapping[str, Any], due_at: datetime
) -> None:
    """Write down an effect that waits."""
    facts = {"id": secrets.token_hex(8), "key": key, "kind": kind, "recipient": recipient, "attempts": 0}
    when = {"created_at": tx.now, "due_at": due_at, "next_attempt_at": due_at}
    tx.execute(insert(outbox).values(**facts, **when, payload=canonical.dumps(payload).decode()))


def is_queued(connection: Connection, key: str, recipient: str) -> bool:
    """Tell whether there is this effect for this person already, done or not; a cancelled one does not count."""
    mine = (outbox.c.key == key, outbox.c.recipient == recipient, outbox.c.cancelled_at.is_(None))
    return connection.execute(select(outbox.c.id).where(*mine)).first() is not None


def find_effect(connection: Connection, effect_id: str) -> Effect:
    """Return an effect as it stands in this transaction; raises NotFound."""
    found = find_effects(connection, outbox.c.id == effect_id)
    if not found:
        raise NotFound("There is no such effect.", "`myelin outbox list` shows what waits and what was given up.")
    return found[0]


def find_effects(connection: Connection, *conditions: ColumnElement[bool], most: int | None = None) -> list[Effect]:
    """Return the effects that meet these conditions, those to be tried first in front."""
    ordered = select(outbox).where(*conditions).order_by(outbox.c.next_attempt_at, outbox.c.id).limit(most)
    return [_to_effect(row) for row in connection.execute(ordered)]


def count_effects(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    """Count the effects that meet these conditions."""
    counted: int = connection.execute(select(func.count()).select_from(outbox).where(*conditions)).scalar_one()
    return counted


def is_free(now: datetime) -> ColumnElement[bool]:
    """Write the condition that nobody has an effect for themselves at this moment."""
    return outbox.c.leased_until.is_(None) | (outbox.c.leased_until <= now)


def next_due(connection: Connection, now: datetime) -> Effect | None:
    """Return the effect that has been due for longest and that nobody is trying, if any."""
    due = find_effects(connection, *TO_BE_DONE, outbox.c.next_attempt_at <= now, is_free(now), most=1)
    return due[0] if due else None


def change(tx: Transaction, effect_id: str, **values: Any) -> None:
    """Change an effect that is neither done nor cancelled."""
    tx.execute(update(outbox).where(outbox.c.id == effect_id, *OPEN).values(**values))


def _to_effect(row: Any) -> Effect:
    fields = dict(row._mapping)
    failure = fields["last_failure"]
    parsed = {"kind": Kind(fields["kind"]), "payload": json.loads(fields["payload"])}
    return Effect(**{**fields, **parsed, "last_failure": Failure(failure) if failure else None})
