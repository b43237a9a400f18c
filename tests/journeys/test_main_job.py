"""The main job as one walk: real records, real containers, a real browser, from source file to released output."""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic, sleep

import pytest
from playwright.sync_api import expect

from ops.demo.provision import PROJECT_FILE
from tests.journeys.house import CHECKOUT, House, running_house
from tests.journeys.screens import Visitor, signed_in
from tests.support.browser import chromium

PROJECT = "cis-spinal"
OPEN_RULES = CHECKOUT / "projects" / "resource_rules" / "open.toml"

SMALL_CELLS = """
bands = data.sql('''
    SELECT oligoclonal_bands, count(*) FILTER (WHERE converted = 1) AS converted,
           count(*) FILTER (WHERE converted = 2) AS not_converted
    FROM cis_cohort.patients WHERE spinal_cord_mri = 1 AND infratentorial_mri = 1 AND gender = 1
    GROUP BY ALL ORDER BY ALL''').df()
bands.to_csv(Path.home() / "outbox" / "bands.csv", index=False)
asked = myelin.request_release(Path.home() / "outbox" / "bands.csv", description="Bands, men with two lesions")
asked
"""
CORRECTED = """
whole = data.sql('''
    SELECT gender, count(*) FILTER (WHERE converted = 1) AS converted,
           count(*) FILTER (WHERE converted = 2) AS not_converted
    FROM cis_cohort.patients GROUP BY ALL ORDER BY ALL''').df()
whole.to_csv(Path.home() / "outbox" / "conversion_by_gender.csv", index=False)
myelin.request_release(Path.home() / "outbox" / "conversion_by_gender.csv", description="Conversion by gender",
                       replaces={request!r})
"""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with running_house() as house:
        yield house


@pytest.mark.timeout(600)
def test_from_source_file_to_released_output(house: House) -> None:
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        rosa, lena, chris, chloe, dirk, olga = (
            stack.enter_context(signed_in(browser, house.settings, name))
            for name in ("rosa", "lena", "chris", "chloe", "dirk", "olga")
        )
        data_are_taken_in(house)
        the_rules_are_put_in_force(house)
        lena_applies(house, lena)
        the_committee_approves(dirk)
        the_project_is_activated(house, olga)
        rosa_reads_what_she_was_approved_for(house, rosa)
        rosa_runs_the_welcome_notebook(rosa)
        request = rosa_asks_for_a_table_with_small_cells(rosa)
        nothing_of_it_shows_outside(rosa, request)
        chris_sees_the_small_cells_and_asks_for_a_change(chris, request)
        chloe_is_blind_until_she_has_spoken(chloe, request)
        chris_sends_it_back(chris, request)
        rosa_reads_why_and_submits_a_corrected_table(rosa, request)
        both_checkers_approve_and_it_is_released(chris, chloe, request)
        rosa_downloads_what_was_reviewed(house, rosa, request)
        leaving_the_team_ends_the_server(house)
        the_project_is_closed(house)
        the_audit_log_tells_it_all(house)


def data_are_taken_in(house: House) -> None:
    assert "273 rows" in house.ingest("dana", "cis_cohort")
    assert "rows" in house.ingest("dana", "edss_visits")
    assert "may not do this" in house.myelin("rosa", "dataset", "ingest", "x.toml", "x", refused=3)


def the_rules_are_put_in_force(house: House) -> None:
    assert "Proposed." in house.myelin("olga", "rules", "propose", str(OPEN_RULES))
    house.myelin("olga", "rules", "confirm", "open", "1", refused=3)
    assert "In force" in house.myelin("dirk", "rules", "confirm", "open", "1")
    assert "sits on house" in house.myelin("olga", "rules", "seat", "open", "house", "dirk")


def lena_applies(house: House, lena: Visitor) -> None:
    assert "submitted" in house.myelin("lena", "application", "submit", str(PROJECT_FILE))
    page = lena.open(f"/applications/{PROJECT}")
    expect(page.get_by_text("before the committee").first).to_be_visible()
    lena.shoot("00-application")


def the_committee_approves(dirk: Visitor) -> None:
    page = dirk.open("/committee")
    page.get_by_role("link", name="Spinal cord lesions").click()
    page.get_by_role("button", name="I have no conflict of interest").click()
    dirk.shoot("01-committee")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("The application is approved.")).to_be_visible()


def the_project_is_activated(house: House, olga: Visitor) -> None:
    assert "active" in house.myelin("olga", "project", "activate", PROJECT)
    page = olga.open("/operations")
    expect(page.get_by_text("active", exact=True).first).to_be_visible()
    olga.shoot("02-operations")


def rosa_reads_what_she_was_approved_for(house: House, rosa: Visitor) -> None:
    page = rosa.open("/projects")
    rosa.shoot("03-projects")
    assert page.get_by_text("synthetic").first.is_visible() == house.synthetic
    page = rosa.open(f"/projects/{PROJECT}/variables")
    expect(page.get_by_text("spinal_cord_mri")).to_be_visible()
    assert page.get_by_text("schooling").count() == 0
    rosa.shoot("04-variables")


def rosa_runs_the_welcome_notebook(rosa: Visitor) -> None:
    notebook = rosa.open_notebook(PROJECT)
    rosa.run_welcome()
    expect(notebook.get_by_text("residual degrees of freedom").last).to_be_visible(timeout=90_000)
    output = notebook.locator(".jp-OutputArea")
    for shown in ("not_converted", "odds_ratio", "spinal_cord_mri", "submitted"):
        expect(output.filter(has_text=shown).last).to_be_visible(timeout=90_000)
    rosa.shoot("05-welcome-notebook", notebook)


