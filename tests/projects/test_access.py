"""The one gate: who may use a project, and when."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person
from core.people.service import close_person
from core.settings import Settings
from projects.access import can_access, check_access
from projects.committee.models import Word
from projects.committee.service import cast_vote
from projects.errors import AccessRefused
from projects.models import Project, TeamRole
from projects.service import close_project, remove_member, resume_project, suspend_project
from tests.conftest import HandClock
from tests.support.catalog import active_project, applied, ingest


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    return active_project(database, settings, people, tmp_path)


def test_a_member_of_an_active_project_gets_its_cut_and_its_network(
    database: Database, settings: Settings, active: Project
) -> None:
    access = check_access(database, "rosa", "cis-spinal")
    assert (access.username, access.project_id, access.team_role) == ("rosa", "cis-spinal", TeamRole.RESEARCHER)
    assert (access.cut_path(settings) / "manifest.json").exists()
    assert str(access.subnet) == "10.77.0.0/26"
    assert str(access.gateway) == "10.77.0.1"


Change = Callable[[Database, Settings, dict[str, Person], HandClock], object]

LOST: dict[str, Change] = {
    "left the team": lambda db, s, who, c: remove_member(db, who["olga"], "cis-spinal", "rosa"),
    "account closed": lambda db, s, who, c: close_person(db, who["olga"], "rosa"),
    "project suspended": lambda db, s, who, c: suspend_project(db, who["olga"], "cis-spinal"),
    "project closed": lambda db, s, who, c: close_project(db, who["olga"], "cis-spinal"),
    "project ended": lambda db, s, who, c: c.turn(days=365),
    "project not begun": lambda db, s, who, c: c.turn(days=-365),
}


@pytest.mark.parametrize("change", LOST.values(), ids=LOST)
def test_access_ends_with_any_one_of_its_conditions(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    clock: HandClock,
    active: Project,
    change: Change,
) -> None:
    assert can_access(database, "rosa", "cis-spinal")
    change(database, settings, people, clock)
    with pytest.raises(AccessRefused):
        check_access(database, "rosa", "cis-spinal")


def test_both_dates_belong_to_the_project(database: Database, clock: HandClock, active: Project) -> None:
    clock.now = clock.now.replace(month=12, day=31, hour=23, minute=59)
    assert can_access(database, "rosa", "cis-spinal")
    clock.turn(minutes=1)
    assert not can_access(database, "rosa", "cis-spinal")


def test_a_resumed_project_is_open_again(database: Database, people: dict[str, Person], active: Project) -> None:
    suspend_project(database, people["olga"], "cis-spinal")
    resume_project(database, people["dirk"], "cis-spinal")
    assert can_access(database, "rosa", "cis-spinal")


def test_a_project_of_others_looks_like_one_that_is_not_there(database: Database, active: Project) -> None:
    refusals = []
    for username, project_id in (("ravi", "cis-spinal"), ("ravi", "no-such-project"), ("nobody", "cis-spinal")):
        with pytest.raises(AccessRefused) as refused:
            check_access(database, username, project_id)
        refusals.append(str(refused.value).replace(project_id, "…"))
    assert len(set(refusals)) == 1


def test_before_activation_nobody_gets_in(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    applied(database, people)
    assert not can_access(database, "rosa", "cis-spinal")
    cast_vote(database, people["dirk"], "cis-spinal", "house", Word.APPROVE)
    assert not can_access(database, "rosa", "cis-spinal")
