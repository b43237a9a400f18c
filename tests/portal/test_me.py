"""The page about oneself: what is kept, what ends, declarations made there, and sessions ended."""

from fastapi import FastAPI

from core.database import Database
from core.people.affiliations import record_affiliation
from core.people.models import Person, Sector
from core.people.sessions import open_session, person_in_session
from core.web.visit import SESSION
from tests.conftest import HandClock
from tests.egress_review.world import World
from tests.support.catalog import trained
from tests.support.pages import FROM_OURSELVES, Reader
from tests.support.portal import Sits


def test_everybody_finds_it_by_their_name(sits: Sits) -> None:
    rosa = sits("rosa")
    link = rosa.open("/").soup.select_one(".who a")
    assert link is not None
    assert (link.text, link["href"]) == ("Rosa", "/me")
    page = rosa.open("/me")
    assert (page.status, page.heading) == (200, "Rosa")


def test_it_shows_what_is_on_record(sits: Sits, house: World, database: Database, people: dict[str, Person]) -> None:
    record_affiliation(database, people["olga"], "rosa", "University of Examples", Sector.ACADEMIC)
    trained(database, people, "rosa")
    text = sits("rosa").open("/me").text
    for said in ("University of Examples (academic), recorded by olga", "data-protection", "31 December 2027"):
        assert said in text
    assert "Spinal cord lesions and conversion" in text
    assert "You hold no role here" in text


def test_roles_say_who_gave_them(sits: Sits) -> None:
    page = sits("chris").open("/me")
    row = page.soup.find("th", string="checker")
    assert row is not None
    assert [cell.text for cell in row.find_next_siblings("td")] == ["olga", "otto", "1 June 2026"]
    assert "You are in no project’s team" in page.text


def test_a_declaration_is_read_and_made_there(sits: Sits, house: World) -> None:
    rosa = sits("rosa")
    page = rosa.open("/me")
    assert "BMSD and MS CIDR ask for it" in page.text
    assert "I do not try to find out who anybody in them is" in page.text
    done = rosa.press(page, "I declare this")
    assert (done.status, done.path) == (200, "/me")
    assert "You declared: Confidentiality and safe research." in done.text
    assert "It counts through 1 June 2027" in done.text


def test_a_text_nobody_asks_for_is_not_declared(sits: Sits, house: World) -> None:
    rosa = sits("rosa")
    token = rosa.open("/me").form("Sign out").find("input", {"name": "form_token"})["value"]  # type: ignore[index]
    answer = rosa.client.post("/me/declarations/" + "0" * 64, data={"form_token": token}, headers=FROM_OURSELVES)
    assert answer.status_code == 404
    assert "Nobody asks for this declaration now" in answer.text


def test_what_ends_soon_stands_first(sits: Sits, house: World, clock: HandClock) -> None:
    assert "ends within 60 days" not in sits("rosa").open("/me").text
    clock.turn(days=190)  # the project ends on 31 December
    assert "the time cis-spinal was approved for, through 31 December 2026" in sits("rosa").open("/me").text


def test_one_session_is_ended_and_then_all_others(sits: Sits, database: Database, people: dict[str, Person]) -> None:
    tokens = [open_session(database, people["rosa"], "cli", 1) for _ in range(3)]
    rosa = sits("rosa")
    page = rosa.open("/me")
    assert page.text.count("this one") == 1
    page = rosa.press(page, "End the session at Command line")
    assert sum(person_in_session(database, token) is None for token in tokens) == 1
    page = rosa.press(page, "End all others")
    assert "Sessions ended: 2. You are still signed in here." in page.text
    assert not any(person_in_session(database, token) for token in tokens)
    assert not page.has_button("End all others")


def test_nobody_ends_somebody_elses_session(
    sits: Sits, app: FastAPI, database: Database, people: dict[str, Person]
) -> None:
    lena = Reader(app, database, people["lena"])
    open_session(database, people["lena"], "cli", 1)
    theirs = lena.open("/me").form("End the session")["action"]
    rosa = sits("rosa")
    token = rosa.open("/me").form("Sign out").find("input", {"name": "form_token"})["value"]  # type: ignore[index]
    answer = rosa.client.post(str(theirs), data={"form_token": token}, headers=FROM_OURSELVES)
    assert answer.status_code == 404
    assert lena.open("/me").has_button("End the session"), "lena's is still open"
    assert person_in_session(database, lena.client.cookies[SESSION]) == people["lena"]
