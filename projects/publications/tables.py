"""Tables of publications and reports, and the walls behind their policy."""
# ruff: noqa: S608  (triggers can't be given parameters; they are put together from constants of ours)

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    Table,
    Text,
)

import projects.tables  # noqa: F401  (a publication is a project's)
from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse
from projects.publications.models import PublicationKind
from projects.publications.policy import TRANSITIONS

publication = Table(
    "publication",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(31), nullable=False),
    Column("title", String(200), nullable=False),
    Column("state", String(10), nullable=False),
    Column("planned_for", Date),
    Column("recorded_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("manuscript", String(500)),
    Column("shown_on", Date),
    Column("venue", String(200)),
    Column("submitted_on", Date),
    Column("link", String(500)),
    Column("published_on", Date),
    Column("acknowledges", Boolean),
    Column("lay_summary", Text),
    CheckConstraint(f"kind IN ({', '.join(repr(str(kind)) for kind in PublicationKind)})", name="kind"),
    CheckConstraint(
        "state <> 'published' OR (link IS NOT NULL AND published_on IS NOT NULL AND acknowledges IS NOT NULL)",
        name="published",
    ),
)

used_output = Table(
    "used_output",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("request_id", String(16), primary_key=True),
    Column("named_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("named_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["project_id", "number"], ["publication.project_id", "publication.number"]),
)

report = Table(
    "report",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
    Column("written_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
)

immutable(publication, ["project_id", "number", "kind", "title", "planned_for", "recorded_by", "recorded_at"])
append_only(used_output)
append_only(report)
for _table in (publication, report):
    refuse(
        _table,
        "order",
        "INSERT",
        f"NEW.number <> 1 + (SELECT count(*) FROM {_table.name} WHERE project_id = NEW.project_id)",
        f"{_table.name} rows are numbered in order",
    )
refuse(publication, "birth", "INSERT", "NEW.state <> 'planned'", "a publication starts as planned")
_along = " OR ".join(f"OLD.state = '{one.state}' AND NEW.state = '{one.to}'" for one in TRANSITIONS)
refuse(
    publication,
    "state",
    "UPDATE",
    f"NEW.state <> OLD.state AND NOT ({_along})",
    "a publication changes state along its table only",
)
_said_once = ("manuscript", "shown_on", "venue", "submitted_on", "link", "published_on", "acknowledges", "lay_summary")
refuse(
    publication,
    "once",
    "UPDATE",
    " OR ".join(f"OLD.{name} IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _said_once),
    "what was said of a publication stays said",
)
