"""A portal over a fresh database, and people at browsers; a conftest takes these fixtures by importing them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree

import pytest
from fastapi import FastAPI

from core.database import Database
from core.people.models import Person
from core.people.service import all_people
from core.settings import Settings
from portal.app import make_app
from tests.conftest import HandClock, add_cast
from tests.egress_review.world import World
from tests.support.catalog import active_project
from tests.support.pages import Reader
from tests.support.provider import backchannel_at, issuer_at, sign_in_provider

Sits = Callable[[str], Reader]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two installations made once and copied for every test: people alone, and with a project at work."""
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in ("people", "house")}
    for kind, folder in folders.items():
        database, settings = Database(_address(folder), HandClock()), Settings(mode="demo", state=folder / "state")
        database.create_all()
        cast = add_cast(database)
        if kind == "house":
            active_project(database, settings, cast, folder / "sources")
        database.close()
    return folders


@pytest.fixture
def database(
    request: pytest.FixtureRequest, made: dict[str, Path], tmp_path: Path, clock: HandClock
) -> Iterator[Database]:
    """A database with people in it, on SQLite: the services below the pages are tested on both engines."""
    kind = "house" if "house" in request.fixturenames else "people"
    copytree(made[kind], tmp_path, dirs_exist_ok=True)
    database = Database(_address(tmp_path), clock)
    yield database
    database.close()


@pytest.fixture
def people(database: Database) -> dict[str, Person]:
    return {person.username: person for person in all_people(database)}


def _address(folder: Path) -> str:
    return f"sqlite:///{folder / 'control.db'}"


@pytest.fixture(scope="session")
def provider() -> Iterator[int]:
    with sign_in_provider() as port:
        yield port


@pytest.fixture
def settings(tmp_path: Path, provider: int) -> Settings:
    issuer, backchannel = issuer_at(provider), backchannel_at(provider)
    return Settings(mode="demo", state=tmp_path / "state", oidc_issuer=issuer, oidc_backchannel=backchannel)


@pytest.fixture
def app(database: Database, settings: Settings) -> FastAPI:
    return make_app(database, settings)


@pytest.fixture
def house(database: Database, settings: Settings, people: dict[str, Person]) -> World:
    """An installation at work: the cohort taken in, and `cis-spinal` active with lena and rosa in its team."""
    return World(database, settings, people)


@pytest.fixture
def anybody(app: FastAPI, database: Database) -> Reader:
    """A browser nobody is signed in with."""
    return Reader(app, database)


@pytest.fixture
def sits(app: FastAPI, database: Database, people: dict[str, Person]) -> Sits:
    """Put one of the cast before a browser, signed in: `sits("rosa")`."""
    return lambda username: Reader(app, database, people[username])
