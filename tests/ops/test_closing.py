"""Closing a project through the whole house: what fails half-way is finished by closing again."""

from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import docker
import pytest

from core.database import Database
from core.people.models import Person, SystemActor
from core.settings import Settings
from hub.errors import NetworkUnavailable
from hub.models import ServerState
from hub.names import NOTEBOOK, PERSON_LABEL, POOL_LABEL, PROJECT_LABEL, ROLE_LABEL, network_name
from hub.network import ensure_project_network, remove_project_network
from hub.servers import move
from ops import closing
from projects.closeout.proof import verify_proof
from projects.errors import ActionRefused
from projects.models import ProjectState
from projects.service import close_project, project
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
    proof = verify_proof(own.proofs / f"{PROJECT}.txt")
    assert (proof.written.by, proof.network) == ("person:olga", "10.190.0.0/26")


def test_the_worker_waits_for_a_server_and_then_does_it_all(
    database: Database, own: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    active_project(database, own, people, tmp_path)
    labels = {ROLE_LABEL: NOTEBOOK, POOL_LABEL: str(own.network_pool), PROJECT_LABEL: PROJECT, PERSON_LABEL: "rosa"}
    client = docker.from_env()
    server = client.containers.run("myelin/notebook", ["sleep", "60"], detach=True, init=True, labels=labels)
    try:
        close_project(database, people["olga"], PROJECT)
        closing.close_out_all(database, own)
        assert (own.cuts / PROJECT).exists()
    finally:
        server.remove(force=True)
        client.close()
    closing.close_out_all(database, own)
    assert not (own.cuts / PROJECT).exists()
    assert verify_proof(own.proofs / f"{PROJECT}.txt").written.by == "system:worker"


def test_a_server_on_record_that_has_no_container_yet_is_waited_for(
    database: Database, own: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    active_project(database, own, people, tmp_path)
    move(database, SystemActor("hub"), "rosa", PROJECT, ServerState.STARTING, "hub:server:start")
    close_project(database, people["olga"], PROJECT)
    closing.close_out_all(database, own)
    assert (own.cuts / PROJECT).exists()


def test_only_who_may_close_goes_on_with_a_close_out(
    database: Database, own: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    active_project(database, own, people, tmp_path)
    close_project(database, people["olga"], PROJECT)
    with pytest.raises(ActionRefused, match="lena may not close a project"):
        closing.close(own, database, people["lena"], PROJECT)
    assert (own.cuts / PROJECT).exists()
