"""A portal over a fresh database, and people at browsers; a conftest takes these fixtures by importing them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from portal.app import make_app
from tests.egress_review.world import World
from tests.support.catalog import active_project
from tests.support.pages import Reader
from tests.support.provider import backchannel_at, issuer_at, sign_in_provider

Sits = Callable[[str], Reader]


@pytest.fixture(params=["sqlite"])
def database_url(tmp_path: Path) -> str:
    """Pages don't differ by engine: the services below them are tested on both."""
    return f"sqlite:///{tmp_path / 'control.db'}"


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
def house(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> World:
    """An installation at work: the cohort taken in, and `cis-spinal` active with lena and rosa in its team."""
    active_project(database, settings, people, tmp_path / "sources")
    return World(database, settings, people)


@pytest.fixture
def anybody(app: FastAPI, database: Database) -> Reader:
    """A browser nobody is signed in with."""
    return Reader(app, database)


@pytest.fixture
def sits(app: FastAPI, database: Database, people: dict[str, Person]) -> Sits:
    """Put one of the cast before a browser, signed in: `sits("rosa")`."""
    return lambda username: Reader(app, database, people[username])
