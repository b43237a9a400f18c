"""What the database itself refuses of close-outs: raw SQL against each wall, and again with it gone."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from projects.service import close_project
from tests.support.catalog import approved_project, ingest
from tests.support.guards import Attack, check_wall, run

AT = "2026-06-01T10:00:00.000000Z"
NEW = "INSERT INTO closeout_step VALUES ('cis-spinal', '{}', '" + AT + "', 'system:worker', '{{}}')"


def nothing(_: object) -> None:
    """The fixture has prepared it."""


@pytest.fixture
def proposed(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    approved_project(database, people)


@pytest.fixture
def closed(proposed: None, database: Database, people: dict[str, Person]) -> None:
    close_project(database, people["olga"], "cis-spinal")


@pytest.mark.usefixtures("proposed")
def test_a_project_that_is_not_closed_is_not_closed_out(owned_database: Database) -> None:
    early = Attack("closeout_step", "closed", "a step of a running project", NEW.format("servers_ended"), nothing)
    check_wall(owned_database, early)


@pytest.mark.usefixtures("closed")
def test_a_proof_before_anything_is_deleted_is_no_proof(owned_database: Database) -> None:
    run(owned_database, NEW.format("servers_ended"))
    check_wall(owned_database, Attack("closeout_step", "order", "a proof first", NEW.format("proven"), nothing))


@pytest.mark.usefixtures("closed")
def test_a_step_nobody_knows_is_none(owned_database: Database) -> None:
    with pytest.raises(IntegrityError):
        run(owned_database, NEW.format("forgotten"))


@pytest.mark.usefixtures("closed")
def test_what_is_on_record_stays_as_it_is(owned_database: Database) -> None:
    run(owned_database, NEW.format("servers_ended"))
    for sql in ("UPDATE closeout_step SET facts = 'x'", "DELETE FROM closeout_step"):
        with pytest.raises(DBAPIError, match=r"append-only|are kept"):
            run(owned_database, sql)
    other = "INSERT OR REPLACE" if owned_database.engine.dialect.name == "sqlite" else "INSERT"
    with pytest.raises(DBAPIError):
        run(owned_database, NEW.format("servers_ended").replace("INSERT", other))
