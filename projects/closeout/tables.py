"""The table of close-out steps, and the walls around it."""

from itertools import pairwise

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text

import projects.tables  # noqa: F401  (a close-out is a project's)
from core.database import UtcDateTime, metadata
from core.guards import append_only, refuse
from projects.closeout.models import ORDER

closeout_step = Table(
    "closeout_step",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("step", String(20), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("taken_by", String(80), nullable=False),
    Column("facts", Text, nullable=False),
    CheckConstraint(f"step IN ({', '.join(repr(str(step)) for step in ORDER)})", name="step"),
)

append_only(closeout_step)
refuse(
    closeout_step,
    "closed",
    "INSERT",
    "(SELECT state FROM project WHERE id = NEW.project_id) IS DISTINCT FROM 'closed'",
    "close-out is of closed projects",
)
_missing = "NOT EXISTS (SELECT 1 FROM closeout_step WHERE project_id = NEW.project_id AND step = '{}')"
refuse(
    closeout_step,
    "order",
    "INSERT",
    " OR ".join(f"NEW.step = '{step}' AND {_missing.format(before)}" for before, step in pairwise(ORDER)),
    "the steps of a close-out are taken in order",
)
