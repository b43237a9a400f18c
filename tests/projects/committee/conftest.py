"""What the tests of the committee share."""

from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person, Role
from core.people.service import confirm_role, person_by_username, propose_role
from core.settings import Settings
from projects.committee.service import give_seat
from tests.support.catalog import ingest, ready


@pytest.fixture
def cohort(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    """The cohort taken in, rules in force, and both members with every seat."""
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    ready(database, people)


@pytest.fixture
def ravi(database: Database, people: dict[str, Person]) -> Person:
    """A third member, with a seat that decides on the cohort."""
    confirm_role(database, people["otto"], propose_role(database, people["olga"], "ravi", Role.DAC_MEMBER).id)
    give_seat(database, people["olga"], "open", "house", "ravi")
    return person_by_username(database, "ravi")
