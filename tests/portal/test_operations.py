"""Pages of those who run and audit the house."""

import pytest

from core.database import Database
from core.people.models import Person, Role, SystemActor
from core.people.service import person_by_username, propose_role
from hub.models import ServerState
from hub.servers import move
from tests.egress_review.world import World
from tests.support.portal import Sits


@pytest.mark.parametrize("username", ["olga", "dirk", "anna"])
def test_every_project_is_listed_with_its_servers(house: World, sits: Sits, database: Database, username: str) -> None:
    move(database, SystemActor("hub"), "rosa", "cis-spinal", ServerState.RUNNING, "hub:server:start")
    page = sits(username).open("/operations")
    for words in ("cis-spinal", "active", "lena lead", "edition 1", "rosa (running)"):
        assert words in page.text


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("/operations", ["rosa", "chris", "dana"]),
        ("/people", ["rosa", "chris", "dana", "dirk", "anna"]),
        ("/audit", ["rosa", "chris", "dana", "dirk"]),
    ],
)
def test_to_others_these_pages_are_closed(sits: Sits, path: str, refused: list[str]) -> None:
    for username in refused:
        page = sits(username).open(path)
        assert (page.status, "It takes the role" in page.text) == (403, True)


class TestRoles:
    def test_a_second_ops_person_confirms(self, sits: Sits, database: Database, people: dict[str, Person]) -> None:
        propose_role(database, people["olga"], "ravi", Role.CHECKER)
        otto = sits("otto")
        page = otto.press(otto.open("/people"), "Confirm")
        assert "ravi now holds the role checker." in page.text
        assert person_by_username(database, "ravi").roles == {Role.CHECKER}

    def test_who_proposed_has_no_button(self, sits: Sits, database: Database, people: dict[str, Person]) -> None:
        propose_role(database, people["olga"], "ravi", Role.CHECKER)
        page = sits("olga").open("/people")
        assert "Somebody else confirms it" in page.text
        assert not page.has_button("Confirm")

    def test_a_second_press_is_refused(self, sits: Sits, database: Database, people: dict[str, Person]) -> None:
        propose_role(database, people["olga"], "ravi", Role.CHECKER)
        otto = sits("otto")
        page = otto.open("/people")
        otto.press(page, "Confirm")
        assert otto.press(page, "Confirm").status == 403


class TestAudit:
    def test_the_newest_entries_come_first(self, house: World, sits: Sits) -> None:
        page = sits("anna").open("/audit")
        numbers = [int(cell.get_text()) for cell in page.soup.select("td.number")]
        assert numbers == sorted(numbers, reverse=True)
        assert page.soup.select_one("tbody tr td:nth-of-type(4)").get_text() == "core:session:open"  # type: ignore[union-attr]

    def test_one_subject_is_picked_out(self, house: World, sits: Sits) -> None:
        anna = sits("anna")
        page = anna.press(anna.open("/audit"), "Show", subject="project:cis-spinal")
        subjects = {link.get_text() for link in page.soup.select("tbody a")}
        assert subjects == {"project:cis-spinal"}
        assert "projects:project:approve" in page.text

    def test_a_subject_nothing_happened_to_is_said_so(self, sits: Sits) -> None:
        assert "no entry of “person:nobody”" in sits("anna").open("/audit?subject=person:nobody").text
