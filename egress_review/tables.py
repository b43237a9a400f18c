"""Tables of release requests, and the walls behind their policy.

No column holds text from inside a container: `…_ref` is the hash of a held text, which begins with a random salt,
so that not even a guess can be confirmed from here.
"""
# ruff: noqa: S608  (triggers can't be given parameters; they are put together from constants of ours)

from sqlalchemy import CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table

import projects.tables  # noqa: F401  (a request belongs to a project)
from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse
from egress_review.models import UNDER_REVIEW, Action, Audience, State, Verdict
from egress_review.policy import APPROVALS_NEEDED, NEW_ROUND, TRANSITIONS


def _one_of(column: str, values: type[State] | type[Action] | type[Verdict] | type[Audience]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _of_round() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["request_id", "round"], ["release_round.request_id", "release_round.round"])


def _of_file() -> ForeignKeyConstraint:
    key = ["request_id", "round", "file_number"]
    return ForeignKeyConstraint(key, ["request_file.request_id", "request_file.round", "request_file.number"])


release_request = Table(
    "release_request",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("project_id", String(31), ForeignKey("project.id"), nullable=False, index=True),
    Column("author", String(31), ForeignKey("person.username"), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("round", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    _one_of("state", State),
)

release_round = Table(
    "release_round",
    metadata,
    Column("request_id", String(16), ForeignKey("release_request.id"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("submitted_at", UtcDateTime, nullable=False, index=True),
    Column("cut_sha256", String(64), nullable=False),
    Column("appetite_version", String(31), nullable=False),
    Column("appetite_sha256", String(64), nullable=False),
    Column("text_ref", String(64), nullable=False),
)

request_file = Table(
    "request_file",
    metadata,
    Column("request_id", String(16), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", Integer, nullable=False),
    _of_round(),
)

finding = Table(
    "finding",
    metadata,
    Column("request_id", String(16), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("file_number", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("check_name", String(40), nullable=False),
    Column("risk", String(40), nullable=False),
    Column("status", String(12), nullable=False),
    Column("text_ref", String(64), nullable=False),
    CheckConstraint("status IN ('pass', 'fail', 'review', 'not_checked')", name="status"),
    _of_file(),
)

vote = Table(
    "vote",
    metadata,
    Column("request_id", String(16), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("file_number", Integer, primary_key=True, autoincrement=False),
    Column("checker", String(31), ForeignKey("person.username"), primary_key=True),
    Column("verdict", String(8), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    _one_of("verdict", Verdict),
    _of_file(),
)

comment = Table(
    "comment",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("request_id", String(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("file_number", Integer),
    Column("author", String(31), ForeignKey("person.username"), nullable=False),
    Column("audience", String(8), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("text_ref", String(64), nullable=False),
    _one_of("audience", Audience),
    _of_round(),
)

decision = Table(
    "decision",
    metadata,
    Column("request_id", String(16), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("action", String(8), primary_key=True),
    Column("decided_by", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    _one_of("action", Action),
    _of_round(),
)

immutable(release_request, ["id", "project_id", "author", "created_at"])
for _table in (release_round, request_file, finding, vote, comment, decision):
    append_only(_table)


def _step(before: State, after: State) -> str:
    rounds = 1 if (before, after) in NEW_ROUND else 0
    return f"OLD.state = '{before}' AND NEW.state = '{after}' AND NEW.round = OLD.round + {rounds}"


_along_the_table = " OR ".join(sorted({_step(before, after) for (before, _, _), after in TRANSITIONS.items()}))
_of_this_round = "request_id = NEW.id AND round = NEW.round"
_counts = (
    "v.verdict = 'approve' AND v.checker <> NEW.author AND NOT EXISTS "
    "(SELECT 1 FROM membership m WHERE m.project_id = NEW.project_id AND m.username = v.checker) "
    "AND EXISTS (SELECT 1 FROM person p JOIN role_grant g ON g.username = p.username WHERE p.username = v.checker "
    "AND p.active AND g.role = 'checker' AND g.confirmed_at IS NOT NULL AND g.revoked_at IS NULL)"
)
_approvals = (
    "(SELECT COUNT(DISTINCT v.checker) FROM vote v WHERE v.request_id = f.request_id AND v.round = f.round "
    f"AND v.file_number = f.number AND {_counts})"
)
_under_review = ", ".join(f"'{state}'" for state in sorted(UNDER_REVIEW))
_request = "(SELECT 1 FROM release_request r WHERE r.id = NEW.request_id AND "

refuse(release_request, "birth", "INSERT", "NEW.state <> 'draft' OR NEW.round <> 1", "a request starts as draft")
refuse(
    release_request,
    "state",
    "UPDATE",
    f"(NEW.state <> OLD.state OR NEW.round <> OLD.round) AND NOT ({_along_the_table})",
    "a request changes state along its table only",
)
refuse(
    release_request,
    "files",
    "UPDATE",
    f"NEW.state = 'submitted' AND NOT EXISTS (SELECT 1 FROM request_file WHERE {_of_this_round})",
    "a request is submitted with its files",
)
refuse(
    release_request,
    "two_approvals",
    "UPDATE",
    "NEW.state IN ('approved', 'released') AND NEW.state <> OLD.state AND ("
    f"NOT EXISTS (SELECT 1 FROM request_file WHERE {_of_this_round}) "
    f"OR EXISTS (SELECT 1 FROM vote WHERE {_of_this_round} AND verdict <> 'approve') "
    f"OR EXISTS (SELECT 1 FROM request_file f WHERE f.request_id = NEW.id AND f.round = NEW.round "
    f"AND {_approvals} < {APPROVALS_NEEDED}))",
    "every file needs two approvals from outside the team",
)
for _table in (release_round, request_file, finding):
    refuse(
        _table,
        "draft",
        "INSERT",
        f"NOT EXISTS {_request}(r.state = 'draft' AND NEW.round = r.round "
        "OR r.state = 'returned' AND NEW.round = r.round + 1))",
        "what was submitted does not change",
    )
refuse(
    vote,
    "open",
    "INSERT",
    f"NOT EXISTS {_request}r.round = NEW.round AND r.state IN ({_under_review}))",
    "votes are for a round under review",
)
refuse(
    vote,
    "team",
    "INSERT",
    f"EXISTS {_request}(r.author = NEW.checker OR EXISTS "
    "(SELECT 1 FROM membership m WHERE m.project_id = r.project_id AND m.username = NEW.checker)))",
    "nobody reviews the outputs of a team they are or were in",
)
refuse(
    vote,
    "checker",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM role_grant WHERE username = NEW.checker AND role = 'checker' "
    "AND confirmed_at IS NOT NULL AND revoked_at IS NULL)",
    "only output checkers vote",
)
refuse(
    vote,
    "two",
    "INSERT",
    "(SELECT COUNT(DISTINCT checker) FROM vote WHERE request_id = NEW.request_id AND round = NEW.round "
    f"AND checker <> NEW.checker) >= {APPROVALS_NEEDED}",
    "a round has two reviews",
)
