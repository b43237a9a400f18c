"""A database made by the migrations is the one the rooms' tables and guards describe."""

import json
from collections.abc import Callable, Iterator

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
from core.migrations import check_current, configuration, drop_guards, upgrade
from projects.resource_rules.models import load_rules
from projects.resource_rules.service import rules_by_hash
from tests.support.catalog import RULES

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


@pytest.mark.parametrize(
    ("sector", "words", "fee"),
    [("academic", 0, "per_project"), ("pharmaceutical", 0, "contract"), ("pharmaceutical", 2, "none")],
)
def test_how_a_project_is_paid_for_is_settled_for_those_there_are(
    fresh_url: Callable[[], str], sector: str, words: int, fee: str
) -> None:
    older = Database(fresh_url())
    with older.writing() as connection:
        command.upgrade(configuration(connection), "0003")
        for statement in APPROVED_BEFORE[:3]:
            connection.execute(text(statement))
        command.upgrade(configuration(connection), "0004")
        drop_guards(connection)
        for statement in (
            *_paid_for_by(sector),
            *(one for name in ("dirk", "dora")[:words] for one in _exempted_by(name)),
        ):
            connection.execute(text(statement.replace(":", "\\:")))
    upgrade(older)
    with older.read() as connection:
        assert connection.execute(text("SELECT fee FROM project")).scalar_one() == fee
        assert rules_by_hash(connection, "r").people.declarations == (), "a name without a text asks for nothing"


def _paid_for_by(sector: str) -> Iterator[str]:
    rules = load_rules(RULES / "ms_cidr.toml").model_dump(mode="json")
    rules["people"]["declarations"] = ["confidentiality"]
    file = json.dumps({"team": [{"sector": sector}]})
    yield "UPDATE project SET rules_sha256 = 'r'"
    yield (
        "INSERT INTO resource_rules (resource, number, sha256, content, proposed_by, proposed_at) "
        f"VALUES ('ms_cidr', 1, 'r', '{_quoted(json.dumps(rules))}', 'olga', '{AT}')"
    )
    yield (
        "INSERT INTO submission (project_id, number, round, content, sha256, rules_sha256, verdicts, submitted_by, "
        f"submitted_at) VALUES ('p', 0, 1, '{file}', '', 'r', '[]', 'olga', '{AT}')"
    )
    yield (
        "INSERT INTO exemption_request (project_id, number, rule, reason, asked_by, asked_at) "
        f"VALUES ('p', 0, 'contract', 'x', 'olga', '{AT}')"
    )


def _exempted_by(username: str) -> Iterator[str]:
    yield f"INSERT INTO person VALUES ('{username}', 'D', '{username}@e', 'i', '{username}', TRUE, '{AT}')"
    yield (
        "INSERT INTO exemption_word (project_id, number, rule, username, granted, reason, said_at) "
        f"VALUES ('p', 0, 'contract', '{username}', TRUE, 'x', '{AT}')"
    )


def _quoted(words: str) -> str:
    return words.replace("'", "''")


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
