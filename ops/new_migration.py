"""Write a migration from what changed in the rooms' tables: `python -m ops.new_migration 0002 "What it is for"`.

Alembic compares the tables; guards are text, and are written whole beside the migration that first needs them.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from core import guards
from core.database import Database
from core.migrations import FOLDER, configuration, upgrade
from ops import house  # noqa: F401  (every table)


def write_migration(number: str, message: str) -> None:
    """Write `versions/<number>_….py`, and the guards as they stand for both engines."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        if any((FOLDER / "versions").glob("*.py")):
            upgrade(database)
        with database.writing() as connection:
            command.revision(configuration(connection), message, autogenerate=True, rev_id=number)
        database.close()
    for dialect in ("sqlite", "postgresql"):
        statements = guards.all_statements(dialect)
        (FOLDER / "guards" / f"{number}.{dialect}.sql").write_text(";;\n".join(statements) + "\n")


if __name__ == "__main__":
    Path(FOLDER / "guards").mkdir(exist_ok=True)
    write_migration(sys.argv[1], sys.argv[2])
