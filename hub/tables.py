"""The table of notebook servers: what the hub and the worker mean each to be, beside what Docker says it is."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table

import projects.tables  # noqa: F401  (a server belongs to a project)
from core.database import UtcDateTime, metadata

notebook_server = Table(
    "notebook_server",
    metadata,
    Column("username", String(31), ForeignKey("person.username"), primary_key=True),
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("state", String(10), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    CheckConstraint("state IN ('starting', 'running', 'stopping', 'stopped')", name="state"),
)
