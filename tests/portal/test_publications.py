"""What came of a project, in the portal: said by its team through forms, read by those who decide, shown to all."""

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from egress_review.models import State
from tests.conftest import HandClock
from tests.egress_review.world import World
from tests.support.pages import Page, Reader
from tests.support.portal import Sits
from tests.support.publications import ASKED, asking_project, published

HERE = "/projects/cis-spinal/publications"


def record(reader: Reader, here: str = HERE, title: str = "Lesions and conversion") -> Page:
    return reader.press(reader.open(here), "Record this publication", title=title, kind="article")


def test_a_publication_from_its_plan_to_the_register(house: World, sits: Sits, anybody: Reader) -> None:
    rosa = sits("rosa")
    page = rosa.open("/projects/cis-spinal")
    assert page.soup.select_one(f'a[href="{HERE}"]')
    assert "No publication is recorded yet" in rosa.open(HERE).text
    page = record(rosa)
    assert (page.path, "The publication is recorded" in page.text) == (HERE, True)
    page = rosa.press(page, "was submitted", venue="Journal of Examples", submitted_on="2026-06-01")
    page = rosa.press(page, "is published", link="10.1000/182", published_on="2026-06-01", acknowledges="yes")
    assert page.soup.select_one('a[href="https://doi.org/10.1000/182"]')
    rosa.press(page, "Keep the summary", words="It helps to look.")
    register = anybody.open("/register")
    assert register.soup.select_one('a[href="https://doi.org/10.1000/182"]')
    assert "It helps to look." in register.text
    (entry,) = anybody.client.get("/register.json").json()["projects"]
    assert entry["publications"] == [
        {
            "title": "Lesions and conversion",
            "kind": "article",
            "link": "https://doi.org/10.1000/182",
            "day": "2026-06-01",
            "summary": "It helps to look.",
        }
    ]


def test_a_refused_form_shows_again_what_was_written(house: World, sits: Sits) -> None:
    rosa = sits("rosa")
    page = record(rosa)
    link = "javascript:alert(1)"
    page = rosa.press(page, "is published", link=link, published_on="2026-06-01", lay_summary="Kept.")
    assert (page.status, "Nothing was saved" in page.text) == (422, True)
    form = page.form("is published")
    assert (form.select_one('[name="link"]')["value"], form.textarea.get_text()) == (link, "Kept.")  # type: ignore[index, union-attr]
    assert form.find_parent("details").has_attr("open")  # type: ignore[union-attr]
    assert not page.soup.select(f'a[href="{link}"]')


def test_what_people_write_is_text_and_no_page(house: World, sits: Sits, anybody: Reader, database: Database) -> None:
    title = "<script>alert(1)</script>"
    published(database, house.people["rosa"], "cis-spinal", title)
    for reader, path in ((sits("rosa"), HERE), (sits("dirk"), "/publications"), (anybody, "/register")):
        page = reader.open(path)
        assert title in page.text
        assert title not in page.response.text


def test_only_released_outputs_can_be_named(house: World, sits: Sits) -> None:
    released, held = house.bring_to(State.RELEASED), house.bring_to(State.SUBMITTED)
    rosa = sits("rosa")
    page = record(rosa)
    assert [str(box["name"]) for box in page.soup.select('[name^="output:"]')] == [f"output:{released}"]
    refused = rosa.press(page, "Name the outputs", **{f"output:{held}": "yes"})
    assert (refused.status, "only released outputs" in refused.text) == (422, True)
    page = rosa.press(page, "Name the outputs", **{f"output:{released}": "yes"})
    assert released in page.soup.select_one(".facts").get_text()  # type: ignore[union-attr]


@pytest.mark.parametrize("username", ["dirk", "olga", "anna"])
def test_the_house_reads_and_does_not_speak_for_a_team(house: World, sits: Sits, username: str) -> None:
    record(sits("rosa"))
    reader = sits(username)
    page = reader.open(HERE)
    assert "Lesions and conversion" in page.text
    assert page.soup.select("main form") == []
    assert reader.open("/operations").soup.select_one('a[href="/publications"]')
    assert "Lesions and conversion" in reader.open("/publications").text


def test_others_are_shown_nothing_of_it(house: World, sits: Sits) -> None:
    record(sits("rosa"))
    ravi = sits("ravi")
    assert ravi.open(HERE).status == 404
    assert "Lesions" not in ravi.open("/publications").text


@pytest.fixture
def asked(house: World, database: Database, settings: Settings, people: dict[str, Person]) -> str:
    return f"/projects/{asking_project(database, settings, people, 'asked').id}/publications"


def test_what_is_asked_and_owed_is_said_where_it_is_done(asked: str, house: World, sits: Sits) -> None:
    lena = sits("lena")
    assert "Reports, manuscripts and summaries you owe" in lena.open("/").text
    page = lena.open(asked)
    for said in (ASKED.acknowledgement, ASKED.citation, "30 days before", "overdue", "told what came of the project"):
        assert str(said) in page.text
    assert "overdue" in sits("dirk").open("/publications").text
    page = lena.press(page, "Give this report", words="The first year.")
    assert "overdue" not in page.text
    assert "The next one is due by" in page.text
    assert "you owe" not in lena.open("/").text


def test_a_manuscript_is_shown_and_one_that_was_not_is_marked(
    asked: str, house: World, sits: Sits, clock: HandClock
) -> None:
    rosa = sits("rosa")
    page = rosa.press(
        rosa.open(asked), "Record this publication", title="One", kind="article", planned_for="2026-07-15"
    )
    assert "The manuscript “One” is shown to the resource" in page.text
    page = rosa.press(page, "Show manuscript 1", manuscript="https://files.example.org/one.pdf")
    assert "The manuscript “One” is shown to the resource" not in page.text
    assert "members who decide on these data have a mail" in page.text
    page = record(rosa, asked, "Two")
    page = rosa.press(page, "Say that 2 was submitted", venue="J", submitted_on="2026-06-01")
    assert page.text.count("was not shown before") == 1
