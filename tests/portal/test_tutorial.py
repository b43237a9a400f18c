"""The tutorial of an application is walked in Chromium: what it names in bold is there, in the order it names it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.people.sessions import open_session
from core.settings import Settings
from core.web.visit import SESSION
from portal.app import make_app
from tests.conftest import HandClock
from tests.egress_review.world import World
from tests.support.browser import chromium
from tests.support.catalog import activate, ready, settled, trained
from tests.support.registries import publish_trials
from tests.support.server import free_port, serving

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "an-application.md"
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    port = free_port()
    here = {"portal_url": f"http://portal.localhost:{port}", "portal_port": port}
    return Settings(**{**settings.model_dump(), **here})


@pytest.fixture
def served(house: World, tmp_path: Path) -> Iterator[World]:
    ready(house.database, house.people)
    publish_trials(house.database, house.settings, house.people["dana"], tmp_path)
    with serving(make_app(house.database, house.settings), house.settings.portal_port):
        yield house


class Walk:
    """Somebody walking the tutorial: takes what it names in bold one by one, and fails where it is not on the page."""

    def __init__(self, browser: Browser, world: World) -> None:
        self.browser, self.world = browser, world
        text = TUTORIAL.read_text().split("\n## ", 1)[1]
        self.names = [" ".join(name.split()) for name in BOLD.findall(text)]
        self.page: Page | None = None

    def sits(self, username: str, path: str = "/") -> None:
        context = self.browser.new_context(viewport={"width": 1280, "height": 900})
        token = open_session(self.world.database, self.world.people[username], "web", 10, second_factor=True)
        context.add_cookies([{"name": SESSION, "value": token, "url": self.world.settings.portal_url}])
        self.page = context.new_page()
        self.page.goto(self.world.settings.portal_url + path)

    def next(self, kind: str) -> Locator:
        """Return what the tutorial names next, which is a button, a link or a box of the page that is open."""
        assert self.page is not None
        name = self.names.pop(0)
        found = {
            "link": self.page.get_by_role("link", name=name),
            "button": self.page.get_by_role("button", name=name),
            "box": self.page.get_by_label(name),
            "group": self.page.get_by_role("group", name=name),
        }[kind].first
        expect(found).to_be_visible()
        return found

    def saved(self) -> None:
        assert self.page is not None
        expect(self.page.locator("#saved")).to_contain_text("Saved")


def test_the_tutorial_is_walked(served: World, clock: HandClock) -> None:
    with chromium() as browser:
        walk = Walk(browser, served)
        begin(walk)
        write(walk)
        submit(walk)
        for member in ("dirk", "dora"):
            decide(walk, member, again=member == "dora")
        settle(walk, served, clock)
        declare(walk)
        assert walk.names == [], "every name of the tutorial was met"


def begin(walk: Walk) -> None:
    walk.sits("lena")
    walk.next("link").click()
    assert walk.page
    box = walk.page.locator("article").filter(has_text="MS CIDR").get_by_label(walk.names.pop(0))
    box.fill("first-study")
    walk.next("button").click()
    expect(walk.page).to_have_url(re.compile("/applications/first-study$"))


def write(walk: Walk) -> None:
    page = walk.page
    assert page
    for words in ("A first study", "Natural history: how does walking go on?", "People with progressive MS."):
        walk.next("box").fill(words)
    walk.next("group").get_by_label("Yes").check()
    page.get_by_label("For everybody").fill("How walking changes.")
    page.get_by_role("group", name="Does it compare drugs").get_by_label("No").check()
    walk.next("box").check()
    expect(page.locator("#check")).to_contain_text("placebo")
    walk.next("box").fill("walking ambulation")
    page.get_by_label("Find a variable").fill("course")
    picker = page.locator("#pickers details.picker:visible").filter(has=page.get_by_text("ms_cidr.patient", exact=True))
    picker.get_by_role("checkbox", name="course").check()
    page.get_by_label("Find a variable").fill("")
    picker.get_by_label(walk.names.pop(0)).first.fill("Who is studied.")
    picker.get_by_label(walk.names.pop(0)).fill("course = 'ppms'")
    picker.get_by_role("button", name=walk.names.pop(0)).click()
    expect(picker.locator("output")).to_contain_text("people")
    walk.saved()
    people(page)
    walk.next("box").fill("2026-06-15")
    walk.next("box").fill("2027-06-14")
    page.get_by_label("What is to come out").fill("Tables for an article.")
    expect(page.get_by_text("Everything is answered")).to_be_visible()


def people(page: Page) -> None:
    page.get_by_label("Organisation, line 1").fill("University of Examples")
    signs = page.get_by_role("group", name="Who signs for your organisation")
    signed = {"Name": "Sigrid Amann", "Position": "head of research", "Organisation": "University of Examples"}
    for part, said in {**signed, "Mail address": "sigrid@example.org"}.items():
        signs.get_by_label(part).fill(said)
    page.get_by_label("Who pays for the study?").fill("Nobody.")
    page.get_by_role("group", name="Is there a commercial interest?").get_by_label("No").check()


def submit(walk: Walk) -> None:
    walk.next("button").click()
    assert walk.page
    walk.page.get_by_label("What this application says is true").check()
    walk.next("button").click()
    expect(walk.page.get_by_text("before the committee").first).to_be_visible()


def decide(walk: Walk, member: str, *, again: bool) -> None:
    if again:
        walk.names[:0] = ["Committee", "I have no conflict of interest", "Approve"]
    walk.sits(member)
    walk.next("link").click()
    assert walk.page
    walk.page.get_by_role("link", name="A first study").click()
    walk.next("button").click()
    walk.next("button").click()
    expect(walk.page.get_by_text("Your vote is cast").first).to_be_visible()


def settle(walk: Walk, world: World, clock: HandClock) -> None:
    walk.sits("olga")
    walk.next("link").click()
    assert walk.page
    walk.page.goto(f"{world.settings.portal_url}/agreements/first-study")
    expect(walk.page.get_by_role("button", name="Draw").first).to_be_visible()
    settled(world.database, world.settings, world.people, "first-study")
    trained(world.database, world.people, "lena")
    clock.turn(days=14)
    activate(world.database, world.settings, world.people["olga"], "first-study")


def declare(walk: Walk) -> None:
    walk.sits("lena", "/me")
    walk.next("button").click()
    assert walk.page
    walk.page.goto(f"{walk.world.settings.portal_url}/projects/first-study")
    walk.next("link")
