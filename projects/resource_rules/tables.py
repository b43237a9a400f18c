"""Versions of the resources' rules: proposed by operations, in force once a member of the committee confirmed them."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, String, Table, Text

from core.database import UtcDateTime, metadata
from core.guards import immutable, refuse

resource_rules = Table(
    "resource_rules",
    metadata,
    Column("resource", String(63), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False, index=True),
    Column("content", Text, nullable=False),
    Column("proposed_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("confirmed_by", String(31), ForeignKey("person.username")),
    Column("confirmed_at", UtcDateTime),
    CheckConstraint("confirmed_by IS NULL OR confirmed_by <> proposed_by", name="not_by_oneself"),
    CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
)

immutable(resource_rules, ["resource", "number", "sha256", "content", "proposed_by", "proposed_at"])
refuse(
    resource_rules,
    "order",
    "INSERT",
    "NEW.number <> 1 + (SELECT count(*) FROM resource_rules WHERE resource = NEW.resource)",
    "versions of rules are numbered in order",
)
refuse(
    resource_rules,
    "birth",
    "INSERT",
    "NEW.confirmed_by IS NOT NULL",
    "rules are proposed before they are confirmed",
)
refuse(
    resource_rules,
    "once",
    "UPDATE",
    "OLD.confirmed_by IS NOT NULL AND NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by "
    "OR OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at",
    "rules are confirmed once",
)
