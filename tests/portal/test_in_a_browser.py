"""The portal in a real Chromium: sign-in, search, review; by keyboard, in a small window, without JavaScript."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.people.affiliations import record_affiliation
from core.people.models import Sector
from core.people.service import add_person
from core.people.sessions import open_session
from core.settings import Settings
from core.web.visit import SESSION
from egress_review.models import State
from portal.app import make_app
from projects.applications.service import application_for, begin_application
from tests.egress_review.world import World
from tests.support.browser import chromium
from tests.support.catalog import ready
from tests.support.server import free_port, serving

Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def settings(settings: Settings) -> Settings:
    port = free_port()
    here = {"portal_url": f"http://portal.localhost:{port}", "portal_port": port}
    return Settings(**{**settings.model_dump(), **here})


@pytest.fixture
def served(house: World) -> Iterator[World]:
    with serving(make_app(house.database, house.settings), house.settings.portal_port):
        yield house


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains of."""
    return []


@pytest.fixture
def opens(browser: Browser, served: World, complaints: list[str]) -> Iterator[Opens]:
    """Open a page as somebody in a window of one's own; whatever the browser complains of fails the test."""
    contexts: list[BrowserContext] = []

    def open_page(username: str, path: str, **window: object) -> Page:
        context = browser.new_context(**window)  # type: ignore[arg-type]
        contexts.append(context)
        token = open_session(served.database, served.people[username], "web", 1, second_factor=True)
        context.add_cookies([{"name": SESSION, "value": token, "url": served.settings.portal_url}])
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(served.settings.portal_url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def test_somebody_signs_in_at_the_provider_and_out_again(browser: Browser, served: World) -> None:
    settings, olga = served.settings, served.people["olga"]
    new = replace(served.people["rosa"], username="rosa-maria", name="Rosa Maria", issuer=settings.oidc_issuer)
    add_person(served.database, olga, replace(new, subject="rosa-at-id", email="maria@example.org"))
    page = browser.new_page()
    page.goto(f"{settings.portal_url}/data")
    page.get_by_placeholder("sub").fill("rosa-at-id")
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Data")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out of the portal")
    page.close()


def test_what_an_ended_session_left_unsaved_is_there_after_signing_in_again(
    opens: Opens, served: World, complaints: list[str]
) -> None:
    ready(served.database, served.people)
    begin_application(served.database, served.people["lena"], "open", "bands")
    page = opens("lena", "/applications/bands")
    page.context.clear_cookies()
    page.get_by_label("Who is studied?").fill("Adults.")
    again = page.get_by_role("link", name="Sign in again")
    expect(again).to_have_attribute("href", "/sign-in?next=%2Fapplications%2Fbands")
    complaints.clear()
    token = open_session(served.database, served.people["lena"], "web", 1)
    page.context.add_cookies([{"name": SESSION, "value": token, "url": served.settings.portal_url}])
    page.goto(served.settings.portal_url + "/applications/bands")
    expect(page.get_by_label("Who is studied?")).to_have_value("Adults.")
    expect(page.locator("#saved")).to_contain_text("Saved")
    kept = application_for(served.database, served.people["lena"], "bands").answers["population"]
    assert json.loads(kept.value) == "Adults."


