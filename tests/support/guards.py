"""Attacks on the database itself: raw SQL, a guard taken away, and what each guard says."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

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


KEPT_BY_CORE = {"update", "delete", "replace", "change"}
"""Guards that every table that is kept has, attacked where core.guards is tested."""


@dataclass(frozen=True)
class Attack:
    """Something somebody with the database in their hands would try, and the guard that stands against it."""

    table: str
    guard: str
    name: str
    sql: str
    prepare: Callable[[Any], None]

    def __str__(self) -> str:
        return f"{self.table}.{self.guard}: {self.name}"


def check_wall(database: Database, attack: Attack) -> None:
    """See the attack refused by its guard, and work once that is gone."""
    with pytest.raises(DBAPIError, match=message_of(database, attack.table, attack.guard)):
        run(database, attack.sql)
    tear_down(database, attack.table, attack.guard)
    run(database, attack.sql)


def walls_of(tables: Collection[str]) -> set[tuple[str, str]]:
    """Return every guard of some tables, as table and name, but those every kept table has."""
    triggers = [statement.split()[2] for statement in all_statements("sqlite")]
    starts = [(table, f"guard_{table}_") for table in tables]
    found = {(table, name.removeprefix(start)) for table, start in starts for name in triggers if start in name}
    return {(table, guard) for table, guard in found if guard not in KEPT_BY_CORE}
