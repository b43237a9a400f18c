"""The table of the audit log."""

from sqlalchemy import BigInteger, CheckConstraint, Column, String, Table, Text

from core.database import UtcDateTime, metadata
from core.guards import append_only, refuse

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("prev", String(64), nullable=False, unique=True),
    Column("hash", String(64), nullable=False, unique=True),
    CheckConstraint("seq >= 0", name="seq"),
)

append_only(audit_event)
refuse(
    audit_event,
    "order",
    "INSERT",
    "NEW.seq <> (SELECT COALESCE(MAX(seq), -1) + 1 FROM audit_event)",
    "audit_event numbers have no gap",
)
refuse(
    audit_event,
    "chain",
    "INSERT",
    "NEW.seq > 0 AND NEW.prev IS DISTINCT FROM (SELECT hash FROM audit_event WHERE seq = NEW.seq - 1)",
    "audit_event must follow the last entry",
)
