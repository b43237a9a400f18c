"""The table of the outbox, and what the database refuses of it."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, text

import core.people.tables  # noqa: F401  (an effect is for a person)
from core.database import UtcDateTime, metadata
from core.guards import immutable, refuse

LONGEST_KEY = 200

outbox = Table(
    "outbox",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("key", String(LONGEST_KEY), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("recipient", String(31), ForeignKey("person.username"), nullable=False),
    Column("payload", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False, index=True),
    Column("leased_until", UtcDateTime),
    Column("last_failure", String(80)),
    Column("done_at", UtcDateTime),
    Column("given_up_at", UtcDateTime),
    Column("cancelled_at", UtcDateTime),
    CheckConstraint("kind = 'mail'", name="kind"),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("attempts > 0 OR done_at IS NULL", name="done_by_trying"),
    CheckConstraint("done_at IS NULL OR given_up_at IS NULL AND cancelled_at IS NULL", name="done"),
    CheckConstraint("given_up_at IS NULL OR cancelled_at IS NULL", name="given_up"),
)
_stands = text("cancelled_at IS NULL")
Index(
    "uq_outbox_once",
    outbox.c.key,
    outbox.c.recipient,
    unique=True,
    sqlite_where=_stands,
    postgresql_where=_stands,
)

immutable(outbox, ["id", "key", "kind", "recipient", "payload", "created_at", "due_at"])
refuse(
    outbox,
    "birth",
    "INSERT",
    "NEW.attempts <> 0 OR NEW.next_attempt_at <> NEW.due_at OR NEW.leased_until IS NOT NULL "
    "OR NEW.last_failure IS NOT NULL OR NEW.done_at IS NOT NULL OR NEW.given_up_at IS NOT NULL "
    "OR NEW.cancelled_at IS NOT NULL",
    "an effect starts as waiting",
)
refuse(
    outbox,
    "final",
    "UPDATE",
    "OLD.done_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL",
    "an effect that is done or cancelled stays as it is",
)
