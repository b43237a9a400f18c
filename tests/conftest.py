"""What every test may ask for: a control database on both engines, people in it, and a clock that is turned by hand.

What is the same at the start of every test is made once and copied: the tables, their guards, and the people.
"""

import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

import ops.house  # noqa: F401  (every table and guard there is)
from core.database import Database
from core.people.models import Person, Role
from core.people.service import add_person, all_people, bootstrap_ops, confirm_role, person_by_username, propose_role
from core.settings import Settings
from tests.support.postgres import as_application, new_database, postgres_server

ISSUER = "http://id.localhost:9400"

# An example that takes long on a machine with much to do says nothing about the code.
examples.register_profile("no clock", parent=examples(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("no clock")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Share the tests out by file (`pytest -n`); asked for only where pytest-xdist is there."""
    from tests.support.workers import ByFile

    return ByFile(config, log)


class HandClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **how_far: float) -> None:
        self.now += timedelta(**how_far)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(mode="demo", state=tmp_path / "state")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """The database engine: the test runs once on each."""
    return str(request.param)


@pytest.fixture
def fresh_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """The address of a new empty database at each call."""

    def make() -> str:
        name = f"t{secrets.token_hex(6)}"
        if engine == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        return new_database(request.getfixturevalue("postgres"), name)

    return make


Template = Callable[[str, bool], str]


@pytest.fixture(scope="session")
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Name the database of an engine to copy, with the cast or without: a file, or a database of PostgreSQL's."""

    @cache
    def make(engine: str, has_cast: bool) -> str:
        if engine == "sqlite":
            name = str(tmp_path_factory.mktemp("template") / "control.db")
            _fill(f"sqlite:///{name}", has_cast)
        else:
            name = "with_cast" if has_cast else "without_cast"
            _fill(new_database(request.getfixturevalue("postgres"), name), has_cast)
        return name

    return make


def _fill(url: str, has_cast: bool) -> None:
    """Make every table and guard as the owner, then add the cast as the program."""
    owned = Database(url)
    owned.create_all()
    owned.close()
    if has_cast:
        database = Database(as_application(url), HandClock())
        add_cast(database)
        database.close()


@pytest.fixture
def database_url(engine: str, template: Template, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a control database with every table and guard, and with the cast where the test asks for it."""
    original = template(engine, "people" in request.fixturenames)
    if engine == "sqlite":
        return f"sqlite:///{shutil.copy(original, tmp_path / 'control.db')}"
    return new_database(request.getfixturevalue("postgres"), f"t{secrets.token_hex(6)}", original)


@pytest.fixture
def database(database_url: str, clock: HandClock) -> Iterator[Database]:
    """That control database in the hands of the program, which owns nothing in it."""
    database = Database(as_application(database_url), clock)
    yield database
    database.close()


@pytest.fixture
def owned_database(database: Database, database_url: str) -> Iterator[Database]:
    """The same database in the hands of its owner: whatever is refused here, guards refuse, not missing rights."""
    owned = Database(database_url, database.clock)
    yield owned
    owned.close()


def person(username: str) -> Person:
    """A person as somebody new to the installation, without roles."""
    return Person(username, username.title(), f"{username}@example.org", ISSUER, f"subject-{username}")


@pytest.fixture
def people(database: Database) -> dict[str, Person]:
    """The cast (see `add_cast`), by user name."""
    return {person.username: person for person in all_people(database)}


def add_cast(database: Database) -> dict[str, Person]:
    """Add the cast: two ops, a data manager, two DAC members, three checkers, a lead, two researchers, an auditor."""
    olga = bootstrap_ops(database, person("olga"))
    for username in ("otto", "dana", "dirk", "dora", "chris", "chloe", "carl", "lena", "rosa", "ravi", "anna"):
        add_person(database, olga, person(username))
    propose_role(database, olga, "otto", Role.OPS)
    otto = person_by_username(database, "otto")
    for username, role in (("dana", Role.DATA_MANAGER), ("anna", Role.AUDITOR)):
        propose_role(database, olga, username, role)
    for username, role in (
        ("dirk", Role.DAC_MEMBER),
        ("dora", Role.DAC_MEMBER),
        *((name, Role.CHECKER) for name in ("chris", "chloe", "carl")),
    ):
        confirm_role(database, otto, propose_role(database, olga, username, role).id)
    names = ("olga", "otto", "dana", "dirk", "dora", "chris", "chloe", "carl", "lena", "rosa", "ravi", "anna")
    return {name: person_by_username(database, name) for name in names}
