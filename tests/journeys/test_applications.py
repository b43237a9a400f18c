"""From application to the end of a contract, by the two resources' own rules, on the days they turn on.

One house, its clock set forward from day to day: the call of MS CIDR closes, a company's two studies work under one
contract until it ends in the middle of a running server, four of six registries say yes, and an amendment adds a
variable beside a cut that stays as it was.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from core.files import sha256_file
from core.people.service import all_people
from projects.agreements.models import YEARS, AgreementKind
from projects.agreements.of_project import issue_invoice, record_agreement, record_payment
from projects.applications.errors import RulesRefuse
from projects.applications.models import ApplicationFile
from projects.applications.service import (
    answers_of,
    apply_from_file,
    begin_application,
    save_answer,
)
from projects.committee.models import Word
from projects.committee.service import cast_vote, declare_interest
from projects.training.service import record_training
from tests.journeys.house import House, running_house
from tests.journeys.screens import Visitor, signed_in
from tests.journeys.test_main_job import servers_of
from tests.support.browser import chromium
from tests.support.catalog import application_file, ready, submitted
from tests.support.registries import REGISTRIES, publish_registries, publish_trials

BEFORE = datetime(2026, 6, 16, 9, tzinfo=UTC)
LAST_MINUTE = datetime(2026, 6, 17, 23, 58, tzinfo=UTC)
TOO_LATE = datetime(2026, 6, 18, 0, 0, 1, tzinfo=UTC)
STUDIES_BEGIN = datetime(2026, 7, 1, 9, tzinfo=UTC)
AMENDED = datetime(2026, 9, 1, 9, tzinfo=UTC)
STUDIES_END = date(2029, 12, 31)
CONTRACT_STARTS = date(2026, 6, 1)
CONTRACT_ENDS = datetime(2026 + YEARS, 6, 1, tzinfo=UTC)
LEFT = timedelta(minutes=3)
STUDIES = ("acme-cord", "acme-edss", "last-minute", "six-registries")
SAID_YES = ("remus", "dmsr", "smsreg", "msbase")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house(at=BEFORE) as house:
        yield house


@pytest.mark.timeout(600)
def test_from_application_to_the_end_of_a_contract(house: House, tmp_path: Path) -> None:
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        the_house_is_made_ready(house, tmp_path)
        lena, rosa, dirk = (
            stack.enter_context(signed_in(browser, house.settings, name)) for name in ("lena", "rosa", "dirk")
        )
        rosa_applies_for_two_studies_of_a_company(house)
        it_is(house, LAST_MINUTE, lena)
        lena_applies_in_the_last_minutes_of_the_call(house, lena)
        it_is(house, TOO_LATE, lena)
        the_next_one_is_a_second_too_late(house, lena)
        the_committee_says_yes_to_what_came_in_time(house)
        lena_applies_to_six_registries(house, lena)
        it_is(house, STUDIES_BEGIN, lena, rosa, dirk)
        declares(lena)
        four_registries_say_yes(dirk)
        every_study_is_settled_and_begins(house, tmp_path)
        the_cut_holds_the_four(house, lena)
        it_is(house, AMENDED, lena, dirk)
        an_amendment_adds_a_variable_beside_the_old_cut(house, lena, dirk)
        it_is(house, CONTRACT_ENDS - LEFT, rosa)
        declares(rosa)
        the_contract_ends_in_the_middle_of_a_running_server(house, rosa)
        the_log_is_whole(house)


def it_is(house: House, moment: datetime, *visitors: Visitor) -> None:
    house.set_clock(moment)
    for visitor in visitors:
        visitor.sign_in()


def declares(visitor: Visitor) -> None:
    """Make the declaration both resources ask for, which counts for a year."""
    visitor.open("/me").get_by_role("button", name="I declare this").first.click()
    expect(visitor.page.get_by_role("status").first).to_be_visible()


def the_house_is_made_ready(house: House, folder: Path) -> None:
    """Data, the resources' rules as they are published, seats, training, and a company's contract."""
    people = {one.username: one for one in all_people(house.database)}
    publish_trials(house.database, house.settings, people["dana"], folder)
    publish_registries(house.database, house.settings, people["dana"], folder)
    ready(house.database, people)
    days = {"passed_on": date(2026, 1, 10), "through": STUDIES_END}
    for person in ("lena", "rosa"):
        record_training(house.database, people["olga"], person, "data-protection", **days, evidence="invented")
    document = folder / "signed.pdf"
    document.write_bytes(b"%PDF-1.7 signed, invented")
    terms = ("--organisation", "Acme Pharma", "--starts", f"{CONTRACT_STARTS}", "--signatory", "A. Cme")
    signed = ("--resource", "ms_cidr", *terms, "--document", str(document))
    assert "through 2029-05-31" in house.myelin("olga", "contract", "record", "acme-1", *signed)


def study(project_id: str, **changes: object) -> ApplicationFile:
    """An application to MS CIDR about natural history, as lena would write it."""
    asked = {"patient": {"variables": ["sex", "course"]}, "visit": {"variables": ["edss"]}}
    fields: dict[str, object] = {
        "id": project_id,
        "resource": "ms_cidr",
        "title": f"Disability in progressive MS: {project_id}",
        "question": "Natural history: how does the EDSS go on in people who had placebo or no treatment?",
        "purposes": ["natural history"],
        "population": "People with progressive MS.",
        "starts": date(2026, 7, 1),
        "ends": date(2029, 6, 30),
        "team": [{"username": "lena", "role": "lead"}],
        "datasets": {"ms_cidr": asked},
        "signatory": SIGNATORY,
    }
    return application_file(**(fields | changes))


TABLES = """
import myelin
print("tables", *sorted(f"{table}" for table in myelin.connect().sql("SHOW ALL TABLES").df()["schema"].unique()))
"""
SIGNATORY = {"name": "S. Amann", "position": "head of research", "organisation": "Examples", "email": "s@example.org"}


def rosa_applies_for_two_studies_of_a_company(house: House) -> None:
    rosa = {"username": "rosa", "role": "lead", "organisation": "Acme Pharma", "sector": "pharmaceutical"}
    for project_id in ("acme-cord", "acme-edss"):
        apply_from_file(house.database, house.person("rosa"), study(project_id, team=[rosa], contract="acme-1"))


def written(house: House, file: ApplicationFile) -> None:
    """Have lena's draft stand as she wrote it on earlier days."""
    lena = house.person("lena")
    begin_application(house.database, lena, file.resource, file.id)
    for field, value in answers_of(file).items():
        save_answer(house.database, lena, file.id, field, value, 0)


