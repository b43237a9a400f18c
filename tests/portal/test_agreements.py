"""Agreements and fees in the portal: drawn up, signed in turn, in force; invoices by two people; nobody else's seen."""

from datetime import date

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from projects.agreements.models import AgreementKind
from projects.agreements.of_project import issue_invoice
from projects.agreements.policy import agreed_through
from projects.agreements.records import agreements_of
from projects.agreements.signing.models import DrawnAgreement
from projects.service import remove_member
from tests.conftest import HandClock
from tests.egress_review.world import World
from tests.portal.test_home import duties
from tests.support.agreements import drawn_up, signed_by
from tests.support.pages import Page, Reader
from tests.support.portal import Sits

HERE = "/agreements/cis-spinal"
SIGN = "Sign agreement cis-spinal.1"


@pytest.fixture
def drawn(house: World, database: Database, settings: Settings, people: dict[str, Person]) -> DrawnAgreement:
    return drawn_up(database, settings, people)


def sign(reader: Reader, **typed: str) -> Page:
    return reader.press(reader.open(f"{HERE}/1"), SIGN, **typed)


def test_from_drawing_up_to_force(house: World, sits: Sits, database: Database) -> None:
    olga, ravi, dora = sits("olga"), sits("ravi"), sits("dora")
    page = olga.press(olga.open(HERE), "Draw it up", signatory="ravi", countersignatory="dora")
    assert "The agreement is drawn up, and its signatory told." in page.text
    assert "waits for the signature of Ravi" in page.text
    assert duties(ravi.open("/")) == {"Agreements to sign": 1}
    assert "For you to sign" in ravi.open("/agreements").text
    page = sign(ravi, name="Ravi", agreed="yes")
    assert "You have signed. The other party is told that it is their turn." in page.text
    assert (duties(ravi.open("/")), page.has_button(SIGN)) == ({}, False)
    assert duties(dora.open("/")) == {"Agreements to sign": 1}
    page = sign(dora, name="Dora", agreed="yes")
    assert "You have signed. It is in force." in page.text
    with database.read() as connection:
        through = agreed_through(agreements_of(connection, "cis-spinal"), AgreementKind.DATA_USE)
    assert through == date(2026, 12, 31)
    page = olga.press(olga.open(HERE), "End the data use agreement")
    assert "The agreement has ended." in page.text
    assert page.has_button("Draw it up")


def test_what_a_signature_lacks_is_said_where_it_is_given(drawn: DrawnAgreement, sits: Sits) -> None:
    ravi = sits("ravi")
    page = sign(ravi, name="R.", agreed="yes")
    assert (page.status, "Type your name as it stands on your account: Ravi" in page.text) == (422, True)
    page = ravi.press(page, SIGN, name="Ravi")
    assert (page.status, "Tick that you have read it" in page.text) == (422, True)
    page = ravi.press(page, SIGN, name="Ravi", agreed="yes", document="0" * 64)
    assert (page.status, "another document" in page.text) == (409, True)


def test_in_somebody_elses_turn_there_is_no_form_and_a_forged_one_is_refused(drawn: DrawnAgreement, sits: Sits) -> None:
    page = sits("ravi").open(f"{HERE}/1")
    for username in ("dora", "lena", "olga"):
        reader = sits(username)
        own = reader.open(f"{HERE}/1")
        assert not own.has_button(SIGN)
        token = str(reader.open("/").soup.find("input", {"name": "form_token"})["value"])  # type: ignore[index]
        forged = reader.press(page, SIGN, form_token=token, name=username.title(), agreed="yes")
        assert (forged.status, "waits for the signature of Ravi" in forged.text) == (403, True), username


def test_the_document_is_given_to_whom_it_concerns_and_to_nobody_else(drawn: DrawnAgreement, sits: Sits) -> None:
    for username in ("ravi", "dora", "lena", "olga", "anna"):
        answer = sits(username).open(f"{HERE}/1/agreement.pdf").response
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
    for username in ("rosa", "carl", "dana"):
        for path in (f"{HERE}/1/agreement.pdf", f"{HERE}/1", HERE):
            assert sits(username).open(path).status == 404, (username, path)
    assert sits("ravi").open(HERE).status == 404, "who signs sees the agreement, and not what else was paid"


