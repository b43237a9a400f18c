"""What WCAG 2.2 AA asks for and a machine can see: structure, names, labels, contrast. On every page, by role."""

import re
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup, Tag

from core.database import Database
from core.people.affiliations import record_affiliation
from core.people.models import Person, Role, Sector, SystemActor
from core.people.service import close_person, propose_role
from core.tokens.models import TokenScope
from core.tokens.service import make_token
from egress_review.models import State
from hub.models import ServerState
from hub.servers import move
from portal.assets import SOURCES
from projects.agreements.of_project import issue_invoice
from projects.applications.service import begin_application
from projects.closeout.service import finish
from projects.publications.service import write_report
from projects.service import close_project
from tests.egress_review.world import World
from tests.support.agreements import drawn_up
from tests.support.catalog import amendment, application_file, applied, approved_project
from tests.support.closeout import nothing_around
from tests.support.pages import Page
from tests.support.portal import Sits
from tests.support.publications import published

PAGES = [
    ("rosa", "/"),
    ("rosa", "/projects"),
    ("rosa", "/projects/cis-spinal"),
    ("rosa", "/projects/cis-spinal/variables"),
    ("rosa", "/projects/cis-spinal/publications"),
    ("dirk", "/projects/cis-spinal/publications"),
    ("dirk", "/publications"),
    ("rosa", "/requests"),
    ("rosa", "/me"),
    ("chris", "/me"),
    ("rosa", "/data"),
    ("rosa", "/data/cis_cohort"),
    ("chris", "/reviews"),
    ("chris", "/reviews/{submitted}"),
    ("chris", "/reviews/{reviewed}"),
    ("chris", "/reviews/{released}"),
    ("lena", "/applications"),
    ("lena", "/applications/drafted"),
    ("lena", "/applications/drafted/read"),
    ("lena", "/applications/waits"),
    ("lena", "/applications/bands"),
    ("dirk", "/committee"),
    ("dirk", "/committee/waits"),
    ("dirk", "/committee/bands"),
    ("rosa", "/register"),
    ("lena", "/rules"),
    ("lena", "/rules/ms_cidr"),
    ("dirk", "/projects/bands"),
    ("dirk", "/projects/cis-spinal"),
    ("dirk", "/committee/cis-spinal.1"),
    ("lena", "/applications/cis-spinal.1"),
    ("dirk", "/projects/cis-spinal/close"),
    ("dirk", "/projects/over"),
    ("olga", "/agreements"),
    ("olga", "/agreements/cis-spinal"),
    ("olga", "/agreements/bands"),
    ("ravi", "/agreements"),
    ("ravi", "/agreements/cis-spinal/1"),
    ("lena", "/agreements"),
    ("lena", "/agreements/cis-spinal"),
    ("dirk", "/projects/unfinished"),
    ("otto", "/operations"),
    ("otto", "/people"),
    ("otto", "/people?text=nobody"),
    ("otto", "/people/new"),
    ("otto", "/people/grants"),
    ("olga", "/people/grants"),
    ("otto", "/people/rosa"),
    ("otto", "/people/otto"),
    ("otto", "/people/ravi"),
    ("otto", "/people/carl"),
    ("otto", "/people/rosa/close"),
    ("otto", "/people/chris/roles/checker/revoke"),
    ("otto", "/people/rosa/trainings/data-protection/revoke"),
    ("otto", "/outbox"),
    ("otto", "/audit"),
    ("rosa", "/audit"),
    ("rosa", "/tokens"),
    ("rosa", "/api"),
    ("rosa", "/nowhere"),
    ("rosa", "/signed-out"),
]


@pytest.fixture
def requests(house: World, database: Database, people: dict[str, Person]) -> dict[str, str]:
    """A house with something on every page."""
    approved_project(database, people, application_file(id="bands"))
    applied(database, people, application_file(id="waits"))
    begin_application(database, people["lena"], "ms_cidr", "drafted")
    published(database, people["rosa"], "cis-spinal")
    write_report(database, people["rosa"], "cis-spinal", "Two articles are planned.")
    for name in ("over", "unfinished"):
        approved_project(database, people, application_file(id=name))
        close_project(database, people["olga"], name)
    finish(database, house.settings, people["olga"], "over", nothing_around())
    amendment(database, people)
    propose_role(database, people["olga"], "ravi", Role.CHECKER)
    record_affiliation(database, people["olga"], "rosa", "University of Examples", Sector.ACADEMIC)
    close_person(database, people["olga"], "carl")
    drawn_up(database, house.settings, people)
    for project_id in ("cis-spinal", "bands"):
        issue_invoice(database, people["otto"], project_id, amount=150_000, currency="EUR", due_on=date(2026, 7, 1))
    move(database, SystemActor("hub"), "rosa", "cis-spinal", ServerState.RUNNING, "hub:server:start")
    make_token(database, people["rosa"], "a program", TokenScope.WRITE, 7)
    return {str(state): house.bring_to(state) for state in (State.SUBMITTED, State.REVIEWED, State.RELEASED)}