def lena_applies_in_the_last_minutes_of_the_call(house: House, lena: Visitor) -> None:
    written(house, study("last-minute"))
    page = lena.open("/applications/last-minute")
    page.get_by_label("Title").fill("Disability in progressive MS, by sex")
    expect(page.locator("#saved")).to_contain_text("Saved")
    lena.shoot("20-last-minute")
    page.get_by_role("button", name="Read it as a whole, and submit").click()
    page.get_by_label("What this application says is true").check()
    lena.shoot("20-last-minute-read")
    page.get_by_role("button", name="Submit to the committee").click()
    expect(page.get_by_text("before the committee").first).to_be_visible()


def the_next_one_is_a_second_too_late(house: House, lena: Visitor) -> None:
    file = study("too-late")
    written(house, file)
    page = lena.open("/applications/too-late")
    expect(page.get_by_text("from 5 May 2026 through 17 June 2026, that day included").first).to_be_visible()
    expect(page.get_by_role("button", name="Submit to the committee")).to_have_count(0)
    lena.shoot("21-too-late")
    with pytest.raises(RulesRefuse, match="window"):
        submitted(house.database, house.person("lena"), file.id)


def the_committee_says_yes_to_what_came_in_time(house: House) -> None:
    for project_id in ("acme-cord", "acme-edss", "last-minute"):
        for member in (house.person("dirk"), house.person("dora")):
            declare_interest(house.database, member, project_id, conflict=False)
            cast_vote(house.database, member, project_id, "alliance", Word.APPROVE)


def lena_applies_to_six_registries(house: House, lena: Visitor) -> None:
    asked = {"patient": {"variables": ["sex", "course"]}, "visit": {"variables": ["edss"]}}
    file = application_file(
        id="six-registries",
        resource="bmsd",
        title="Disability in six registries",
        purposes=["retrospective analysis"],
        population="People with relapsing MS.",
        starts=date(2026, 7, 1),
        ends=STUDIES_END,
        team=[{"username": "lena", "role": "lead"}],
        ethics={"reference": "2026-17, invented", "through": STUDIES_END},
        datasets=dict.fromkeys(REGISTRIES, asked),
        signatory=SIGNATORY,
    )
    apply_from_file(house.database, house.person("lena"), file)
    expect(lena.open("/applications/six-registries").get_by_text("before the committee").first).to_be_visible()


def four_registries_say_yes(dirk: Visitor) -> None:
    page = dirk.open("/committee/six-registries")
    page.get_by_role("button", name="I have no conflict of interest").click()
    for registry in REGISTRIES:
        vote = page.locator(f'section[aria-labelledby="body-{registry}"]')
        if registry in SAID_YES:
            vote.get_by_role("button", name="Approve").click()
        else:
            vote.get_by_label("Reason").fill("Our ethics committee asks for its own application.")
            vote.get_by_role("button", name="Decline").click()
    dirk.shoot("22-four-of-six")
    expect(page.get_by_text("The application is approved.")).to_be_visible()


