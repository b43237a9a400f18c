"""Tables of projects, and the walls behind their policy."""
# ruff: noqa: S608  (triggers can't be given parameters; they are put together from constants of ours)

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
    text,
)

import data_catalog.tables  # noqa: F401  (a project's tables refer to editions)
import projects.committee.tables  # noqa: F401  (a project begins with its application, and the votes on it)
from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse
from projects.policy import RUNNING, TRANSITIONS

project = Table(
    "project",
    metadata,
    Column("id", String(31), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("state", String(10), nullable=False),
    Column("resource", String(63), nullable=False, server_default="open"),
    Column("rules_sha256", String(64), nullable=False, server_default=""),
    # A row whose fee nobody settled waits for a contract: what is not known lets nobody in.
    Column("fee", String(11), nullable=False, server_default="contract"),
    Column("commercial", Boolean, nullable=False, server_default=false()),
    Column("ethics_through", Date),
    Column("conditions", Text, nullable=False, server_default=""),
    Column("lay_summary", Text, nullable=False, server_default=""),
    Column("created_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("approved_by", String(31), ForeignKey("person.username")),
    Column("approved_at", UtcDateTime),
    Column("subnet", String(18), unique=True),
    CheckConstraint("ends >= starts", name="dates"),
    CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="not_by_oneself"),
    # Before there were applications a project began as proposed, and one that was closed then was never approved.
    CheckConstraint("state IN ('proposed', 'closed') OR approved_by IS NOT NULL", name="approved"),
)

membership = Table(
    "membership",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("joined_at", UtcDateTime, primary_key=True),
    Column("role", String(10), nullable=False),
    Column("left_at", UtcDateTime),
    CheckConstraint("role IN ('lead', 'researcher')", name="role"),
)
_still_in = text("left_at IS NULL")
Index(
    "uq_membership_now",
    membership.c.project_id,
    membership.c.username,
    unique=True,
    sqlite_where=_still_in,
    postgresql_where=_still_in,
)

amendment = Table(
    "amendment",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("proposed_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("decided_by", String(31), ForeignKey("person.username")),
    Column("decided_at", UtcDateTime),
    # 0 is an amendment from before they were applications, which one member decided.
    Column("application", Integer, nullable=False, server_default="0"),
    CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name="not_by_oneself"),
    CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided"),
)

approved_table = Table(
    "approved_table",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("dataset_id", String(63), primary_key=True),
    Column("table_id", String(63), primary_key=True),
    Column("edition", Integer, nullable=False),
    Column("row_filter", Text, nullable=False),
    Column("cohort", Text, nullable=False, server_default=""),
    Column("scans", Text, nullable=False, server_default=""),
    Column("amendment", Integer, primary_key=True, autoincrement=False, server_default="0"),
    ForeignKeyConstraint(["dataset_id", "edition"], ["edition.dataset_id", "edition.number"]),
)

approved_variable = Table(
    "approved_variable",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("dataset_id", String(63), primary_key=True),
    Column("table_id", String(63), primary_key=True),
    Column("variable", String(63), primary_key=True),
    Column("generalisation", Text, nullable=False, server_default=""),
    Column("amendment", Integer, primary_key=True, autoincrement=False, server_default="0"),
    ForeignKeyConstraint(
        ["project_id", "dataset_id", "table_id", "amendment"],
        [
            "approved_table.project_id",
            "approved_table.dataset_id",
            "approved_table.table_id",
            "approved_table.amendment",
        ],
    ),
)

cut = Table(
    "cut",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("made_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("deleted_at", UtcDateTime),
    Column("amendment", Integer, nullable=False, server_default="0"),
    CheckConstraint("number >= 1", name="number"),
)

immutable(
    project,
    ["id", "starts", "resource", "created_by", "created_at", "approved_by", "approved_at"],
)
immutable(membership, ["project_id", "username", "joined_at", "role"])
append_only(approved_table)
append_only(approved_variable)
immutable(cut, ["project_id", "number", "made_by", "made_at", "manifest_sha256", "synthetic", "amendment"])
append_only(amendment)

_along = " OR ".join(f"OLD.state = '{step.state}' AND NEW.state = '{step.to}'" for step in TRANSITIONS)
_undecided = "(SELECT state FROM application WHERE project_id = {id} AND number = 0) IN ('submitted', 'appealed')"
refuse(
    project,
    "birth",
    "INSERT",
    f"NEW.state <> 'approved' OR ({_undecided.format(id='NEW.id')}) IS NOT TRUE",
    "a project begins with the approval of its application",
)
refuse(
    project,
    "state",
    "UPDATE",
    f"NEW.state <> OLD.state AND NOT ({_along})",
    "a project changes state along its table only",
)
refuse(
    project,
    "once",
    "UPDATE",
    "OLD.subnet IS NOT NULL AND NEW.subnet IS DISTINCT FROM OLD.subnet",
    "a project keeps its network",
)
refuse(
    project,
    "approved",
    "UPDATE",
    "NEW.state = 'active' AND OLD.state = 'approved' AND "
    "(SELECT state FROM application WHERE project_id = NEW.id AND number = 0) IS DISTINCT FROM 'approved'",
    "a project is activated once its application is approved",
)
refuse(
    project,
    "cut",
    "UPDATE",
    "NEW.state = 'active' AND (NEW.subnet IS NULL OR "
    "NOT EXISTS (SELECT 1 FROM cut WHERE project_id = NEW.id AND deleted_at IS NULL))",
    "an active project has its network and its cut",
)
_deciding = (
    "EXISTS (SELECT 1 FROM application AS asking JOIN body_decision AS decision ON decision.project_id = "
    "asking.project_id AND decision.number = asking.number WHERE asking.project_id = {id} AND asking.number = {number} "
    "AND asking.number > 0 AND asking.state IN ('submitted', 'appealed') AND decision.approved "
    "AND decision.decided_at >= asking.state_since)"
)
_terms = ("fee", "commercial", "ethics_through", "conditions")
_amended = ("title", "purpose", "lay_summary", "ends", "rules_sha256", *_terms)
refuse(
    project,
    "amended",
    "UPDATE",
    f"({' OR '.join(f'NEW.{column} IS DISTINCT FROM OLD.{column}' for column in _amended)}) "
    f"AND NOT {_deciding.format(id='NEW.id', number='asking.number')}",
    "a project changes with the approval of an amendment only",
)
refuse(
    membership,
    "approver",
    "INSERT",
    "EXISTS (SELECT 1 FROM project WHERE id = NEW.project_id AND approved_by = NEW.username) "
    "OR EXISTS (SELECT 1 FROM dac_vote WHERE project_id = NEW.project_id AND username = NEW.username) "
    "OR EXISTS (SELECT 1 FROM amendment WHERE project_id = NEW.project_id AND decided_by = NEW.username)",
    "nobody joins the team of a project they decided on",
)
refuse(
    membership,
    "once",
    "UPDATE",
    "OLD.left_at IS NOT NULL AND NEW.left_at IS DISTINCT FROM OLD.left_at",
    "somebody who left comes back as a new membership",
)
_open = (
    f"CASE WHEN NEW.amendment = 0 THEN {_undecided.format(id='NEW.project_id')} ELSE "
    "(SELECT asking.state FROM amendment JOIN application AS asking ON asking.project_id = amendment.project_id "
    "AND asking.number = amendment.application WHERE amendment.project_id = NEW.project_id "
    "AND amendment.number = NEW.amendment AND asking.number > 0) IN ('submitted', 'appealed') END"
)
for _approved in (approved_table, approved_variable):
    refuse(
        _approved,
        "proposed",
        "INSERT",
        f"({_open}) IS NOT TRUE",
        "what a project sees is settled when it is approved",
    )
_running = ", ".join(f"'{state}'" for state in sorted(RUNNING))
refuse(
    amendment,
    "birth",
    "INSERT",
    f"NEW.state <> 'approved' OR NOT {_deciding.format(id='NEW.project_id', number='NEW.application')} "
    "OR NEW.number <> 1 + (SELECT count(*) FROM amendment WHERE project_id = NEW.project_id)",
    "an amendment begins with the approval of its application, and they are numbered in order",
)
refuse(
    amendment,
    "running",
    "INSERT",
    f"(SELECT state FROM project WHERE id = NEW.project_id) NOT IN ({_running})",
    "amendments are of projects that have their cut",
)
refuse(
    amendment,
    "decider",
    "INSERT",
    "EXISTS (SELECT 1 FROM membership WHERE project_id = NEW.project_id AND username = NEW.decided_by)",
    "nobody decides on an amendment of a project whose team they are in",
)
refuse(
    cut,
    "approved",
    "INSERT",
    "NEW.amendment <> 0 AND NOT EXISTS (SELECT 1 FROM amendment WHERE amendment.project_id = NEW.project_id "
    "AND amendment.number = NEW.amendment AND amendment.state = 'approved' AND (amendment.application = 0 "
    "OR EXISTS (SELECT 1 FROM application AS asking WHERE asking.project_id = NEW.project_id "
    "AND asking.number = amendment.application AND asking.state = 'approved')))",
    "a cut is made of what was approved",
)
refuse(
    cut,
    "once",
    "UPDATE",
    "OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS DISTINCT FROM OLD.deleted_at",
    "a cut is deleted once",
)
