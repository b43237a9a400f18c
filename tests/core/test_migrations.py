"""A database made by the migrations is the one the rooms' tables and guards describe."""

from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

import ops.house  # noqa: F401  (every table)
from core import guards
from core.database import Database, metadata
from core.errors import Refused
from core.migrations import check_current, configuration, upgrade

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


def test_a_database_that_was_not_made_is_refused(fresh_url: Callable[[], str]) -> None:
    with pytest.raises(Refused, match="has not been made"):
        check_current(Database(fresh_url()))


def test_a_database_of_another_version_is_refused(migrated: Database) -> None:
    with migrated.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="version 9999"):
        check_current(migrated)


def test_what_was_approved_before_there_were_amendments_stays_as_the_first_approval(
    fresh_url: Callable[[], str],
) -> None:
    older = Database(fresh_url())
    with older.writing() as connection:
        command.upgrade(configuration(connection), "0002")
        for statement in APPROVED_BEFORE:
            connection.execute(text(statement))
    upgrade(older)
    with older.read() as connection:
        found = connection.execute(text("SELECT * FROM approved_variable")).mappings().one()
        keys = {name: inspect(connection).get_pk_constraint(name)["constrained_columns"] for name in KEYED}
    assert dict(found) == {
        "project_id": "p",
        "dataset_id": "d",
        "table_id": "t",
        "variable": "age",
        "generalisation": "",
        "amendment": 0,
    }
    assert keys == {name: [column.name for column in metadata.tables[name].primary_key] for name in KEYED}
    with pytest.raises(DBAPIError, match="append-only"), older.writing() as connection:
        connection.execute(text("UPDATE approved_variable SET amendment = 1"))


def test_every_project_from_before_there_were_applications_has_one(fresh_url: Callable[[], str]) -> None:
    older = Database(fresh_url())
    with older.writing() as connection:
        command.upgrade(configuration(connection), "0003")
        for statement in (*APPROVED_BEFORE[:3], APPROVED_BEFORE[2].replace("'p',", "'q',", 1)):
            connection.execute(text(statement))
        connection.execute(text(f"INSERT INTO person VALUES ('dirk', 'D', 'd@e', 'i', 'd', TRUE, '{AT}')"))
        approved = f"UPDATE project SET state = 'approved', approved_by = 'dirk', approved_at = '{AT}' WHERE id = 'q'"
        connection.execute(text(approved))
    upgrade(older)
    with older.read() as connection:
        projects = connection.execute(text("SELECT id, state, resource FROM project ORDER BY id")).all()
        applications = connection.execute(text("SELECT project_id, number, state FROM application ORDER BY 1")).all()
    assert [tuple(row) for row in projects] == [("p", "closed", "open"), ("q", "approved", "open")]
    assert [tuple(row) for row in applications] == [("p", 0, "withdrawn"), ("q", 0, "approved")]


KEYED = ("approved_table", "approved_variable")

AT = "2026-06-01T10:00:00.000000Z"

APPROVED_BEFORE = (
    "INSERT INTO person (username, name, email, issuer, subject, active, created_at) "
    f"VALUES ('olga', 'Olga', 'olga@example.org', 'i', 's', TRUE, '{AT}')",
    "INSERT INTO edition (dataset_id, number, declaration, manifest_sha256, rows, bytes, synthetic, published_by, "
    f"published_at) VALUES ('d', 1, '', '', 1, 1, TRUE, 'olga', '{AT}')",
    "INSERT INTO project (id, title, purpose, starts, ends, state, created_by, created_at) "
    f"VALUES ('p', 't', 'p', '2026-01-01', '2026-12-31', 'proposed', 'olga', '{AT}')",
    "INSERT INTO approved_table VALUES ('p', 'd', 't', 1, '', '')",
    "INSERT INTO approved_variable VALUES ('p', 'd', 't', 'age', '')",
)