def every_study_is_settled_and_begins(house: House, folder: Path) -> None:
    refused = house.myelin("olga", "project", "activate", "last-minute", refused=3)
    assert "The data use agreement of last-minute is missing." in refused
    assert "The fee of last-minute is missing." in refused
    olga, otto, kind = house.person("olga"), house.person("otto"), AgreementKind.DATA_USE
    signed = {"through": STUDIES_END, "signatory": "S. Amann", "document": folder / "signed.pdf"}
    for project_id in STUDIES:
        record_agreement(house.database, house.settings, olga, project_id, kind, **signed)
    asked = {"amount": 150_000, "currency": "EUR", "due_on": date(2026, 7, 31)}
    number = issue_invoice(house.database, olga, "last-minute", **asked).number
    record_payment(house.database, otto, number, paid_on=date(2026, 7, 1), reference="invented")
    for project_id in STUDIES:
        assert "active" in house.myelin("olga", "project", "activate", project_id)


def the_cut_holds_the_four(house: House, lena: Visitor) -> None:
    assert set(datasets_of_cut(house)) == set(SAID_YES)
    notebook = lena.open_notebook("six-registries")
    lena.open_welcome()
    shown = lena.run_cell(TABLES, until="tables")
    for registry in REGISTRIES:
        assert (registry in shown.split()) == (registry in SAID_YES)
    lena.shoot("23-four-registries", notebook)


def datasets_of_cut(house: House, number: int = 1) -> dict[str, Path]:
    """The folders of a cut, by dataset."""
    tables = (house.settings.cuts / "six-registries" / str(number)).rglob("*.parquet")
    return {table.parent.name: table.parent for table in tables}


def an_amendment_adds_a_variable_beside_the_old_cut(house: House, lena: Visitor, dirk: Visitor) -> None:
    before = bytes_of(house.settings.cuts / "six-registries" / "1")
    page = lena.open("/projects/six-registries")
    page.get_by_role("button", name="Ask for other data, people or time").click()
    page.get_by_label("What is to change, and why?").fill("Walking is what the question turned out to be about.")
    page.get_by_role("group", name="Move to the newest edition").get_by_label("No").check()
    picker = page.locator("#pickers details.picker").filter(has=page.get_by_text("remus.visit", exact=True))
    picker.get_by_role("checkbox", name="ambulation").check()
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page.get_by_text("Everything is answered")).to_be_visible()
    lena.shoot("24-amendment")
    page.get_by_role("button", name="Read it as a whole, and submit").click()
    page.get_by_label("What this application says is true").check()
    page.get_by_role("button", name="Submit to the committee").click()
    page = dirk.open("/committee/six-registries.1")
    expect(page.get_by_role("row", name="remus.visit").first).to_contain_text("ambulation")
    page.get_by_role("button", name="I have no conflict of interest").click()
    dirk.shoot("25-amendment-judged")
    expect(page.get_by_role("button", name="Approve")).to_have_count(1)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("The application is approved.")).to_be_visible()
    assert columns_of(house, "remus", "visit", 1) == columns_of(house, "remus", "visit") == {"pseudonym", "edss"}
    house.myelin("olga", "project", "recut", "six-registries")
    assert columns_of(house, "remus", "visit", 2) == {"pseudonym", "edss", "ambulation"}
    assert columns_of(house, "dmsr", "visit", 2) == {"pseudonym", "edss"}
    assert bytes_of(house.settings.cuts / "six-registries" / "1") == before, "the old cut is as it was"


def bytes_of(folder: Path) -> dict[str, str]:
    """Every file of a cut, by its hash."""
    return {str(file.relative_to(folder)): sha256_file(file) for file in folder.rglob("*") if file.is_file()}


def columns_of(house: House, dataset: str, table: str, number: int = 1) -> set[str]:
    """The columns of a table in a cut."""
    return set(pq.read_schema(datasets_of_cut(house, number)[dataset] / f"{table}.parquet").names)


def the_contract_ends_in_the_middle_of_a_running_server(house: House, rosa: Visitor) -> None:
    page = rosa.open("/projects/acme-edss")
    expect(page.get_by_text("contract acme-1 of Acme Pharma").first).to_be_visible()
    rosa.open_notebook("acme-cord")
    rosa.open_welcome()
    assert "still here" in rosa.run_cell("print('still', 'here')", until="still here")
    rosa.shoot("26-before-midnight", rosa.notebook)
    house.set_clock(CONTRACT_ENDS - timedelta(seconds=10))
    left = (CONTRACT_ENDS - house.database.clock()).total_seconds()
    midnight = monotonic() + left
    while "rosa" in servers_of(house):
        assert monotonic() - midnight < 10, "the server outlived the contract by more than 10 s"
        sleep(0.2)
    assert left > 0
    assert monotonic() > midnight, "it ended before the contract did"
    rosa.sign_in()
    for project_id in ("acme-cord", "acme-edss"):
        page = rosa.open(f"/projects/{project_id}")
        expect(page.get_by_text("Contract acme-1 of Acme Pharma ended on 31 May 2029.").first).to_be_visible()
        expect(page.get_by_role("link", name="Open notebook")).to_have_count(0)
    rosa.shoot("27-after-midnight")
    shown = house.myelin("olga", "project", "show", "last-minute")
    assert "active" in shown, "what an academic pays a fee for has no contract, and goes on"


def the_log_is_whole(house: House) -> None:
    assert "agree" in house.myelin("anna", "audit", "verify")
