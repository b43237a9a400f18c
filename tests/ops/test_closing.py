"""Closing a project through the whole house: what fails half-way is finished by closing again."""

from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import docker
import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from hub.errors import NetworkUnavailable
from hub.names import network_name
from hub.network import ensure_project_network, remove_project_network
from ops import closing
from projects.models import ProjectState
from projects.service import project
from tests.support.catalog import active_project

PROJECT = "cis-spinal"


@pytest.fixture
def own(settings: Settings) -> Settings:
    """An installation with a pool of these tests' own: a demo may run on this machine."""
    return Settings(**{**settings.model_dump(), "network_pool": "10.190.0.0/18"})


@pytest.fixture
def held(database: Database, own: Settings, people: dict[str, Person], tmp_path: Path) -> Iterator[Any]:
    """A container on the network of an active project: as one is that Docker has not yet removed."""
    subnet = active_project(database, own, people, tmp_path).subnet
    assert subnet
    ensure_project_network(own, PROJECT, subnet)
    client = docker.from_env()
    network = network_name(own, PROJECT)
    container = client.containers.run("myelin/notebook", ["sleep", "60"], detach=True, init=True, network=network)
    yield container
    container.remove(force=True)
    remove_project_network(own, PROJECT)
    client.close()


def networks(settings: Settings) -> list[Any]:
    found: list[Any] = docker.from_env().networks.list(names=[network_name(settings, PROJECT)])
    return found


def test_what_failed_at_the_network_is_finished_by_closing_again(
    database: Database, own: Settings, people: dict[str, Person], held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "NETWORK_SECONDS", 0)
    with pytest.raises(NetworkUnavailable):
        closing.close(own, database, people["olga"], PROJECT)
    assert project(database, PROJECT).state is ProjectState.CLOSED
    assert networks(own)
    held.kill()
    assert closing.close(own, database, people["olga"], PROJECT).state is ProjectState.CLOSED
    assert networks(own) == []
    assert closing.close(own, database, people["olga"], PROJECT).state is ProjectState.CLOSED


def test_a_container_that_is_being_removed_is_waited_for(
    database: Database, own: Settings, people: dict[str, Person], held: Any
) -> None:
    gone = Timer(1, held.kill)
    gone.start()
    assert closing.close(own, database, people["olga"], PROJECT).state is ProjectState.CLOSED
    assert networks(own) == []
    gone.join()