def test_a_file_that_was_changed_on_disk_is_not_given(drawn: DrawnAgreement, sits: Sits, settings: Settings) -> None:
    path = settings.agreements / drawn.document_sha256
    path.write_bytes(path.read_bytes().replace(b"%PDF-1.4", b"%PDF-1.7"))
    page = sits("ravi").open(f"{HERE}/1/agreement.pdf")
    assert (page.status, "is not the one that was recorded" in page.text) == (500, True)
    assert sign(sits("ravi"), name="Ravi", agreed="yes").status == 500


def test_a_project_that_changed_can_not_be_signed_for(
    drawn: DrawnAgreement, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    ravi, olga = sits("ravi"), sits("olga")
    page = ravi.open(f"{HERE}/1")
    remove_member(database, people["olga"], "cis-spinal", "rosa")
    assert ravi.press(page, SIGN, name="Ravi", agreed="yes").status == 409
    page = ravi.open(f"{HERE}/1")
    assert (page.has_button(SIGN), "The project has changed since" in page.text) == (False, True)
    page = olga.press(olga.open(f"{HERE}/1"), "Withdraw agreement cis-spinal.1")
    assert page.has_button("Draw it up")


def test_the_projects_page_says_whose_turn_it_is_to_its_lead(
    drawn: DrawnAgreement, sits: Sits, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    lena = sits("lena")
    assert (
        "Agreement cis-spinal.1 waits for the signature of Ravi, for University of Examples."
        in lena.open("/projects/cis-spinal").text
    )
    issue_invoice(database, people["olga"], "cis-spinal", amount=150_000, currency="EUR", due_on=date(2026, 7, 1))
    page = lena.open("/agreements")
    assert "Projects you lead" in page.text
    assert "Invoice 1 waits for the team’s payment" in page.text
    assert "Agreements and fees" not in sits("rosa").open("/projects/cis-spinal").soup.main.get_text()  # type: ignore[union-attr]
    signed_by(database, settings, people["ravi"], drawn)
    signed_by(database, settings, people["dora"], drawn)
    remove_member(database, people["olga"], "cis-spinal", "rosa")
    assert "The project has changed since its agreement was signed" in lena.open("/projects/cis-spinal").text


def test_an_invoice_takes_two_people(house: World, sits: Sits, clock: HandClock) -> None:
    olga, lena = sits("olga"), sits("lena")
    page = olga.press(olga.open(HERE), "Issue the invoice", amount="15oo", due_on="2026-07-01")
    assert (page.status, "is no amount" in page.text) == (422, True)
    page = olga.press(olga.open(HERE), "Issue the invoice", amount="1500.00", due_on="soon")
    assert (page.status, "Give the day" in page.text) == (422, True)
    page = olga.press(olga.open(HERE), "Issue the invoice", amount="1500.00", due_on="2026-07-01")
    assert "Invoice 1: 1500.00 EUR" in page.text
    assert "another person of operations records its payment" in page.text
    assert not page.has_button("Record the payment")
    assert not lena.open(HERE).has_button("Cancel invoice 1")
    clock.turn(days=31)
    olga, otto = sits("olga"), sits("otto")
    assert "overdue" in otto.open(HERE).text
    page = otto.press(otto.open(HERE), "Record the payment", reference="B 17")
    assert "Invoice 1 is paid." in page.text
    assert "recorded by otto" in page.text
    page = olga.press(olga.open(HERE), "Issue the invoice", amount="1", due_on="2026-08-01")
    assert "Invoice 2 is cancelled." in olga.press(page, "Cancel invoice 2").text


def test_who_has_nothing_to_sign_is_told_so(house: World, sits: Sits) -> None:
    assert "There is nothing for you to sign or to pay." in sits("carl").open("/agreements").text
