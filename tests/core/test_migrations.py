"""A database made by the migrations is the one the rooms' tables and guards describe."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import ops.house  # noqa: F401  (every table)
from core import guards
from core.database import Database, metadata
from core.errors import Refused
from core.migrations import check_current, upgrade

GUARDS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, pg_get_functiondef(tgfoid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
}


@pytest.fixture
def migrated(fresh_url: Callable[[], str]) -> Database:
    migrated = Database(fresh_url())
    upgrade(migrated)
    return migrated


def guards_in(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(text(GUARDS[connection.dialect.name]))
        return [(name, " ".join(sql.split())) for name, sql in rows]


def test_the_migrations_make_the_tables_of_the_rooms(migrated: Database) -> None:
    with migrated.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_migrations_put_every_guard_in_place(migrated: Database, database: Database) -> None:
    assert guards_in(migrated) == guards_in(database)
    wanted = guards.all_statements(migrated.engine.dialect.name)
    assert len(guards_in(migrated)) == sum(statement.startswith("CREATE TRIGGER") for statement in wanted)


def test_an_upgrade_can_be_run_again(migrated: Database) -> None:
    upgrade(migrated)
    check_current(migrated)


def test_a_database_that_was_not_made_is_refused(database_url: str) -> None:
    with pytest.raises(Refused, match="has not been made"):
        check_current(Database(database_url))


def test_a_database_of_another_version_is_refused(migrated: Database) -> None:
    with migrated.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="version 9999"):
        check_current(migrated)
