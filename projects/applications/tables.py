"""Tables of applications, and the walls behind their policy."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse
from projects.applications.policy import OPEN, TRANSITIONS, WRITABLE

application = Table(
    "application",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("resource", String(63), nullable=False),
    Column("state", String(10), nullable=False),
    Column("state_since", UtcDateTime, nullable=False),
    Column("created_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

_open = ", ".join(f"'{state}'" for state in sorted(OPEN))
_unsettled = text(f"number > 0 AND state IN ({_open})")
Index(
    "uq_application_open",
    application.c.project_id,
    unique=True,
    sqlite_where=_unsettled,
    postgresql_where=_unsettled,
)

draft_answer = Table(
    "draft_answer",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("field", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("saved_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["project_id", "number"], ["application.project_id", "application.number"]),
    CheckConstraint("version >= 1", name="version"),
)

submission = Table(
    "submission",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rules_sha256", String(64), nullable=False),
    Column("verdicts", Text, nullable=False),
    Column("submitted_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("submitted_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["project_id", "number"], ["application.project_id", "application.number"]),
)

exemption_request = Table(
    "exemption_request",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rule", String(20), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("asked_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["project_id", "number"], ["application.project_id", "application.number"]),
)

exemption_word = Table(
    "exemption_word",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rule", String(20), primary_key=True),
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "number", "rule"],
        ["exemption_request.project_id", "exemption_request.number", "exemption_request.rule"],
    ),
)

immutable(application, ["project_id", "number", "resource", "created_by", "created_at"])
immutable(draft_answer, ["project_id", "number", "field"])
append_only(submission)
append_only(exemption_request)
append_only(exemption_word)

_along = " OR ".join(f"OLD.state = '{step.state}' AND NEW.state = '{step.to}'" for step in TRANSITIONS)
_writable = ", ".join(f"'{state}'" for state in sorted(WRITABLE))


def _state_of(row: str) -> str:
    return f"(SELECT state FROM application WHERE project_id = {row}.project_id AND number = {row}.number)"  # noqa: S608


refuse(application, "birth", "INSERT", "NEW.state <> 'draft'", "an application starts as a draft")
refuse(
    application,
    "order",
    "INSERT",
    "NEW.number <> (SELECT count(*) FROM application WHERE project_id = NEW.project_id)",
    "applications of a project are numbered in order",
)
refuse(
    application,
    "running",
    "INSERT",
    "NEW.number > 0 AND NOT EXISTS (SELECT 1 FROM project WHERE id = NEW.project_id "
    "AND state IN ('active', 'suspended'))",
    "amendments are of projects that have their cut",
)
refuse(
    application,
    "state",
    "UPDATE",
    f"NEW.state <> OLD.state AND NOT ({_along})",
    "an application changes state along its table only",
)
refuse(
    application,
    "whole",
    "UPDATE",
    "NEW.state = 'submitted' AND OLD.state <> 'submitted' AND NOT EXISTS (SELECT 1 FROM submission "
    "WHERE project_id = NEW.project_id AND number = NEW.number AND submitted_at = NEW.state_since)",
    "an application is submitted whole",
)
for _event in ("INSERT", "UPDATE"):
    refuse(
        draft_answer,
        f"open_{_event.lower()}",
        _event,
        f"{_state_of('NEW')} NOT IN ({_writable})",
        "what was submitted is not written any more",
    )
refuse(
    draft_answer,
    "version",
    "UPDATE",
    "NEW.version <> OLD.version + 1",
    "an answer is written on top of the one that was read",
)
refuse(
    submission,
    "order",
    "INSERT",
    "NEW.round <> 1 + (SELECT count(*) FROM submission WHERE project_id = NEW.project_id AND number = NEW.number)",
    "submissions are numbered in order",
)
refuse(
    submission,
    "open",
    "INSERT",
    f"{_state_of('NEW')} NOT IN ({_writable})",
    "an application is submitted from a draft",
)
refuse(
    exemption_word,
    "own",
    "INSERT",
    "EXISTS (SELECT 1 FROM exemption_request WHERE project_id = NEW.project_id AND number = NEW.number "
    "AND rule = NEW.rule AND asked_by = NEW.username) OR EXISTS (SELECT 1 FROM application "
    "WHERE project_id = NEW.project_id AND number = NEW.number AND created_by = NEW.username)",
    "nobody exempts an application of their own",
)