def test_the_dictionary_is_searched_while_typing(opens: Opens) -> None:
    page = opens("rosa", "/projects/cis-spinal/variables")
    assert page.locator("tbody tr").count() == 4
    page.get_by_role("searchbox").press_sequentially("cord")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"words=cord$"))
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_it_is_searched_without_javascript_too(opens: Opens) -> None:
    page = opens("rosa", "/projects/cis-spinal/variables", java_script_enabled=False)
    page.get_by_role("searchbox").fill("cord")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_feasibility_question_is_asked_with_the_keyboard_and_without_javascript(opens: Opens) -> None:
    page = opens("rosa", "/data/feasibility?dataset=cis_cohort", java_script_enabled=False)
    page.get_by_label("Gender").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Ask").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("the question stands among the answers below")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_review_is_given_with_the_keyboard_alone(opens: Opens, served: World) -> None:
    request_id = served.submit().id
    page = opens("chris", f"/reviews/{request_id}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("Space")
    for _ in range(10):
        page.keyboard.press("Tab")
        if "Send my review" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your review is recorded.")
    assert served.request(request_id).state is State.PARTLY_REVIEWED


def test_the_browser_asks_for_a_verdict_on_every_file(opens: Opens, served: World) -> None:
    request_id = served.submit({"one.csv": b"a,people\nb,30\n", "two.csv": b"a,people\nb,40\n"}).id
    page = opens("chris", f"/reviews/{request_id}")
    page.get_by_role("group", name="Your decision on file 1").get_by_label("Approve").check()
    page.get_by_role("button", name="Send my review").click()
    assert page.locator("input:invalid").count() == 3, "the three choices of file 2"
    assert served.request(request_id).state is State.SUBMITTED


def test_the_file_stands_in_its_frame(opens: Opens, served: World) -> None:
    page = opens("chris", f"/reviews/{served.submit().id}")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("cell", name="31")).to_be_visible()


def test_a_released_file_is_downloaded(opens: Opens, served: World) -> None:
    served.bring_to(State.RELEASED)
    page = opens("rosa", "/requests")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download table.csv").click()
    assert download.value.suggested_filename == "table.csv"
    assert download.value.path().read_bytes() == b"group,people\na,12\nb,31\n"


