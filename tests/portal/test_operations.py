"""Pages of those who run and audit the house."""

import pytest

from core.database import Database
from core.outbox.delivery import deliver_due
from core.outbox.errors import EffectFailed
from core.outbox.models import Effect, Failure
from core.outbox.records import find_effect, find_effects
from core.outbox.tables import outbox
from core.people.models import Person, SystemActor
from core.settings import Settings
from egress_review.models import State
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
        ("/people/new", ["rosa", "chris", "dana", "dirk", "anna"]),
        ("/people/rosa", ["rosa", "chris", "dana", "dirk", "anna"]),
        ("/people/grants", ["rosa", "chris", "dana", "anna"]),
        ("/outbox", ["rosa", "chris", "dana", "dirk", "anna"]),
        ("/audit", ["rosa", "chris", "dana", "dirk"]),
    ],
)
def test_to_others_these_pages_are_closed(sits: Sits, path: str, refused: list[str]) -> None:
    for username in refused:
        page = sits(username).open(path)
        assert (page.status, "It takes the role" in page.text) == (403, True)


class TestMail:
    @pytest.fixture
    def given_up(self, house: World, database: Database) -> str:
        """A house in which the mail about a released request is given up, and the others wait."""
        house.bring_to(State.RELEASED)
        sending = Settings(smtp_host="localhost", smtp_sender="myelin@tre.example.org")

        def refuse_the_author(_settings: Settings, _effect: Effect, person: Person) -> None:
            raise EffectFailed(Failure.REFUSED if person.username == "rosa" else Failure.POSTPONED)

        deliver_due(database, sending, refuse_the_author)
        with database.read() as connection:
            mine = (outbox.c.recipient == "rosa", outbox.c.given_up_at.is_not(None))
            return find_effects(connection, *mine)[-1].id

    def test_what_waits_and_what_was_given_up_is_listed(self, given_up: str, sits: Sits) -> None:
        page = sits("olga").open("/outbox")
        assert given_up in page.soup.select_one('[aria-labelledby="given-up"]').get_text()  # type: ignore[union-attr]
        for words in ("refused for good", "refused for now", "chloe", "No mail server is set"):
            assert words in page.text

    def test_no_word_of_a_mail_is_shown(self, given_up: str, house: World, sits: Sits) -> None:
        page = sits("olga").open("/outbox")
        assert not any(words in page.text for words in (house.bring_to(State.SUBMITTED), "is released", "/reviews/"))

    def test_what_was_given_up_is_tried_again(self, given_up: str, sits: Sits, database: Database) -> None:
        olga = sits("olga")
        assert "Mails that were given up" in olga.open("/").text
        page = olga.press(olga.open("/outbox"), f"Try again to send {given_up} to rosa")
        assert "It is tried again within seconds." in page.text
        with database.read() as connection:
            assert find_effect(connection, given_up).given_up_at is None

    def test_nothing_else_has_a_button(self, house: World, sits: Sits) -> None:
        house.submit()
        page = sits("olga").open("/outbox")
        assert "chris" in page.text
        assert "Try again" not in page.text


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