def rosa_asks_for_a_table_with_small_cells(rosa: Visitor) -> str:
    shown = rosa.run_cell(SMALL_CELLS, until="submitted")
    assert rosa.notebook
    rosa.shoot("06-request", rosa.notebook)
    assert "fail" in shown.lower()
    return rosa.run_cell("print('id', asked.id)", until="id ").split()[1]


def nothing_of_it_shows_outside(rosa: Visitor, request: str) -> None:
    page = rosa.open("/requests")
    expect(page.get_by_text(request)).to_be_visible()
    rosa.shoot("07-my-requests")
    assert "bands.csv" not in page.content()
    assert "men with two lesions" not in page.content()


def chris_sees_the_small_cells_and_asks_for_a_change(chris: Visitor, request: str) -> None:
    chris.open("/reviews")
    chris.shoot("08-queue")
    page = chris.open(f"/reviews/{request}")
    expect(page.frame_locator("iframe").first.get_by_text("not_converted")).to_be_visible()
    expect(page.get_by_text("Fails").first).to_be_visible()
    chris.shoot("09-review")
    page.get_by_label("Ask for a change").check()
    page.get_by_label("Comment on this file").fill("Cells of fewer than 10 people: show it by gender only.")
    page.get_by_role("button", name="Send my review").click()
    expect(page.get_by_text("You have reviewed this round")).to_be_visible()


def chloe_is_blind_until_she_has_spoken(chloe: Visitor, request: str) -> None:
    page = chloe.open(f"/reviews/{request}")
    assert "show it by gender only" not in page.content()
    page.get_by_label("Ask for a change").check()
    page.get_by_role("button", name="Send my review").click()
    expect(page.get_by_text("show it by gender only")).to_be_visible()
    expect(page.get_by_text("can’t be approved")).to_be_visible()


def chris_sends_it_back(chris: Visitor, request: str) -> None:
    page = chris.open(f"/reviews/{request}")
    page.get_by_label("What should change").fill("Small cells. Show conversion by gender only.")
    chris.shoot("10-decision")
    page.get_by_role("button", name="Send back to the team").click()
    expect(page.get_by_text("sent back to the team")).to_be_visible()


def rosa_reads_why_and_submits_a_corrected_table(rosa: Visitor, request: str) -> None:
    page = rosa.open("/requests")
    expect(page.locator(f"#request-{request}").get_by_text("returned").first).to_be_visible()
    rosa.run_cell("myelin.requests()", until="Show conversion by gender only")
    rosa.run_cell(CORRECTED.format(request=request), until="submitted")
    assert rosa.notebook
    rosa.shoot("11-corrected", rosa.notebook)


def both_checkers_approve_and_it_is_released(chris: Visitor, chloe: Visitor, request: str) -> None:
    for checker in (chris, chloe):
        page = checker.open(f"/reviews/{request}")
        page.get_by_label("Approve", exact=True).check()
        page.get_by_role("button", name="Send my review").click()
    chloe.shoot("12-both-have-spoken")
    page.get_by_role("button", name="Approve the request").click()
    page.get_by_role("button", name="Release to the team").click()
    expect(page.get_by_text("released to the team")).to_be_visible()
    chloe.shoot("13-released")


def rosa_downloads_what_was_reviewed(house: House, rosa: Visitor, request: str) -> None:
    page = rosa.open("/requests")
    released = page.locator(f"#request-{request}")
    rosa.shoot("14-download")
    with page.expect_download() as download:
        released.get_by_role("link", name="Download").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"gender,converted,not_converted")
    held = house.settings.hold.rglob(hashlib.sha256(content).hexdigest())
    assert next(held).read_bytes() == content


def leaving_the_team_ends_the_server(house: House) -> None:
    assert servers_of(house) == ["rosa"]
    house.myelin("olga", "project", "remove-member", PROJECT, "rosa")
    left = monotonic()
    while servers_of(house):
        assert monotonic() - left < 10, "the server outlived its right by more than 10 s"
        sleep(0.2)


def the_project_is_closed(house: House) -> None:
    assert "closed" in house.myelin("olga", "project", "close", PROJECT)
    assert list((house.settings.cuts / PROJECT).glob("*/*.parquet")) == []
    assert not (house.settings.keys / f"project-{PROJECT}").exists()


def the_audit_log_tells_it_all(house: House) -> None:
    house.myelin("anna", "audit", "checkpoint")
    assert "agree" in house.myelin("anna", "audit", "verify")
    told = house.myelin("anna", "audit", "export")
    for action in (
        "edition:publish",
        "application:submit",
        "application:vote",
        "project:approve",
        "project:activate",
        "server:started",
        "project:close",
    ):
        assert f":{action}" in told
    for action in ("submit", "review", "return", "approve", "release", "download"):
        assert f":request:{action}" in told or f":file:{action}" in told


def servers_of(house: House) -> list[str]:
    pool = f"label=org.myelin.pool={house.settings.network_pool}"
    form = '{{.Label "org.myelin.person"}}'
    command = ["docker", "ps", "--filter", "label=org.myelin.role=notebook", "--filter", pool, "--format", form]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