@pytest.mark.parametrize(("username", "path"), PAGES)
def test_a_page_can_be_used_without_seeing_it(requests: dict[str, str], sits: Sits, username: str, path: str) -> None:
    page = sits(username).open(path.format(**requests))
    check_structure(page)
    check_names(page.soup)
    check_regions(page.soup)
    check_states(page.soup)
    check_tables(page.soup)


def check_structure(page: Page) -> None:
    soup = page.soup
    assert soup.html is not None
    assert soup.html["lang"] == "en"
    assert soup.title is not None
    assert soup.title.get_text() != "– Myelin"
    assert len(soup.find_all("h1")) == 1
    assert len(soup.find_all("main")) == len(soup.select("body > header")) == len(soup.select("body > footer")) == 1
    first = soup.find("a")
    assert first is not None
    assert first["href"] == "#content", "the first thing a keyboard reaches skips to the content"
    assert soup.find(id="content")
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    repeated = [name for name, count in Counter(tag["id"] for tag in soup.find_all(id=True)).items() if count > 1]
    assert repeated == []


def check_names(soup: BeautifulSoup) -> None:
    for field in soup.find_all(["input", "select", "textarea"]):
        if field.get("type") != "hidden":
            assert label_of(soup, field), field
    for pressed in soup.find_all(["button", "a"]):
        assert pressed.get_text(strip=True), pressed
    for picture in soup.find_all("img"):
        assert picture.has_attr("alt"), picture
    for drawing in soup.find_all("svg"):
        assert drawing["aria-hidden"] == "true"
    for frame in soup.find_all("iframe"):
        assert frame.get("title"), frame


def check_regions(soup: BeautifulSoup) -> None:
    for named in soup.select("[aria-labelledby]"):
        for name in str(named["aria-labelledby"]).split():
            assert soup.find(id=name), name
    for region in soup.select('[role="region"], [role="search"], nav, aside'):
        assert region.get("aria-label") or region.get("aria-labelledby") or region.get("role") == "search", region


def check_states(soup: BeautifulSoup) -> None:
    for badge in soup.select(".badge"):
        assert badge.get_text(strip=True), "a state is told in words"
        assert badge.find("svg"), "and by a picture, never by colour alone"


def label_of(soup: BeautifulSoup, field: Tag) -> str:
    if field.get("aria-label"):
        return str(field["aria-label"])
    around = field.find_parent("label")
    label = around or soup.find("label", attrs={"for": field.get("id", "")})
    return label.get_text(strip=True) if label else ""


def check_tables(soup: BeautifulSoup) -> None:
    for table in soup.find_all("table"):
        caption = table.find("caption")
        assert caption is not None
        assert caption.get_text(strip=True)
        headers = table.select("thead th")
        assert headers
        for header in table.find_all("th"):
            assert header.get("scope") in ("col", "row"), header
        for header in headers:
            assert header.get_text(strip=True), "an empty heading says nothing"
        for row in table.select("tbody tr"):
            assert len(row.find_all(["td", "th"])) == len(headers)


class TestContrast:
    """WCAG 2.2, 1.4.3: text 4.5 to 1; 1.4.11: the edge of what can be operated 3 to 1."""

    SHEET = SOURCES["myelin.css"].read_text()

    def colours(self, scheme: str) -> dict[str, str]:
        light, dark = self.SHEET.split("@media (prefers-color-scheme: dark)")
        block = light if scheme == "light" else dark.split("\n}\n")[0]
        return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize(
        ("text", "ground"),
        [
            *[(tone, f"{tone}-soft") for tone in ("good", "bad", "wait", "calm", "off")],
            *[
                (text, ground)
                for text in ("pico-color", "pico-muted-color", "pico-primary", "ink", "good", "bad", "wait", "calm")
                for ground in ("pico-background-color", "raised")
            ],
            *[("pico-color", f"{tone}-soft") for tone in ("bad", "wait", "calm", "off")],
            ("pico-muted-color", "off-soft"),
            ("pico-primary-inverse", "pico-primary-background"),
            ("pico-primary-inverse", "pico-primary-hover-background"),
            ("pico-code-color", "pico-code-background-color"),
        ],
    )
    def test_text_stands_out(self, scheme: str, text: str, ground: str) -> None:
        colours = self.colours(scheme)
        assert contrast(colours[text], colours[ground]) >= 4.5

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("ground", ["pico-background-color", "raised"])
    def test_fields_have_an_edge_one_can_see(self, scheme: str, ground: str) -> None:
        colours = self.colours(scheme)
        assert contrast(colours["pico-form-element-border-color"], colours[ground]) >= 3


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
