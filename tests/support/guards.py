"""Attacks on the database itself: raw SQL, a guard taken away, and what each guard says."""

from sqlalchemy import text

from core.database import Database
from core.guards import all_statements


def run(database: Database, sql: str) -> None:
    """Run a statement past every policy."""
    with database.engine.begin() as connection:
        connection.execute(text(sql))


def tear_down(database: Database, table: str, guard: str) -> None:
    """Take one guard away."""
    on_table = f" ON {table}" if database.engine.dialect.name == "postgresql" else ""
    run(database, f"DROP TRIGGER guard_{table}_{guard}{on_table}")


def message_of(database: Database, table: str, guard: str) -> str:
    """Return what this very guard says, so that no other one is taken for it."""
    mine = [s for s in all_statements(database.engine.dialect.name) if f"guard_{table}_{guard}" in s]
    return mine[0].split("'")[-2]
