"""Operations administer people in the portal, kindly told beforehand what separation of duties forbids."""

from datetime import date

import pytest

from core.database import Database
from core.people.affiliations import affiliations_of, record_affiliation
from core.people.models import Person, Role, Sector, SystemActor
from core.people.policy import KEPT_APART, WHAT_ROLES_DO
from core.people.service import close_person, person_by_username, propose_role, revoke_role
from hub.models import ServerState
from hub.servers import move
from portal.people import read_pasted
from projects.training.service import record_training, trainings_for
from tests.conftest import ISSUER, HandClock
from tests.egress_review.world import World
from tests.support.catalog import activate, application_file, approved_project, demand_training, trained
from tests.support.pages import Page
from tests.support.portal import Sits

ZOE = {
    "username": "zoe",
    "name": "Zoë Müller",
    "email": "zoe@example.org",
    "issuer": ISSUER,
    "subject": "subject-zoe",
    "organisation": "University of Examples",
    "sector": "academic",
}
TRAINING = {"course": "data-protection", "passed": "2026-05-01", "through": "2027-04-30", "evidence": "C-4711"}


@pytest.fixture
def demanding(house: World, people: dict[str, Person]) -> World:
    """A house with a second project of lena and rosa, whose rules ask for a training."""
    demand_training(house.database, people)
    approved_project(house.database, people, application_file(id="trained-only"))
    activate(house.database, house.settings, people["olga"], "trained-only")
    return house


def listed(page: Page) -> list[str]:
    return [code.get_text() for code in page.soup.select('[aria-labelledby="found"] tbody th code')]


def standing(page: Page, role: str) -> str:
    """What a person's page says of one role."""
    rows = page.soup.select('section[aria-labelledby="roles"] > .table tbody tr')
    return next(row.get_text(" ", strip=True) for row in rows if row.find("th").get_text(strip=True) == role)  # type: ignore[union-attr]


class TestList:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("text=ROSA", ["rosa"]),
            ("text=examples", ["rosa"]),
            ("role=checker", ["carl", "chloe", "chris"]),
            ("role=checker&account=closed", ["carl"]),
            ("role=checker&account=open", ["chloe", "chris"]),
            ("text=ch&role=dac_member", []),
        ],
    )
    def test_people_are_searched_and_filtered(
        self, sits: Sits, database: Database, people: dict[str, Person], query: str, found: list[str]
    ) -> None:
        record_affiliation(database, people["olga"], "rosa", "University of Examples", Sector.ACADEMIC)
        close_person(database, people["olga"], "carl")
        page = sits("otto").open(f"/people?{query}")
        assert listed(page) == found
        assert ("Nobody is found" in page.text) == (not found)

    def test_everybody_is_listed_first(self, sits: Sits, people: dict[str, Person]) -> None:
        assert listed(sits("otto").open("/people")) == sorted(people)

    def test_a_filter_that_is_none_shows_everybody(self, sits: Sits, people: dict[str, Person]) -> None:
        assert listed(sits("otto").open("/people?role=pirate")) == sorted(people)

    def test_which_roles_are_kept_apart_is_said_with_the_reason(self, sits: Sits) -> None:
        text = sits("otto").open("/people").text
        assert all(reason in text for reason in KEPT_APART.values())

    def test_rights_that_end_soon_or_lack_are_said_and_others_are_not(
        self, demanding: World, sits: Sits, people: dict[str, Person], clock: HandClock
    ) -> None:
        """Lena lacks the training that `trained-only` asks for, and rosa's ends."""
        days = {"passed_on": date(2026, 1, 1), "through": date(2026, 7, 1)}
        record_training(demanding.database, people["olga"], "rosa", "data-protection", **days, evidence="C 1")
        otto = sits("otto")
        said = [link.get_text(" ", strip=True) for link in otto.open("/people").soup.select(".duties a")]
        assert said == [
            "missing the training data-protection of lena, asked for by trained-only",
            "30 days left the training data-protection of rosa, asked for by trained-only",
        ]
        clock.turn(minutes=1)
        trained(demanding.database, people, "lena", "rosa")
        assert "data-protection" not in otto.open("/people").text

    def test_a_closed_account_lacks_nothing(self, demanding: World, sits: Sits, people: dict[str, Person]) -> None:
        trained(demanding.database, people, "rosa")
        close_person(demanding.database, people["olga"], "lena")
        assert "data-protection" not in sits("otto").open("/people").text


