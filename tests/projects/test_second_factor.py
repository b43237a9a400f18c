"""The live gate of the second factor: a project whose rules ask for it is open while one signed in so is signed in."""

from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.people.models import Person
from core.people.sessions import end_one_session, end_other_sessions, newest_session, open_session
from core.settings import Settings
from hub.sign_in import session_stands
from projects.access import can_access, check_access
from projects.errors import AccessRefused
from projects.gates import lapses, person_rights
from projects.models import Project
from projects.resource_rules.models import AskedOfPeople
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from projects.rights import Right, RightKind
from tests.conftest import HandClock
from tests.support.catalog import activate, approved_project, ingest, ready
from tests.support.guards import run, tear_down


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    ready(database, people)
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    with database.read() as connection:
        rules = rules_in_force(connection, "open").rules
    asking = rules.model_copy(update={"people": AskedOfPeople(second_factor=True)})
    confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], asking).number)
    approved_project(database, people)
    return activate(database, settings, people["olga"], "cis-spinal")


def test_only_a_sign_in_with_one_opens_it_and_only_for_oneself(
    active: Project, database: Database, people: dict[str, Person]
) -> None:
    open_session(database, people["rosa"], "hub", 10, second_factor=False)
    with pytest.raises(AccessRefused, match="A sign-in with a second factor by rosa is missing"):
        check_access(database, "rosa", active.id)
    open_session(database, people["rosa"], "hub", 10, second_factor=True)
    assert [can_access(database, name, active.id) for name in ("rosa", "lena")] == [True, False]


def test_it_closes_with_the_session_and_when_that_is_ended(
    active: Project, database: Database, people: dict[str, Person], clock: HandClock
) -> None:
    open_session(database, people["rosa"], "hub", 10, second_factor=True)
    clock.turn(hours=10, seconds=-1)
    assert can_access(database, "rosa", active.id)
    clock.turn(seconds=1)
    assert not can_access(database, "rosa", active.id)
    open_session(database, people["rosa"], "hub", 10, second_factor=True)
    assert can_access(database, "rosa", active.id)
    end_other_sessions(database, people["rosa"], "the token of another session")
    assert not can_access(database, "rosa", active.id)


def test_without_the_gate_a_password_alone_is_enough(
    active: Project, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not can_access(database, "rosa", active.id)
    held = Right(RightKind.SECOND_FACTOR, "person:rosa", database.clock().date(), "a sign-in", "")
    monkeypatch.setattr("projects.gates.second_factor_right", lambda connection, username, now: held)
    assert can_access(database, "rosa", active.id)


def test_nobody_is_warned_that_a_session_ends(active: Project, database: Database, people: dict[str, Person]) -> None:
    open_session(database, people["rosa"], "hub", 10, second_factor=True)
    with database.read() as connection:
        rights = person_rights(connection, active, "rosa")
    assert list(lapses(rights, database.clock().date())) == []


def test_a_session_at_the_hub_stands_until_it_is_ended_or_lacks_what_is_asked_by_now(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    assert not session_stands(database, settings, "ravi"), "never signed in"
    open_session(database, people["ravi"], "hub", 10)
    assert session_stands(database, settings, "ravi")
    last = newest_session(database, people["ravi"], "hub")
    assert last is not None
    end_one_session(database, people["ravi"], last.id)
    assert not session_stands(database, settings, "ravi")


def test_a_session_at_the_hub_from_before_the_rule_ends_with_it(
    active: Project, database: Database, settings: Settings, people: dict[str, Person], clock: HandClock
) -> None:
    open_session(database, people["rosa"], "hub", 10, second_factor=False)
    open_session(database, people["rosa"], "web", 10, second_factor=True)
    assert can_access(database, "rosa", active.id), "the portal's session has one"
    assert not session_stands(database, settings, "rosa"), "and the hub's has none"
    clock.turn(seconds=1)
    open_session(database, people["rosa"], "hub", 10, second_factor=True)
    assert session_stands(database, settings, "rosa")


@pytest.mark.parametrize(
    ("guard", "sql"),
    [
        ("change", "UPDATE session SET second_factor = TRUE"),
        ("once", "UPDATE session SET ended_at = NULL"),
    ],
)
def test_the_database_keeps_how_a_session_began_and_that_it_ended(
    owned_database: Database, database: Database, people: dict[str, Person], guard: str, sql: str
) -> None:
    open_session(database, people["rosa"], "hub", 10)
    end_other_sessions(database, people["rosa"], "")
    with pytest.raises(DBAPIError):
        run(owned_database, sql)
    tear_down(owned_database, "session", guard)
    run(owned_database, sql)