@pytest.mark.parametrize(
    ("username", "path"),
    [
        ("rosa", "/"),
        ("rosa", "/projects/cis-spinal"),
        ("rosa", "/requests"),
        ("rosa", "/data"),
        ("rosa", "/data/cis_cohort"),
        ("rosa", "/data/cis_cohort/patients/gender"),
        ("rosa", "/data/feasibility?dataset=cis_cohort"),
        ("chris", "/reviews"),
        ("chris", "/reviews/{}"),
        ("otto", "/operations"),
        ("otto", "/people"),
        ("otto", "/people/new"),
        ("otto", "/people/rosa"),
        ("otto", "/audit"),
    ],
)
def test_a_window_of_400_pixels_needs_no_scrolling_sideways(
    opens: Opens, served: World, username: str, path: str
) -> None:
    request_id = served.bring_to(State.RELEASED)
    page = opens(username, path.format(request_id), viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.fixture
def drafting(served: World) -> World:
    """Lena has begun an application for open records."""
    ready(served.database, served.people)
    begin_application(served.database, served.people["lena"], "open", "bands")
    return served


def saved_title(house: World) -> str | None:
    answer = application_for(house.database, house.people["lena"], "bands").answers.get("title")
    return json.loads(answer.value) if answer else None


def test_a_draft_is_saved_while_it_is_written_and_the_rules_speak(drafting: World, opens: Opens) -> None:
    page = opens("lena", "/applications/bands")
    page.get_by_label("Title").fill("Bands and conversion")
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert saved_title(drafting) == "Bands and conversion"
    page.get_by_role("group", name="Is it about multiple sclerosis?").get_by_label("No").check()
    expect(page.locator("#check")).to_contain_text("Make multiple sclerosis the study's question.")
    expect(page.locator("#check")).not_to_contain_text("Title is not answered yet")
    with page.expect_response("**/answers/study"):
        page.get_by_label("Title").fill("Bands, and conversion")
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert saved_title(drafting) == "Bands, and conversion", "each save is on top of the one before"


def test_an_expired_session_loses_nothing_that_was_written(
    drafting: World, opens: Opens, complaints: list[str]
) -> None:
    page = opens("lena", "/applications/bands")
    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_label("Title").fill("Written after the session had ended")
    expect(page.locator("#saved")).to_contain_text("your session has ended")
    assert saved_title(drafting) is None
    page.context.add_cookies(cookies)  # type: ignore[arg-type]  (signed in again in another tab)
    page.get_by_label("Who is studied?").fill("Adults")
    expect(page.locator("#saved")).to_contain_text("Saved")
    assert saved_title(drafting) == "Written after the session had ended"
    assert [one for one in complaints if "401" not in one] == []
    complaints.clear()


def test_two_windows_show_each_other_what_they_wrote(drafting: World, opens: Opens) -> None:
    first, second = opens("lena", "/applications/bands"), opens("lena", "/applications/bands")
    first.get_by_label("Title").fill("From the first window")
    expect(first.locator("#saved")).to_contain_text("Saved")
    second.get_by_label("Title").fill("From the second window")
    expect(second.locator("#check")).to_contain_text("was changed in another window")
    expect(second.locator("#check")).to_contain_text("From the first window")
    assert saved_title(drafting) == "From the first window"
    with second.expect_response("**/answers/study"):
        second.get_by_label("Who is studied?").fill("Adults")
    assert saved_title(drafting) == "From the first window", "writing on does not replace it"
    second.get_by_role("button", name="Keep mine").click()
    expect(second.locator("#saved")).to_contain_text("Saved")
    assert saved_title(drafting) == "From the second window"


def test_variables_are_found_and_a_table_is_picked_whole(drafting: World, opens: Opens) -> None:
    page = opens("lena", "/applications/bands")
    page.get_by_label("Find a variable").fill("spinal cord")
    picker = page.locator("#pickers details.picker").first
    expect(picker.locator("tbody tr:visible")).to_have_count(1)
    expect(picker.locator("tbody tr:visible")).to_contain_text("spinal_cord_mri")
    page.get_by_label("Find a variable").fill("")
    picker.get_by_role("button", name="Pick all").click()
    expect(page.locator("#saved")).to_contain_text("Saved")
    answer = application_for(drafting.database, drafting.people["lena"], "bands").answers["datasets"]
    picked = json.loads(answer.value)["cis_cohort"]["patients"]["variables"]
    assert len(picked) == picker.locator('tbody input[type="checkbox"]').count() > 10


def test_a_cohort_is_counted_beside_its_box(drafting: World, opens: Opens) -> None:
    page = opens("lena", "/applications/bands")
    picker = page.locator("#pickers details.picker").first
    picker.locator("summary").click()
    picker.get_by_label("Only people where").fill("age >= 18")
    picker.get_by_role("button", name="How many people would that be?").click()
    expect(picker.locator("output")).to_contain_text("About")


def test_without_javascript_a_cohort_is_counted_and_variables_are_picked(drafting: World, opens: Opens) -> None:
    page = opens("lena", "/applications/bands", java_script_enabled=False)
    expect(page.get_by_label("Find a variable")).to_be_hidden()
    picker = page.locator("#pickers details.picker").first
    picker.locator("summary").click()
    picker.get_by_label("Only people where").fill("age >= 18")
    picker.get_by_role("button", name="How many people would that be?").click()
    expect(page.get_by_role("status").first).to_contain_text("About")


def test_a_colleague_is_found_by_name_and_put_into_the_team(drafting: World, opens: Opens) -> None:
    record_affiliation(drafting.database, drafting.people["olga"], "rosa", "Institute of Examples", Sector.ACADEMIC)
    page = opens("lena", "/applications/bands")
    box = page.get_by_label("User name, line 2")
    box.press_sequentially("institute")
    expect(page.locator("#colleagues option")).to_have_attribute("value", "rosa")
    box.fill("rosa")
    expect(page.get_by_label("Organisation, line 2")).to_have_value("Institute of Examples")


def test_the_directory_finds_them_without_javascript_too(drafting: World, opens: Opens) -> None:
    page = opens("lena", "/directory", java_script_enabled=False)
    page.get_by_label("Words").fill("ros")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("rosa")
    assert "@" not in page.locator("main").inner_text(), "no mail address"


def test_what_is_changed_in_two_sections_at_once_is_both_saved_and_both_told(drafting: World, opens: Opens) -> None:
    page = opens("lena", "/applications/bands")
    page.get_by_label("Title").fill("Bands and conversion")
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.get_by_label("Title").press("End")
    page.get_by_label("Title").type("!")
    picker = page.locator("#pickers details.picker").first
    picker.locator("summary").click()
    picker.get_by_role("checkbox", name="schooling").check()  # leaving the title saves it in the same moment
    expect(page.locator("#check")).not_to_contain_text("The data is not answered yet")
    expect(page.locator("#check")).not_to_contain_text("Title is not answered yet")
    assert saved_title(drafting) == "Bands and conversion!"