class TestOnePerson:
    def test_what_is_on_record_is_on_one_page(
        self, house: World, sits: Sits, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        record_affiliation(database, people["olga"], "rosa", "University of Examples", Sector.ACADEMIC)
        clock.turn(days=1)
        record_affiliation(database, people["otto"], "rosa", "Acme Pharma", Sector.PHARMACEUTICAL)
        trained(database, people, "rosa")
        move(database, SystemActor("hub"), "rosa", "cis-spinal", ServerState.RUNNING, "hub:server:start")
        sits("rosa")
        page = sits("otto").open("/people/rosa")
        for words in (
            *("rosa@example.org", ISSUER, people["rosa"].subject),
            *("University of Examples", "Acme Pharma", "pharmaceutical", "by otto"),
            *("data-protection", "invented", "cis-spinal", "researcher"),
            *("In the browser since", "Notebook server of cis-spinal"),
        ):
            assert words in page.text, words

    def test_nobody_has_no_page(self, sits: Sits) -> None:
        assert sits("otto").open("/people/nobody-here").status == 404

    def test_who_has_nothing_is_shown_empty(self, sits: Sits) -> None:
        text = sits("otto").open("/people/ravi").text
        for words in ("No training is recorded.", "In the team of no project.", "No session is open", "not recorded"):
            assert words in text

    def test_roles_have_their_history(
        self, sits: Sits, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        clock.turn(minutes=1)
        revoke_role(database, people["olga"], "chris", Role.CHECKER)
        propose_role(database, people["otto"], "chris", Role.CHECKER)
        page = sits("olga").open("/people/chris")
        rows = page.soup.select('[aria-label="History of roles"] tbody tr')
        newest, first = (row.get_text(" ", strip=True) for row in rows)
        assert "by otto not not" in " ".join(newest.split())
        assert [words in first for words in ("by olga", "by otto")] == [True, True]

    @pytest.mark.parametrize(("username", "action"), [("otto", "Close"), ("otto", "Take away"), ("otto", "Record")])
    def test_ones_own_page_offers_nothing(self, sits: Sits, username: str, action: str) -> None:
        page = sits(username).open(f"/people/{username}")
        assert "This is your own account" in page.text
        assert action not in " ".join(tag.get_text() for tag in page.soup.select("main :is(button, a.button, summary)"))


class TestRoles:
    def test_every_role_says_what_it_lets_somebody_do(self) -> None:
        assert set(WHAT_ROLES_DO) == set(Role)

    def test_a_role_of_one_word_counts_at_once(self, sits: Sits, database: Database) -> None:
        otto = sits("otto")
        page = otto.press(otto.open("/people/ravi"), "Give the role auditor")
        assert "ravi now holds the role auditor." in page.text
        assert person_by_username(database, "ravi").roles == {Role.AUDITOR}

    def test_a_role_of_two_words_is_proposed_confirmed_and_taken_away(self, sits: Sits, database: Database) -> None:
        olga, otto = sits("olga"), sits("otto")
        page = olga.press(olga.open("/people/ravi"), "Propose the role dac member")
        assert "waits for a second person" in page.text
        assert "proposed" in standing(page, "dac member")
        assert person_by_username(database, "ravi").roles == frozenset()
        otto.press(otto.open("/people/grants"), "Confirm that Ravi is dac member")
        assert person_by_username(database, "ravi").roles == {Role.DAC_MEMBER}
        before = otto.open("/people/ravi/roles/dac_member/revoke")
        assert "Giving the role again takes two people" in before.text
        otto.press(before, "Take the role dac member away")
        assert person_by_username(database, "ravi").roles == frozenset()

    def test_a_proposal_is_taken_back_and_not_made_twice(
        self, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        olga = sits("olga")
        page = olga.open("/people/ravi")
        once = olga.press(page, "Propose the role checker")
        assert "is proposed for ravi already" in olga.press(page, "Propose the role checker").text
        olga.press(once, "Take the proposal back of the role checker")
        assert "No role waits" in sits("otto").open("/people/grants").text

    @pytest.mark.parametrize(
        ("username", "role", "why"),
        [
            ("chris", "ops", "who runs the house does not review what leaves it"),
            ("chris", "dac member", "who lets data in does not let them out"),
            ("dirk", "ops", "who runs the house does not decide who may use the data"),
            ("olga", "auditor", "who runs the house does not audit it"),
        ],
    )
    def test_what_is_kept_apart_is_said_beforehand_and_has_no_button(
        self, sits: Sits, username: str, role: str, why: str
    ) -> None:
        page = sits("otto").open(f"/people/{username}")
        assert why in standing(page, role)
        assert not page.has_button(f"the role {role}")

    def test_and_is_refused_all_the_same(self, sits: Sits, database: Database) -> None:
        otto = sits("otto")
        page = otto.press(otto.open("/people/chris"), "Give the role auditor", role="ops")
        assert (page.status, "kept apart" in page.text) == (403, True)
        assert Role.OPS not in person_by_username(database, "chris").roles

    @pytest.mark.parametrize("path", ["/people/ravi/roles/checker/revoke", "/people/ravi/roles/pirate/revoke"])
    def test_a_role_that_is_not_held_has_nothing_to_take(self, sits: Sits, path: str) -> None:
        page = sits("otto").open(path)
        assert "does not hold this role" in page.text
        assert not page.has_button("away")

    def test_no_such_role_is_given(self, sits: Sits) -> None:
        otto = sits("otto")
        assert otto.press(otto.open("/people/ravi"), "Give the role auditor", role="pirate").status == 404


class TestSecondWord:
    def test_a_committee_member_says_it_from_a_duty_and_sees_nothing_else_of_people(
        self, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        propose_role(database, people["olga"], "ravi", Role.CHECKER)
        record_affiliation(database, people["olga"], "ravi", "University of Examples", Sector.ACADEMIC)
        dirk = sits("dirk")
        duty = dirk.open("/").soup.select_one('.duties a[href="/people/grants"]')
        assert duty is not None
        assert duty.get_text(" ", strip=True) == "1 Roles to confirm"
        page = dirk.open("/people/grants")
        for words in ("Ravi: checker", "University of Examples", "by olga", "reviews outputs"):
            assert words in page.text
        assert people["ravi"].email not in page.response.text
        assert people["ravi"].subject not in page.response.text
        assert "ravi now holds the role checker." in dirk.press(page, "Confirm that Ravi is checker").text
        assert person_by_username(database, "ravi").roles == {Role.CHECKER}

    def test_who_proposed_has_no_button(self, sits: Sits, database: Database, people: dict[str, Person]) -> None:
        propose_role(database, people["olga"], "ravi", Role.CHECKER)
        page = sits("olga").open("/people/grants")
        assert "Somebody else confirms it" in page.text
        assert not page.has_button("Confirm")

    def test_a_second_press_is_refused(self, sits: Sits, database: Database, people: dict[str, Person]) -> None:
        propose_role(database, people["olga"], "ravi", Role.CHECKER)
        otto = sits("otto")
        page = otto.open("/people/grants")
        otto.press(page, "Confirm")
        assert otto.press(page, "Confirm").status == 403


class TestClosing:
    def test_what_ends_is_said_before_and_ends(self, house: World, sits: Sits, database: Database) -> None:
        move(database, SystemActor("hub"), "lena", "cis-spinal", ServerState.RUNNING, "hub:server:start")
        lena, otto = sits("lena"), sits("otto")
        before = otto.open("/people/lena/close")
        for words in ("1 open session", "the notebook server of cis-spinal", "They lead"):
            assert words in before.text
        page = otto.press(before, "Close this account")
        assert "nobody signs in with it" in page.text
        assert lena.client.get("/projects", follow_redirects=False).status_code == 303
        page = otto.press(page, "Open this account again")
        assert "The account is open again" in page.text
        assert person_by_username(database, "lena").active

    def test_ones_own_account_is_not_offered(self, sits: Sits) -> None:
        page = sits("otto").open("/people/otto/close")
        assert "Nobody closes their own account." in page.text
        assert not page.has_button("Close")


class TestTrainings:
    def test_a_training_is_recorded_with_its_validity_and_taken_back(
        self, sits: Sits, database: Database, people: dict[str, Person]
    ) -> None:
        otto = sits("otto")
        page = otto.press(otto.open("/people/ravi"), "Record this training", **TRAINING)
        assert "The training data-protection is recorded." in page.text
        assert "30 April 2027" in page.text
        before = otto.open("/people/ravi/trainings/data-protection/revoke")
        assert "No running project they are in asks for it." in before.text
        assert "taken back" in otto.press(before, "Take the training back").text
        found = trainings_for(database, people["otto"], "ravi")
        assert [(one.through, one.revoked_at is not None) for one in found] == [(date(2027, 4, 30), True)]

    def test_before_it_is_taken_back_the_projects_it_opens_are_named(
        self, demanding: World, sits: Sits, people: dict[str, Person]
    ) -> None:
        trained(demanding.database, people, "rosa")
        text = sits("otto").open("/people/rosa/trainings/data-protection/revoke").text
        assert "trained-only asks for this training: Rosa is out of it within seconds" in text

    def test_a_course_the_rules_ask_for_is_offered(self, demanding: World, sits: Sits) -> None:
        page = sits("otto").open("/people/rosa")
        assert [option["value"] for option in page.soup.select("#courses option")] == ["data-protection"]

    def test_a_course_they_did_not_pass_is_not_taken_back(self, sits: Sits) -> None:
        page = sits("otto").open("/people/ravi/trainings/sailing/revoke")
        assert "no training in this course" in page.text
        assert not page.has_button("Take the training back")

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"passed": ""}, "A day is missing or is none."),
            ({"through": "2026-04-30"}, "the last day lies before it"),
            ({"evidence": " "}, "Say what shows it"),
            ({"course": "Data Protection"}, "is no course"),
        ],
    )
    def test_what_is_wrong_is_said(self, sits: Sits, wrong: dict[str, str], said: str) -> None:
        otto = sits("otto")
        page = otto.press(otto.open("/people/ravi"), "Record this training", **{**TRAINING, **wrong})
        assert (page.status, said in page.text) == (422, True)


