"""${message}."""

import sqlalchemy as sa
from alembic import op

from core import database
from core.migrations import put_guards_in_place

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the database from the version before to this one."""
    ${upgrades if upgrades else "pass"}
    put_guards_in_place(op.get_bind(), revision)
