"""The table of trainings, and the walls behind their policy."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, String, Table

from core.database import UtcDateTime, metadata
from core.guards import immutable, refuse

training = Table(
    "training",
    metadata,
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("course", String(31), primary_key=True),
    Column("recorded_at", UtcDateTime, primary_key=True),
    Column("passed_on", Date, nullable=False),
    Column("through", Date, nullable=False),
    Column("evidence", String(200), nullable=False),
    Column("recorded_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("recorded_by <> username", name="not_by_oneself"),
    CheckConstraint("through >= passed_on", name="days"),
)

immutable(training, ["username", "course", "recorded_at", "passed_on", "through", "evidence", "recorded_by"])
refuse(
    training,
    "once",
    "UPDATE",
    "OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at",
    "a training is revoked once",
)
