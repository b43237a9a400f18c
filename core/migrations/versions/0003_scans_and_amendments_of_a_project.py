"""Scans of a project."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database from the version before to this one."""
    op.add_column("approved_table", sa.Column("scans", sa.Text(), server_default="", nullable=False))
