"""Scans and amendments of a project."""

import sqlalchemy as sa
from alembic import op

from core import database
from core.migrations import drop_guards, replace_guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OF_TABLE = "fk_approved_variable_project_id"


def upgrade() -> None:
    """Bring the database from the version before to this one.

    SQLite makes a table anew to change its key, which a guard of another table that names it would refuse.
    """
    drop_guards(op.get_bind())
    op.create_table(
        "amendment",
        sa.Column("project_id", sa.String(length=31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.String(length=31), nullable=False),
        sa.Column("proposed_at", database.UtcDateTime(length=27), nullable=False),
        sa.Column("decided_by", sa.String(length=31), nullable=True),
        sa.Column("decided_at", database.UtcDateTime(length=27), nullable=True),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_amendment_not_by_oneself")),
        sa.CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name=op.f("ck_amendment_decided")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.username"], name=op.f("fk_amendment_decided_by")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_amendment_project_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.username"], name=op.f("fk_amendment_proposed_by")),
        sa.PrimaryKeyConstraint("project_id", "number", name=op.f("pk_amendment")),
    )
    waits = sa.text("state = 'proposed'")
    op.create_index(
        "uq_amendment_waits", "amendment", ["project_id"], unique=True, sqlite_where=waits, postgresql_where=waits
    )
    op.add_column("cut", sa.Column("amendment", sa.Integer(), server_default="0", nullable=False))
    op.add_column("approved_table", sa.Column("scans", sa.Text(), server_default="", nullable=False))
    _key_by_amendment()
    replace_guards(op.get_bind(), revision)


def _key_by_amendment() -> None:
    """Make the amendment a part of what names a table and a variable: nothing may refer to a table made anew."""
    key = ["project_id", "dataset_id", "table_id"]
    with op.batch_alter_table("approved_variable") as batch:
        batch.drop_constraint(_OF_TABLE, type_="foreignkey")
    for table, names in (("approved_table", key), ("approved_variable", [*key, "variable"])):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("amendment", sa.Integer(), server_default="0", nullable=False))
            batch.drop_constraint(f"pk_{table}", type_="primary")
            batch.create_primary_key(f"pk_{table}", [*names, "amendment"])
    with op.batch_alter_table("approved_variable") as batch:
        both = [*key, "amendment"]
        batch.create_foreign_key(_OF_TABLE, "approved_table", both, both)
