"""Tables of projects, and the walls behind their policy."""

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
    text,
)

import data_catalog.tables  # noqa: F401  (a project's tables refer to editions)
from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse
from projects.policy import TRANSITIONS

project = Table(
    "project",
    metadata,
    Column("id", String(31), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("approved_by", String(31), ForeignKey("person.username")),
    Column("approved_at", UtcDateTime),
    Column("subnet", String(18), unique=True),
    CheckConstraint("ends >= starts", name="dates"),
    CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="not_by_oneself"),
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
    ForeignKeyConstraint(
        ["project_id", "dataset_id", "table_id"],
        ["approved_table.project_id", "approved_table.dataset_id", "approved_table.table_id"],
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
    CheckConstraint("number >= 1", name="number"),
)

immutable(project, ["id", "title", "purpose", "starts", "ends", "created_by", "created_at"])
immutable(membership, ["project_id", "username", "joined_at", "role"])
append_only(approved_table)
append_only(approved_variable)
immutable(cut, ["project_id", "number", "made_by", "made_at", "manifest_sha256", "synthetic"])

_along_the_table = " OR ".join(f"OLD.state = '{step.state}' AND NEW.state = '{step.to}'" for step in TRANSITIONS)
_in_team = "EXISTS (SELECT 1 FROM membership WHERE project_id = NEW.id AND username = NEW.approved_by)"

refuse(project, "birth", "INSERT", "NEW.state <> 'proposed'", "a project starts as proposed")
refuse(
    project,
    "state",
    "UPDATE",
    f"NEW.state <> OLD.state AND NOT ({_along_the_table})",
    "a project changes state along its table only",
)
refuse(
    project,
    "once",
    "UPDATE",
    "OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by "
    "OR OLD.approved_at IS NOT NULL AND NEW.approved_at IS DISTINCT FROM OLD.approved_at "
    "OR OLD.subnet IS NOT NULL AND NEW.subnet IS DISTINCT FROM OLD.subnet",
    "a project is approved once and keeps its network",
)
refuse(
    project,
    "approver",
    "UPDATE",
    f"OLD.approved_by IS NULL AND NEW.approved_by IS NOT NULL AND {_in_team}",
    "nobody approves a project whose team they are in",
)
refuse(
    project,
    "cut",
    "UPDATE",
    "NEW.state = 'active' AND (NEW.subnet IS NULL OR "
    "NOT EXISTS (SELECT 1 FROM cut WHERE project_id = NEW.id AND deleted_at IS NULL))",
    "an active project has its network and its cut",
)
refuse(
    membership,
    "approver",
    "INSERT",
    "EXISTS (SELECT 1 FROM project WHERE id = NEW.project_id AND approved_by = NEW.username)",
    "nobody joins the team of a project they approved",
)
refuse(
    membership,
    "once",
    "UPDATE",
    "OLD.left_at IS NOT NULL AND NEW.left_at IS DISTINCT FROM OLD.left_at",
    "somebody who left comes back as a new membership",
)
for _approved in (approved_table, approved_variable):
    refuse(
        _approved,
        "proposed",
        "INSERT",
        "(SELECT state FROM project WHERE id = NEW.project_id) <> 'proposed'",
        "what a project sees is settled when it is approved",
    )
refuse(
    cut,
    "once",
    "UPDATE",
    "OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS DISTINCT FROM OLD.deleted_at",
    "a cut is deleted once",
)
