"""Published numbers, cohorts, generalisation."""

import sqlalchemy as sa
from alembic import op

from core import database
from core.migrations import replace_guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database from the version before to this one."""
    op.create_table(
        "published_number",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("dataset_id", sa.String(length=63), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=15), nullable=False),
        sa.Column("subject", sa.String(length=127), nullable=False),
        sa.Column("predicate", sa.Text(), nullable=False),
        sa.Column("statistic", sa.String(length=63), nullable=False),
        sa.Column("value", sa.String(length=15), nullable=False),
        sa.Column("rule", sa.String(length=31), nullable=False),
        sa.Column("published_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("published_by", sa.String(length=31), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id", "edition"],
            ["edition.dataset_id", "edition.number"],
            name=op.f("fk_published_number_dataset_id"),
        ),
        sa.ForeignKeyConstraint(["published_by"], ["person.username"], name=op.f("fk_published_number_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_number")),
    )
    op.create_index(
        "ix_published_number_place", "published_number", ["dataset_id", "edition", "kind", "subject"], unique=False
    )
    op.add_column("approved_table", sa.Column("cohort", sa.Text(), server_default="", nullable=False))
    op.add_column("approved_variable", sa.Column("generalisation", sa.Text(), server_default="", nullable=False))
    replace_guards(op.get_bind(), revision)
