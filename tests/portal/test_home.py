"""What everybody finds on the first pages: what is theirs to do, their projects, their notebook."""

from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI

from core.clock import DemoClock
from core.database import Database
from core.people.models import Person, Role, SystemActor
from core.people.service import propose_role
from core.settings import Settings
from egress_review.models import State
from hub.models import ServerState
from hub.servers import move, servers_of
from projects.service import suspend_project
from tests.conftest import HandClock
from tests.egress_review.world import World
from tests.support.catalog import application_file, approved_project
from tests.support.pages import Page, Reader
from tests.support.portal import Sits


def duties(page: Page) -> dict[str, int]:
    rows = [link.get_text(" ", strip=True).split(" ", 1) for link in page.soup.select(".duties a")]
    return {words: int(count) for count, words in rows}


def test_a_visitor_is_told_what_this_is_and_where_to_sign_in(anybody: Reader) -> None:
    page = anybody.open("/")
    assert "multiple sclerosis" in page.heading
    assert page.soup.select_one('a[href="/sign-in"]')
    assert not page.soup.find("nav")


def test_who_has_nothing_to_do_is_told_so(sits: Sits) -> None:
    assert "Nothing waits for you." in sits("ravi").open("/").text


@pytest.mark.parametrize(
    ("state", "username", "duty"),
    [
        (State.SUBMITTED, "chris", "Outputs to review"),
        (State.PARTLY_REVIEWED, "chloe", "Outputs to review"),
        (State.REVIEWED, "chris", "Reviewed outputs to decide on"),
        (State.APPROVED, "carl", "Approved outputs to release"),
        (State.RETURNED, "rosa", "Requests sent back to you, to correct"),
    ],
)
def test_requests_wait_for_whoever_can_move_them_on(
    house: World, sits: Sits, state: State, username: str, duty: str
) -> None:
    house.bring_to(state)
    assert duties(sits(username).open("/")) == {duty: 1}


def test_one_own_review_waits_for_somebody_else(house: World, sits: Sits) -> None:
    house.bring_to(State.PARTLY_REVIEWED)
    assert duties(sits("chris").open("/")) == {}


def test_the_committee_operations_and_the_second_ops_have_their_own_duties(
    house: World, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    approved_project(database, people, application_file(id="age"))
    propose_role(database, people["olga"], "ravi", Role.CHECKER)
    assert duties(sits("otto").open("/")) == {"Approved projects to activate": 1, "Roles to confirm": 1}
    assert duties(sits("olga").open("/")) == {"Approved projects to activate": 1}, "who proposed does not confirm"


@pytest.mark.parametrize(
    ("username", "places"),
    [
        ("rosa", []),
        ("chris", ["Review"]),
        ("dirk", ["Committee", "All projects"]),
        ("otto", ["All projects", "People", "Mail", "Audit"]),
        ("anna", ["All projects", "Audit"]),
        ("dana", []),
    ],
)
def test_the_navigation_leads_to_what_is_ones_own(sits: Sits, username: str, places: list[str]) -> None:
    links = [link.get_text() for link in sits(username).open("/").soup.select("nav a")]
    assert links == ["Home", "Applications", "Projects", "Requests", "Data", "Rules", "Agreements", *places]


class TestMyProjects:
    def test_a_member_opens_the_notebook_from_here(self, house: World, sits: Sits, settings: Settings) -> None:
        page = sits("rosa").open("/projects")
        door = page.soup.select_one('a[href*="/hub/spawn/"]')
        assert door is not None
        assert door["href"] == f"{settings.hub_url}/hub/spawn/rosa/cis-spinal"
        assert (door["target"], door["rel"]) == ("_blank", ["noopener"])
        assert "you are its researcher" in page.text
        assert "cis_cohort, edition 1" in page.text

    def test_somebody_elses_projects_are_not_listed(self, house: World, sits: Sits) -> None:
        page = sits("ravi").open("/projects")
        assert "cis-spinal" not in page.text
        assert "not in the team of any project" in page.text

    def test_a_project_that_can_not_be_used_says_why(
        self, house: World, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        suspend_project(database, people["dirk"], "cis-spinal")
        page = sits("rosa").open("/projects")
        assert "The notebook is closed: cis-spinal is suspended, not active." in page.text
        assert not page.soup.select('a[href*="/hub/spawn/"]')

    def test_a_project_past_its_end_says_so(self, house: World, sits: Sits, clock: HandClock) -> None:
        clock.now = clock.now.replace(year=2027)
        assert f"ended on {date(2026, 12, 31)}" in sits("rosa").open("/projects").text

    def test_a_running_server_is_shown_and_stopped(self, house: World, sits: Sits, database: Database) -> None:
        move(database, SystemActor("hub"), "rosa", "cis-spinal", ServerState.RUNNING, "hub:server:start")
        rosa = sits("rosa")
        page = rosa.press(rosa.open("/projects"), "Stop it")
        assert "The notebook server is being stopped" in page.text
        assert [server.state for server in servers_of(database, "rosa")] == [ServerState.STOPPING]
        assert "being stopped" not in rosa.open("/projects").text, "a notice is said once"

    def test_a_server_that_does_not_run_can_not_be_stopped(self, house: World, sits: Sits, database: Database) -> None:
        move(database, SystemActor("hub"), "rosa", "cis-spinal", ServerState.RUNNING, "hub:server:start")
        rosa = sits("rosa")
        page = rosa.open("/projects")
        rosa.press(page, "Stop it")
        move(database, SystemActor("hub"), "rosa", "cis-spinal", ServerState.STOPPED, "hub:server:stopped")
        assert rosa.press(page, "Stop it").status == 404


def test_a_demo_whose_clock_was_set_says_so_on_every_page(database: Database, settings: Settings, app: FastAPI) -> None:
    database.clock = clock = DemoClock(settings.state / "clock")
    anybody, banner = Reader(app, database), "The clock of this demo was set"
    assert banner not in anybody.open("/").text
    settings.state.mkdir(parents=True, exist_ok=True)
    clock.set_to(datetime(2026, 6, 17, 12, tzinfo=UTC))
    for path in ("/", "/signed-out", "/no-such-page"):
        assert f"{banner}. Here it is 17 June 2026, 12:00 UTC" in anybody.open(path).text
