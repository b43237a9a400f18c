"""Tables of people, role grants and sessions."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, String, Table, UniqueConstraint, false

from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse

person = Table(
    "person",
    metadata,
    Column("username", String(31), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("email", String(254), nullable=False),
    Column("issuer", String(254), nullable=False),
    Column("subject", String(254), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer", "subject", name="uq_person_subject"),
)

role_grant = Table(
    "role_grant",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("username", String(31), ForeignKey("person.username"), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("proposed_by", String(31), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("confirmed_by", String(31)),
    Column("confirmed_at", UtcDateTime),
    Column("revoked_by", String(31)),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("confirmed_by IS NULL OR confirmed_by <> username", name="not_by_oneself"),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("username", String(31), ForeignKey("person.username"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("second_factor", Boolean, nullable=False, server_default=false()),
    Column("ended_at", UtcDateTime),
)

affiliation = Table(
    "affiliation",
    metadata,
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("organisation", String(200), nullable=False),
    Column("sector", String(20), nullable=False),
    Column("recorded_by", String(31), ForeignKey("person.username"), nullable=False),
    CheckConstraint("recorded_by <> username", name="not_by_oneself"),
)

append_only(affiliation)
immutable(person, ["username", "issuer", "subject", "created_at"])
refuse(
    person,
    "one_account",
    "INSERT",
    "EXISTS (SELECT 1 FROM person WHERE lower(email) = lower(NEW.email))",
    "one person has one account",
)
immutable(role_grant, ["id", "username", "role", "proposed_by", "proposed_at"])
immutable(session, ["token_hash", "username", "kind", "opened_at", "expires_at", "second_factor"])
refuse(
    session,
    "once",
    "UPDATE",
    "OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at",
    "a session ends once",
)
_BY_ONE = (
    "NEW.confirmed_by = NEW.proposed_by AND (NEW.role IN ('checker', 'dac_member') OR NEW.role = 'ops' AND "
    "(SELECT COUNT(*) FROM role_grant WHERE role = 'ops' AND confirmed_at IS NOT NULL) >= 2)"
)
refuse(role_grant, "two_people", "INSERT", _BY_ONE, "this role takes two people")
refuse(
    role_grant,
    "two_people_later",
    "UPDATE",
    f"OLD.confirmed_by IS NULL AND {_BY_ONE}",
    "this role takes two people",
)
refuse(
    role_grant,
    "once",
    "UPDATE",
    "OLD.confirmed_by IS NOT NULL AND NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by "
    "OR OLD.revoked_by IS NOT NULL AND NEW.revoked_by IS DISTINCT FROM OLD.revoked_by",
    "a role grant is confirmed once and revoked once",
)
