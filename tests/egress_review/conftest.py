"""What tests of this room may ask for: a world with two active projects."""

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from tests.egress_review.world import World, build_world


@pytest.fixture
def world(database: Database, settings: Settings, people: dict[str, Person]) -> World:
    return build_world(database, settings, people)
