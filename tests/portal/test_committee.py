"""The committee's pages: what waits, interests first, then the vote, and what others said once one has spoken."""

import pytest

from core.database import Database
from core.people.models import Person
from projects.applications.service import apply_from_file, withdraw_application
from projects.committee.models import Word
from projects.committee.service import cast_vote, declare_interest
from projects.resource_rules.models import load_rules
from projects.resource_rules.service import confirm_rules, propose_rules
from tests.egress_review.world import World
from tests.support.catalog import RULES, application_file, applied, ready
from tests.support.pages import FROM_OURSELVES, Page, Reader
from tests.support.portal import Sits

GENDER = "cis_cohort.patients.gender"


@pytest.fixture
def waits(house: World, database: Database, people: dict[str, Person]) -> None:
    """An application that nobody of the committee has looked at yet."""
    ready(database, people)
    apply_from_file(database, people["lena"], application_file(id="bands", title="Bands <i>and</i> conversion"))


def declare(reader: Reader) -> Page:
    return reader.press(reader.open("/committee/bands"), "I have no conflict of interest")


def test_it_waits_for_those_with_a_seat(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    assert "Applications to decide on" in dirk.open("/").text
    page = dirk.open("/committee")
    assert "For you to decide on" in page.text
    assert "Bands <i>and</i> conversion" in page.text
    assert "0 of 1" in page.text


def test_interests_come_before_the_vote(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    page = dirk.open("/committee/bands")
    assert page.has_button("I have no conflict of interest")
    assert not page.has_button("Approve")
    assert not page.has_button("Return for changes")
    page = declare(dirk)
    assert page.has_button("Approve")
    assert page.has_button("Return for changes")


def test_who_has_a_conflict_does_not_vote(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    page = dirk.open("/committee/bands")
    assert "Say what the conflict is" in dirk.press(page, "I have a conflict of interest", words=" ").text
    page = dirk.press(page, "I have a conflict of interest", words="She is my sister.")
    assert not page.has_button("Approve")
    assert "Other members decide." in page.text
    assert "Nothing waits for your word." in dirk.open("/committee").text


def test_approved_variable_by_variable_it_is_a_project(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    said = {f"not:{GENDER}": "on", f"why:{GENDER}": "Not part of the question.", "conditions": "No copies."}
    page = dirk.press(declare(dirk), "Approve", **said)
    assert "Your vote is cast. The application is approved." in page.text
    assert f"{GENDER} not given: Not part of the question." in page.text
    project = dirk.open("/projects/bands").text
    assert "No copies." in project
    assert "gender" not in project.split("Variables it was approved for")[1]


def test_a_variable_is_declined_with_a_reason_and_nothing_that_was_written_is_lost(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    page = dirk.press(declare(dirk), "Approve", **{f"not:{GENDER}": "on", "conditions": "No copies."})
    assert (page.status, f"{GENDER}: say why it is not given" in page.text) == (422, True)
    assert page.soup.select_one(f'input[name="not:{GENDER}"]').has_attr("checked")  # type: ignore[union-attr]
    assert page.soup.select_one("textarea[name=conditions]").get_text() == "No copies."  # type: ignore[union-attr]


def test_declining_takes_a_reason(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    page = dirk.press(declare(dirk), "Decline")
    assert "say why you decline" in page.text
    assert "The application is declined." in dirk.press(page, "Decline", reason="Too few people.").text


def test_a_vote_on_something_else_than_what_is_there_is_refused(
    waits: None, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    dirk = sits("dirk")
    page = declare(dirk)
    assert dirk.press(page, "Approve", version="0" * 64).status == 409
    withdraw_application(database, people["lena"], "bands")
    assert dirk.press(page, "Approve").status == 409


def test_returned_it_is_with_its_team(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    page = dirk.press(declare(dirk), "Return for changes", reason="Say why the age.")
    assert "back with its team" in page.text
    assert "Say why the age." in page.text
    assert not page.has_button("Approve")


def test_what_another_member_said_is_read_once_one_has_spoken(
    house: World, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    ready(database, people)
    quorum_of_two = application_file(id="bands", resource="open")
    applied(database, people, quorum_of_two)
    from projects.committee.pages import committee_page

    before = committee_page(database, people["dora"], "bands").bodies[0]
    assert (before.cast, before.shown) == (0, ())
    cast_vote(database, people["dirk"], "bands", "house", Word.DECLINE, reason="Too few.")
    after = committee_page(database, people["dora"], "bands").bodies[0]
    assert [vote.reason for vote in after.shown] == ["Too few."], "the body has decided"


@pytest.fixture
def two_decide(house: World, database: Database, people: dict[str, Person]) -> None:
    """An application on which two votes decide; dirk has said no."""
    ready(database, people)
    rules = load_rules(RULES / "open.toml")
    bodies = (rules.bodies[0].model_copy(update={"quorum": 2}),)
    made = propose_rules(database, people["olga"], rules.model_copy(update={"bodies": bodies}))
    confirm_rules(database, people["dora"], "open", made.number)
    apply_from_file(database, people["lena"], application_file(id="bands"))
    declare_interest(database, people["dirk"], "bands", conflict=False)
    cast_vote(database, people["dirk"], "bands", "house", Word.DECLINE, reason="Too few people.")


def test_a_member_with_a_conflict_is_not_shown_what_others_voted(two_decide: None, sits: Sits) -> None:
    dirk, dora = sits("dirk"), sits("dora")
    assert "Too few people." in dirk.open("/committee/bands").text, "who voted reads the votes"
    page = dora.open("/committee/bands")
    assert "What others voted is shown once you have voted." in page.text
    page = dora.press(page, "I have a conflict of interest", words="She is my sister.")
    assert "Too few people." not in page.text
    dirk.press(dirk.open("/committee/bands"), "Return for changes", reason="Ask for more people.")
    assert "Too few people." not in dora.open("/committee/bands").text


def test_what_was_written_of_a_round_that_is_over_is_refused_and_not_lost(
    two_decide: None, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    dirk, dora = sits("dirk"), sits("dora")
    stale = declare(dora)
    dirk.press(dirk.open("/committee/bands"), "Return for changes", reason="Ask for more people.")
    apply_from_file(database, people["lena"], application_file(id="bands", population="All adults."))
    for button in ("Approve", "Return for changes"):
        page = dora.press(stale, button, reason="Written of the first round.")
        assert page.status == 409
        assert "The application has changed since you opened it." in page.text
        written = [one.get_text() for one in page.soup.select("textarea[name=reason]")]
        assert written.count("Written of the first round.") == 1, "in the form it was written in, and no other"
    assert dora.press(page, "Approve").status == 200


def test_votes_stand_against_the_quorum(two_decide: None, sits: Sits) -> None:
    page = sits("dora").open("/committee")
    assert "1 of 2 votes" in page.text
    full = page.soup.select_one(".bar .full")
    assert full is not None
    assert full["width"] == "50"


def test_a_second_round_says_what_it_changed(
    two_decide: None, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    dirk = sits("dirk")
    assert "What changed since the round before" not in dirk.open("/committee/bands").text
    dirk.press(dirk.open("/committee/bands"), "Return for changes", reason="Ask for more people.")
    apply_from_file(database, people["lena"], application_file(id="bands", population="All <i>adults</i>."))
    page = dirk.open("/committee/bands")
    assert "What changed since the round before" in page.text
    rows = page.soup.select("section[aria-labelledby=changed] tbody tr")
    assert [row.get_text(" ", strip=True) for row in rows] == [
        "population Adults after a first episode. All <i>adults</i>."
    ]
    assert page.has_button("Approve"), "a new round, a new vote"


def test_a_settled_application_says_by_which_majority_and_what_came_of_it(waits: None, sits: Sits) -> None:
    dirk = sits("dirk")
    page = dirk.press(declare(dirk), "Approve")
    assert "Decided by 1 for, 0 against" in page.text
    assert page.soup.select_one("a[href='/projects/bands']")


@pytest.mark.parametrize(("username", "status"), [("olga", 200), ("anna", 200), ("rosa", 200), ("chris", 404)])
def test_to_others_it_is_there_or_not_and_has_no_buttons(waits: None, sits: Sits, username: str, status: int) -> None:
    reader = sits(username)
    page = reader.open("/committee/bands")
    assert page.status == status
    for button in ("Approve", "I have no conflict of interest", "Return for changes"):
        assert not page.has_button(button)
    token = reader.open("/applications").soup.find("input", {"name": "form_token"})["value"]  # type: ignore[index]
    for step in ("interest", "vote/house", "return", "exemption/window"):
        said = {"form_token": token, "word": "approve", "conflict": "no", "reason": "x", "granted": "yes"}
        answer = reader.client.post(f"/committee/bands/{step}", data=said, headers=FROM_OURSELVES)
        assert answer.status_code in (403, 404), (step, answer.status_code)


@pytest.mark.parametrize("username", ["olga", "rosa", "chris", "anna"])
def test_the_queue_is_the_committees(house: World, sits: Sits, username: str) -> None:
    assert sits(username).open("/committee").status == 403
