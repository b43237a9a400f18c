"""Tables of the committee, and the walls behind its policy."""
# ruff: noqa: S608  (triggers can't be given parameters; they are put together from constants of ours)

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
    false,
)

import projects.applications.tables  # noqa: F401  (votes are on applications)
from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse

seat = Table(
    "seat",
    metadata,
    Column("resource", String(63), primary_key=True),
    Column("body", String(63), primary_key=True),
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("given_at", UtcDateTime, primary_key=True),
    Column("given_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("ended_at", UtcDateTime),
    CheckConstraint("given_by <> username", name="not_by_oneself"),
)

interest = Table(
    "interest",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("declared_at", UtcDateTime, primary_key=True),
    Column("conflict", Boolean, nullable=False),
    Column("words", Text, nullable=False),
    ForeignKeyConstraint(["project_id", "number"], ["application.project_id", "application.number"]),
)


def _round() -> list[Column[object]]:
    return [
        Column("project_id", String(31), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("round", Integer, primary_key=True, autoincrement=False),
        Column("is_appeal", Boolean, primary_key=True),
        Column("body", String(63), primary_key=True),
    ]


def _of_submission() -> ForeignKeyConstraint:
    key = ["project_id", "number", "round"]
    return ForeignKeyConstraint(key, [f"submission.{name}" for name in key])


vote = Table(
    "dac_vote",
    metadata,
    *_round(),
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("word", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("voted_at", UtcDateTime, nullable=False),
    _of_submission(),
    CheckConstraint("word IN ('approve', 'decline')", name="word"),
)

declined_variable = Table(
    "declined_variable",
    metadata,
    *_round(),
    Column("username", String(31), primary_key=True),
    Column("variable", String(200), primary_key=True),
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "number", "round", "is_appeal", "body", "username"],
        [f"dac_vote.{name}" for name in ("project_id", "number", "round", "is_appeal", "body", "username")],
    ),
)

body_decision = Table(
    "body_decision",
    metadata,
    *_round(),
    Column("approved", Boolean, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("lapsed", Boolean, nullable=False, server_default=false()),
    _of_submission(),
)

return_note = Table(
    "return_note",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("returned_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("returned_at", UtcDateTime, nullable=False),
    _of_submission(),
)

appeal = Table(
    "appeal",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("appealed_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("appealed_at", UtcDateTime, nullable=False),
    _of_submission(),
)

immutable(seat, ["resource", "body", "username", "given_at", "given_by"])
for _table in (interest, vote, declined_variable, body_decision, return_note, appeal):
    append_only(_table)

_same = "project_id = NEW.project_id AND number = NEW.number"
refuse(
    vote,
    "own",
    "INSERT",
    f"EXISTS (SELECT 1 FROM application WHERE {_same} AND created_by = NEW.username) "
    "OR EXISTS (SELECT 1 FROM membership WHERE project_id = NEW.project_id AND username = NEW.username)",
    "nobody votes on an application of their own, or of a project whose team they are or were in",
)
refuse(
    vote,
    "interest",
    "INSERT",
    f"(SELECT conflict FROM interest WHERE {_same} AND username = NEW.username "
    "ORDER BY declared_at DESC LIMIT 1) IS NOT FALSE",
    "a vote takes a declaration that there is no conflict of interest",
)
refuse(
    vote,
    "open",
    "INSERT",
    f"(SELECT state FROM application WHERE {_same}) IS DISTINCT FROM "
    "(CASE WHEN NEW.is_appeal THEN 'appealed' ELSE 'submitted' END) "
    f"OR EXISTS (SELECT 1 FROM body_decision WHERE {_same} AND round = NEW.round "
    "AND is_appeal = NEW.is_appeal AND body = NEW.body)",
    "votes are cast while an application is before the committee and the body has not decided",
)
_votes = (
    f"(SELECT count(*) FROM dac_vote WHERE {_same} AND round = NEW.round AND is_appeal = NEW.is_appeal "
    "AND body = NEW.body AND word = '{word}')"
)
refuse(
    body_decision,
    "majority",
    "INSERT",
    f"NEW.approved AND {_votes.format(word='approve')} <= {_votes.format(word='decline')} "
    f"OR NOT NEW.approved AND NOT NEW.lapsed AND {_votes.format(word='decline')} <= {_votes.format(word='approve')}",
    "a body decides as most of its votes say",
)
refuse(
    body_decision,
    "lapsed",
    "INSERT",
    f"NEW.lapsed AND (NEW.approved OR NOT EXISTS (SELECT 1 FROM body_decision WHERE {_same} AND round = NEW.round "
    "AND is_appeal = NEW.is_appeal AND body <> NEW.body AND NOT lapsed))",
    "it goes on without a body once another has decided, and what is of that body is not given",
)