class TestAffiliation:
    def test_where_somebody_works_is_recorded(self, sits: Sits, database: Database) -> None:
        otto = sits("otto")
        filled = {"organisation": "Acme Pharma", "sector": "pharmaceutical"}
        page = otto.press(otto.open("/people/rosa"), "Record this organisation", **filled)
        assert "It is recorded that rosa works at Acme Pharma." in page.text
        with database.read() as connection:
            assert affiliations_of(connection, ["rosa"])["rosa"].sector is Sector.PHARMACEUTICAL

    @pytest.mark.parametrize("filled", [{"organisation": "Acme"}, {"organisation": " ", "sector": "academic"}])
    def test_what_is_missing_is_said(self, sits: Sits, filled: dict[str, str]) -> None:
        otto = sits("otto")
        assert otto.press(otto.open("/people/rosa"), "Record this organisation", **filled).status == 422


class TestAdding:
    def test_somebody_is_added_with_where_they_work(self, sits: Sits, database: Database) -> None:
        otto = sits("otto")
        page = otto.press(otto.open("/people/new"), "Add this person", **ZOE)
        assert (page.path, page.heading) == ("/people/zoe", "Zoë Müller")
        assert "University of Examples" in page.text
        assert person_by_username(database, "zoe").subject == "subject-zoe"

    def test_the_issuer_is_the_installations_own_unless_said(self, sits: Sits, database: Database) -> None:
        otto = sits("otto")
        page = otto.open("/people/new")
        field = page.soup.find("input", {"name": "issuer"})
        assert field is not None
        assert field["value"] == otto.client.app.state.site.settings.oidc_issuer  # type: ignore[attr-defined]
        odd = otto.press(page, "Add this person", **{**ZOE, "issuer": "https://elsewhere.example.org", "sector": ""})
        assert "not the provider of this installation" in odd.text

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"username": "rosa"}, "There already is somebody called rosa."),
            ({"subject": "subject-rosa"}, "This subject belongs to the account rosa."),
            ({"email": "ROSA@example.org"}, "This mail address belongs to the account rosa."),
            ({"email": "carl@example.org"}, "the account carl, which is closed. One person has one account: reopen"),
            ({"username": "new"}, "Nobody can be called new"),
            ({"username": "Zoë"}, "is no user name"),
            ({"email": "zoe"}, "No mail can be sent to this address."),
            ({"name": " "}, "The name is missing."),
            ({"subject": "x" * 255}, "The subject is too long."),
            ({"sector": ""}, "Say what kind of organisation it is."),
            ({"organisation": ""}, "Name the organisation"),
        ],
    )
    def test_a_refusal_keeps_what_was_filled_in_and_adds_nobody(
        self, sits: Sits, database: Database, people: dict[str, Person], wrong: dict[str, str], said: str
    ) -> None:
        close_person(database, people["olga"], "carl")
        otto = sits("otto")
        before = listed(otto.open("/people"))
        page = otto.press(otto.open("/people/new"), "Add this person", **{**ZOE, **wrong})
        assert page.status in (403, 422)
        assert said in page.text
        kept = {str(field["name"]): field.get("value", "") for field in page.soup.select("main input[type=text]")}
        assert kept["organisation"] == {**ZOE, **wrong}["organisation"]
        assert listed(otto.open("/people")) == before

    def test_the_lines_of_somebody_unknown_fill_the_form_in(self, sits: Sits) -> None:
        otto = sits("otto")
        pasted = f"> hello\nIssuer: {ISSUER}\r\n Subject: 47:11 \nMail: zoe@example.org"
        page = otto.press(otto.open("/people/new"), "Fill in the form", pasted=pasted)
        values = {field.get("name"): field.get("value") for field in page.soup.select("main input")}
        assert [values[name] for name in ("issuer", "subject", "email")] == [ISSUER, "47:11", "zoe@example.org"]
        assert page.status == 200

    def test_lines_that_lack_something_are_said_so(self, sits: Sits) -> None:
        otto = sits("otto")
        page = otto.press(otto.open("/people/new"), "Fill in the form", pasted="Subject: 4711")
        assert (page.status, "The lines are not complete." in page.text) == (422, True)


def test_other_lines_than_those_of_the_page_fill_in_nothing() -> None:
    assert read_pasted("Username: rosa\nrole: ops\nSubject:\nNAME: Zoë") == {"name": "Zoë"}
