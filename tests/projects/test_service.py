"""From a project file to a project, and what its team may become."""

from datetime import date
from pathlib import Path

import pytest

from core.audit.log import entries
from core.database import Database
from core.errors import NotFound, Refused
from core.people.models import Person
from core.people.service import close_person
from core.settings import Settings
from data_catalog.filter import ALLOWED
from projects.applications.errors import Incomplete
from projects.applications.service import applications_for
from projects.errors import ActionRefused, ProjectRejected
from projects.models import ApprovedTable, ProjectState, TeamRole
from projects.service import (
    add_member,
    all_projects,
    close_project,
    project,
    projects_of,
    remove_member,
    resume_project,
    suspend_project,
)
from tests.conftest import HandClock
from tests.support.catalog import active_project, application_file, applied, approved_project, ingest


@pytest.fixture
def catalogue(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    for dataset_id in ("cis_cohort", "edss_visits"):
        ingest(database, settings, people["dana"], dataset_id, tmp_path)


def actions(database: Database, project_id: str) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(entry.actor, entry.action) for entry, _ in entries(connection, subject=f"project:{project_id}")]


@pytest.mark.usefixtures("catalogue")
def test_a_project_is_what_its_application_said(database: Database, people: dict[str, Person]) -> None:
    asked = {"cis_cohort": {"patients": {"variables": ["gender", "age"], "row_filter": "age >= 18"}}}
    opened = approved_project(database, people, application_file(datasets=asked))
    assert (opened.id, opened.state, opened.created_by) == ("cis-spinal", ProjectState.APPROVED, "lena")
    assert opened.team == {"lena": TeamRole.LEAD, "rosa": TeamRole.RESEARCHER}
    assert opened.tables == (ApprovedTable("cis_cohort", 1, "patients", "age >= 18", ("age", "gender")),)
    assert (opened.starts, opened.ends) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (opened.subnet, opened.cut, opened.approved_by) == (None, None, "dirk")
    assert actions(database, "cis-spinal") == [("person:dirk", "projects:project:approve")]


@pytest.mark.usefixtures("catalogue")
def test_it_is_bound_to_the_edition_it_was_approved_on(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    approved_project(database, people)
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    assert [table.edition for table in project(database, "cis-spinal").tables] == [1]


@pytest.mark.usefixtures("catalogue")
def test_everything_unknown_is_named_at_once_and_nothing_is_saved(
    database: Database, people: dict[str, Person]
) -> None:
    close_person(database, people["olga"], "rosa")
    file = application_file(
        team=[{"username": "lena", "role": "lead"}, {"username": "rosa", "role": "researcher"}],
        datasets={
            "cis_cohrt": {"patients": {"variables": ["age"]}},
            "cis_cohort": {
                "patient": {"variables": ["age"]},
                "patients": {"variables": ["agee", "patient_id", "age"], "row_filter": "gendr = 1"},
            },
            "edss_visits": {"visits": {"variables": ["edss"], "row_filter": "edss >"}},
        },
    )
    with pytest.raises(Incomplete) as refused:
        applied(database, people, file)
    assert [problem.split(". ")[0] for problem in refused.value.problems] == [
        "team: rosa has no open account here; operations open one.",
        "datasets: datasets.cis_cohrt: There is no dataset 'cis_cohrt'; did you mean 'cis_cohort'? "
        "There are: cis_cohort, edss_visits.",
        "datasets: cis_cohort has no table 'patient'; did you mean 'patients'?",
        "datasets: cis_cohort.patients has no variable 'agee'; did you mean 'age'?",
        "datasets: cis_cohort.patients: patient_id is an identifier and can never be approved",
        "datasets: cis_cohort.patients, row_filter: "
        f"patients has no variable 'gendr'; did you mean 'gender'? {ALLOWED}",
        "datasets: edss_visits.visits, row_filter: The row filter can not be understood",
    ]
    assert all_projects(database) == []
    assert applications_for(database, people["lena"]) == []


@pytest.mark.usefixtures("catalogue")
def test_every_step_is_in_the_log_under_the_name_of_who_took_it(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    active_project(database, settings, people, tmp_path)
    suspend_project(database, people["olga"], "cis-spinal")
    resume_project(database, people["dirk"], "cis-spinal")
    assert actions(database, "cis-spinal") == [
        ("person:dirk", "projects:project:approve"),
        ("person:olga", "projects:subnet:allot"),
        ("person:olga", "projects:project:activate"),
        ("person:olga", "projects:project:suspend"),
        ("person:dirk", "projects:project:resume"),
    ]
    approved = project(database, "cis-spinal")
    assert (approved.approved_by, approved.approved_at) == ("dirk", database.clock())


@pytest.mark.usefixtures("catalogue")
def test_a_refused_step_leaves_no_trace(database: Database, people: dict[str, Person]) -> None:
    approved_project(database, people)
    with pytest.raises(ActionRefused):
        close_project(database, people["lena"], "cis-spinal")
    assert project(database, "cis-spinal").state is ProjectState.APPROVED
    assert len(actions(database, "cis-spinal")) == 1


@pytest.mark.usefixtures("catalogue")
def test_members_come_and_go_and_come_back(database: Database, people: dict[str, Person], clock: HandClock) -> None:
    approved_project(database, people)
    remove_member(database, people["olga"], "cis-spinal", "rosa")
    assert set(project(database, "cis-spinal").team) == {"lena"}
    assert projects_of(database, people["rosa"]) == []
    clock.turn(days=1)
    back = add_member(database, people["dirk"], "cis-spinal", "rosa", TeamRole.LEAD)
    assert back.team == {"lena": TeamRole.LEAD, "rosa": TeamRole.LEAD}
    assert [m.left_at is None for m in back.memberships if m.username == "rosa"] == [False, True]
    assert [found.id for found in projects_of(database, people["rosa"])] == ["cis-spinal"]


@pytest.mark.usefixtures("catalogue")
def test_a_team_is_changed_by_those_who_judge_it(database: Database, people: dict[str, Person]) -> None:
    approved_project(database, people)
    with pytest.raises(Refused, match="projects:member:add"):
        add_member(database, people["olga"], "cis-spinal", "ravi")
    with pytest.raises(Refused, match="projects:member:remove"):
        remove_member(database, people["lena"], "cis-spinal", "rosa")
    with pytest.raises(ProjectRejected, match="nobody called 'ravy' here; did you mean 'ravi'"):
        add_member(database, people["dirk"], "cis-spinal", "ravy")
    with pytest.raises(ActionRefused, match="ravi is not in the team"):
        remove_member(database, people["olga"], "cis-spinal", "ravi")


def test_a_project_that_is_not_there_is_said_so(database: Database, people: dict[str, Person]) -> None:
    with pytest.raises(NotFound, match="There is no project nothing"):
        resume_project(database, people["dirk"], "nothing")
