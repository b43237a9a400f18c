"""The public register: for everybody, with what they have a right to know and nothing of people or outputs."""

from core.database import Database
from core.people.models import Person
from egress_review.models import State
from tests.egress_review.world import World
from tests.support.catalog import application_file, applied, approved_project
from tests.support.pages import Reader
from tests.support.portal import Sits


def test_everybody_sees_what_the_data_are_used_for(house: World, anybody: Reader) -> None:
    house.bring_to(State.RELEASED)
    page = anybody.open("/register")
    assert page.status == 200
    for said in (
        "Spinal cord lesions and conversion",
        "Who goes on to have multiple sclerosis after a first episode?",
        "University of Examples",
        "4 variables of cis_cohort (patients)",
        "1 file, the last on",
    ):
        assert said in page.text


def test_nobody_is_named_and_nothing_of_outputs_or_conditions_is_told(
    house: World, anybody: Reader, database: Database, people: dict[str, Person]
) -> None:
    asked = {"cis_cohort": {"patients": {"variables": ["age"], "row_filter": "age >= 87"}}}
    approved_project(database, people, application_file(id="narrow", datasets=asked))
    request = house.bring_to(State.RELEASED)
    for path in ("/register", "/register.json"):
        text = anybody.client.get(path).text
        for hidden in ("lena", "rosa", "dirk", request, "table.csv", "87", "spinal_cord_mri"):
            assert hidden not in text, (path, hidden)


def test_what_was_not_approved_is_not_in_it(
    house: World, anybody: Reader, database: Database, people: dict[str, Person]
) -> None:
    applied(database, people, application_file(id="waits", title="Waits for the committee"))
    assert "Waits for the committee" not in anybody.open("/register").text


def test_machines_read_the_same(house: World, anybody: Reader) -> None:
    house.bring_to(State.RELEASED)
    (entry,) = anybody.client.get("/register.json").json()["projects"]
    assert (entry["id"], entry["state"], entry["starts"], entry["variables"]) == (
        "cis-spinal",
        "active",
        "2026-01-01",
        4,
    )
    assert entry["data"] == {"cis_cohort": ["patients"]}
    assert entry["released"]["files"] == 1


def test_the_way_in_leads_there(house: World, anybody: Reader, sits: Sits) -> None:
    assert anybody.open("/").soup.select_one('a[href="/register"]') is not None
    assert sits("rosa").open("/register").status == 200
