"""The table of API tokens, and the walls behind its policy."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Integer, String, Table

from core.database import UtcDateTime, metadata
from core.guards import immutable, refuse
from core.tokens.policy import LONGEST_DAYS

api_token = Table(
    "api_token",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("username", String(31), ForeignKey("person.username"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("scope", String(5), nullable=False),
    Column("days", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("second_factor", Boolean, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    CheckConstraint("scope IN ('read', 'write')", name="scope"),
    CheckConstraint(f"days BETWEEN 1 AND {LONGEST_DAYS}", name="days"),
)

immutable(api_token, ["id", "token_hash", "username", "name", "scope", "days", "made_at", "second_factor"])
refuse(
    api_token,
    "ended",
    "UPDATE",
    "OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at "
    "OR NEW.last_used_at IS DISTINCT FROM OLD.last_used_at)",
    "a token that was ended stays so",
)
refuse(
    api_token,
    "closed",
    "INSERT",
    "EXISTS (SELECT 1 FROM person WHERE username = NEW.username AND NOT active)",
    "who has no open account has no token",
)
