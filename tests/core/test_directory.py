"""The directory: whom somebody finds to put into a team, and what they learn of them."""

from dataclasses import fields, replace

import pytest

from core.database import Database
from core.people.affiliations import record_affiliation
from core.people.directory import Listed, find_people, matches
from core.people.models import Person, Sector
from core.people.service import add_person, close_person
from tests.conftest import HandClock, person


@pytest.fixture
def known(database: Database, people: dict[str, Person], clock: HandClock) -> Database:
    """Rosa moved from one organisation to another, and there is a Zoë Müller with no organisation recorded."""
    olga = people["olga"]
    record_affiliation(database, olga, "rosa", "University of Examples", Sector.ACADEMIC)
    clock.turn(days=1)
    record_affiliation(database, olga, "rosa", "Institut für Muster", Sector.PUBLIC_BODY)
    record_affiliation(database, olga, "ravi", "University of Examples", Sector.ACADEMIC)
    add_person(database, olga, replace(person("zoe"), name="Zoë Müller"))
    return database


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rosa", ["rosa"]),
        ("ROSA muster", ["rosa"]),
        ("rosa examples", []),
        ("examples", ["ravi"]),
        ("fur", ["rosa"]),
        ("muller zoe", ["zoe"]),
        ("MÜLLER", ["zoe"]),
        ("ch", ["chloe", "chris"]),
        ("example.org", []),
        ("subject", []),
        ("checker", []),
        ("%", []),
        ("ra_i", []),
    ],
)
def test_people_are_found_by_name_user_name_and_present_organisation(
    known: Database, text: str, found: list[str]
) -> None:
    assert [one.username for one in find_people(known, text)] == found


@pytest.mark.parametrize("text", ["", " ", "r", " r "])
def test_who_asks_for_nothing_is_not_given_everybody(known: Database, text: str) -> None:
    assert find_people(known, text) == []


def test_a_closed_account_is_not_found(known: Database, people: dict[str, Person]) -> None:
    assert find_people(known, "rosa")
    close_person(known, people["olga"], "rosa")
    assert find_people(known, "rosa") == []


def test_nothing_but_name_user_name_and_organisation_is_told(known: Database) -> None:
    assert [field.name for field in fields(Listed)] == ["username", "name", "organisation"]
    assert find_people(known, "rosa") == [Listed("rosa", "Rosa", "Institut für Muster")]
    assert find_people(known, "zoe") == [Listed("zoe", "Zoë Müller", "")]


def test_only_the_first_are_returned(known: Database) -> None:
    assert [one.username for one in find_people(known, "ch", most=1)] == ["chloe"]


def test_a_text_of_spaces_matches_anybody() -> None:
    assert matches("  ", "rosa")
