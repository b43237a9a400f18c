"""Project networks on the real Docker: internal, without ways between containers, and healed where they are not."""

from collections.abc import Iterator
from ipaddress import IPv4Network

import docker
import pytest

from core.settings import Settings
from hub.errors import NetworkUnavailable
from hub.names import bridge_name, network_name
from hub.network import ensure_project_network, remove_project_network

SETTINGS = Settings(network_pool=IPv4Network("10.191.128.0/18"))
PROJECT = "test-of-networks"
SUBNET = IPv4Network("10.191.128.0/26")


@pytest.fixture(autouse=True)
def _removed() -> Iterator[None]:
    yield
    remove_project_network(SETTINGS, PROJECT)


def found() -> docker.models.networks.Network:
    return docker.from_env().networks.get(network_name(SETTINGS, PROJECT))


def test_a_project_network_is_closed() -> None:
    ensure_project_network(SETTINGS, PROJECT, SUBNET)
    network = found().attrs
    assert network["Internal"]
    assert not network["EnableIPv6"]
    assert network["Options"]["com.docker.network.bridge.name"] == bridge_name(SETTINGS, PROJECT)
    assert network["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert network["IPAM"]["Config"] == [{"Subnet": "10.191.128.0/26", "Gateway": "10.191.128.1"}]


def test_making_it_again_leaves_it() -> None:
    ensure_project_network(SETTINGS, PROJECT, SUBNET)
    before = found().id
    ensure_project_network(SETTINGS, PROJECT, SUBNET)
    assert found().id == before


def test_one_that_is_open_is_made_anew() -> None:
    docker.from_env().networks.create(network_name(SETTINGS, PROJECT))
    ensure_project_network(SETTINGS, PROJECT, SUBNET)
    assert found().attrs["Internal"]


def test_one_that_is_open_and_in_use_is_refused() -> None:
    client = docker.from_env()
    client.networks.create(network_name(SETTINGS, PROJECT))
    held = client.containers.run("myelin/notebook", "sleep 60", detach=True, network=network_name(SETTINGS, PROJECT))
    try:
        with pytest.raises(NetworkUnavailable, match="Stop what uses"):
            ensure_project_network(SETTINGS, PROJECT, SUBNET)
        with pytest.raises(NetworkUnavailable, match="Stop the project's servers"):
            remove_project_network(SETTINGS, PROJECT)
    finally:
        held.remove(force=True)


def test_two_installations_have_a_project_of_one_id() -> None:
    other, subnet = Settings(network_pool=IPv4Network("10.191.192.0/18")), IPv4Network("10.191.192.0/26")
    ensure_project_network(SETTINGS, PROJECT, SUBNET)
    ensure_project_network(other, PROJECT, subnet)
    try:
        assert found().attrs["IPAM"]["Config"][0]["Subnet"] == str(SUBNET)
    finally:
        remove_project_network(other, PROJECT)
    assert found()


def test_a_subnet_of_another_network_is_refused() -> None:
    taken = docker.from_env().networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    with pytest.raises(NetworkUnavailable, match="can not be made"):
        ensure_project_network(SETTINGS, PROJECT, IPv4Network(taken))


def test_removing_one_that_is_not_there_is_done() -> None:
    remove_project_network(SETTINGS, PROJECT)
    with pytest.raises(docker.errors.NotFound):
        found()
