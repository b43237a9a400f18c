"""Who sits where: shown to the committee, given and taken by operations."""

import pytest

from core.database import Database
from core.people.models import Person
from projects.committee.service import seats
from tests.conftest import HandClock
from tests.support.catalog import ready
from tests.support.portal import Sits


@pytest.fixture(autouse=True)
def rules(database: Database, people: dict[str, Person]) -> None:
    ready(database, people)


def test_operations_take_a_seat_away_and_give_it_again(sits: Sits, database: Database, clock: HandClock) -> None:
    olga = sits("olga")
    page = olga.open("/seats")
    assert "ReMuS, Czech Republic" in page.text
    page = olga.press(page, "Take away the seat of dirk on the alliance")
    assert "dirk has no seat on alliance any more." in page.text
    assert "too few sit here" in page.text, "its decisions take two"
    assert ("ms_cidr", "alliance", "dirk") not in seats(database)
    clock.turn(minutes=1)
    page = olga.press(page, "Give a seat on the alliance", username="dirk")
    assert "dirk sits on alliance." in page.text
    assert ("ms_cidr", "alliance", "dirk") in seats(database)


def test_the_committee_looks_and_changes_nothing(sits: Sits) -> None:
    page = sits("dirk").open("/seats")
    assert "dirk, dora" in page.text
    assert not page.has_button("Take away")


@pytest.mark.parametrize("username", ["rosa", "chris", "dana", "anna"])
def test_nobody_else_is_shown_it(sits: Sits, username: str) -> None:
    assert sits(username).open("/seats").status == 403
