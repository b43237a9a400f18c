"""From inside a project's container only the hub and the egress API are reached; elsewhere the same probe gets through.

Each attack is made from a real notebook server as its own user, and once more by a root with Docker's ordinary
capabilities on the project's network, which no container of ours has: the network does not count on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import docker
import pytest

from hub.firewall import CONNECTIONS
from hub.names import network_name
from tests.support.hub import House, RunningHub, containers_of
from tests.support.outside import (
    Elsewhere,
    OnHost,
    address_of,
    echo,
    gateway_of,
    host_addresses,
    host_listener,
    network,
    reached,
    run_inside,
    sleeper,
)

KINDS = ("tcp", "udp", "icmp")


@dataclass
class Scene:
    """Rosa and Ravi run servers in one project, Lena in another; the world outside has one host."""

    study: str
    other_study: str
    gateway: str
    other_gateway: str
    rosa: Any
    ravi: Any
    lena: Any
    root: Any
    outside: Elsewhere
    ordinary: Any
    host: OnHost


HOLD = f"""
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def hold(_):
    try:
        return socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
    except OSError:
        return None
with ThreadPoolExecutor(32) as many:
    held = list(many.map(hold, range({CONNECTIONS + 8})))
print(sum(one is not None for one in held))
"""


@pytest.fixture(scope="module")
def scene(hub: RunningHub) -> Iterator[Scene]:
    house = House(hub)
    rosa, ravi, lena = (house.person(name) for name in ("rosa", "ravi", "lena"))
    study, other = house.project(rosa, ravi), house.project(lena)
    for username, project_id in ((rosa, study), (ravi, study), (lena, other)):
        answer = hub.visitor(username).spawn(username, project_id)
        assert answer.is_success, answer.text
    by_person = {c.labels["org.myelin.person"]: c for c in containers_of(study) + containers_of(other)}
    with (
        network() as world,
        echo(world.name) as outside,
        sleeper(world.name) as ordinary,
        sleeper(network_name(hub.settings, study), user="0:0") as root,
        host_listener() as host,
    ):
        networks = docker.from_env().networks
        gateways = [gateway_of(networks.get(network_name(hub.settings, project_id))) for project_id in (study, other)]
        yield Scene(
            study,
            other,
            *gateways,
            rosa=by_person[rosa],
            ravi=by_person[ravi],
            lena=by_person[lena],
            root=root,
            outside=outside,
            ordinary=ordinary,
            host=host,
        )
    for container in by_person.values():
        container.remove(force=True)


@pytest.fixture(params=["researcher", "root"])
def attacker(request: pytest.FixtureRequest, scene: Scene) -> Any:
    return scene.rosa if request.param == "researcher" else scene.root


class TestTheWorldOutside:
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_not_reached(self, scene: Scene, attacker: Any, kind: str) -> None:
        assert not reached(attacker, kind, [scene.outside.target], scene.outside)

    @pytest.mark.parametrize("kind", KINDS)
    def test_is_reached_from_an_ordinary_network(self, scene: Scene, kind: str) -> None:
        assert reached(scene.ordinary, kind, [scene.outside.target])

    def test_there_is_no_ipv6_to_try_it_with(self, attacker: Any) -> None:
        program = "import os; print(os.path.exists('/proc/net/if_inet6') and open('/proc/net/if_inet6').read())"
        assert "eth0" not in run_inside(attacker, program)


class TestTheHost:
    @pytest.mark.parametrize("kind", KINDS)
    def test_none_of_its_addresses_answers(self, scene: Scene, attacker: Any, kind: str) -> None:
        assert {scene.gateway, scene.other_gateway} <= host_addresses()
        assert not reached(attacker, kind, everywhere(scene.host.port), scene.host)

    @pytest.mark.parametrize("kind", KINDS)
    def test_its_addresses_answer_a_network_that_is_only_internal(self, scene: Scene, kind: str) -> None:
        with network(internal=True) as internal, sleeper(internal.name) as container:
            targets = [(address, scene.host.port) for address in (scene.gateway, scene.other_gateway)]
            assert reached(container, kind, targets) == set(targets)

    def test_the_hubs_api_answers_on_the_own_gateway_only(self, scene: Scene, attacker: Any, hub: RunningHub) -> None:
        port = hub.settings.hub_api_port
        assert reached(attacker, "http", everywhere(port)) == {(scene.gateway, port)}

    def test_the_egress_port_is_open_on_the_own_gateway_only(
        self, scene: Scene, attacker: Any, hub: RunningHub
    ) -> None:
        with host_listener(hub.settings.egress_port) as egress:
            assert reached(attacker, "tcp", everywhere(egress.port)) == {(scene.gateway, egress.port)}
            assert not reached(attacker, "udp", everywhere(egress.port), egress)

    def test_one_container_holds_but_so_many_connections(self, scene: Scene, hub: RunningHub) -> None:
        """So that it can not take all the egress API has, and its colleagues still get through."""
        assert int(run_inside(scene.root, HOLD, scene.gateway, str(hub.settings.hub_api_port))) == CONNECTIONS
        assert reached(scene.ravi, "http", [(scene.gateway, hub.settings.hub_api_port)])

    def test_from_a_network_that_is_only_internal_it_holds_more(self, scene: Scene) -> None:
        with network(internal=True) as internal, sleeper(internal.name) as container:
            assert int(run_inside(container, HOLD, gateway_of(internal), str(scene.host.port))) == CONNECTIONS + 8

    def test_its_own_services_are_closed(self, scene: Scene, attacker: Any, hub: RunningHub) -> None:
        ports = (hub.settings.hub_port, hub.settings.proxy_api_port, hub.settings.portal_port, 22, 2375, 5432)
        targets = [(address, port) for address in (scene.gateway, scene.other_gateway) for port in ports]
        assert not reached(attacker, "http", targets)

    def test_the_hubs_ports_are_closed_to_other_networks(self, scene: Scene, hub: RunningHub) -> None:
        ports = (hub.settings.hub_api_port, hub.settings.egress_port, hub.settings.proxy_api_port)
        with host_listener(hub.settings.egress_port):
            for port in ports:
                assert not reached(scene.ordinary, "tcp", everywhere(port))


class TestOtherContainers:
    def test_servers_of_colleagues_and_of_other_projects_are_not_reached(
        self, hub: RunningHub, scene: Scene, attacker: Any
    ) -> None:
        colleague = address_of(scene.ravi, network_name(hub.settings, scene.study)), 8888
        stranger = address_of(scene.lena, network_name(hub.settings, scene.other_study)), 8888
        assert not reached(attacker, "http", [colleague, stranger])

    @pytest.mark.parametrize("kind", KINDS)
    def test_listeners_on_project_networks_are_not_reached(
        self, hub: RunningHub, scene: Scene, attacker: Any, kind: str
    ) -> None:
        own, other = (network_name(hub.settings, project_id) for project_id in (scene.study, scene.other_study))
        with echo(own) as neighbour, echo(other) as stranger:
            assert not reached(attacker, kind, [neighbour.target, stranger.target], neighbour, stranger)

    @pytest.mark.parametrize("kind", KINDS)
    def test_on_a_network_that_is_only_internal_a_listener_is_reached(self, kind: str) -> None:
        with network(internal=True) as internal, sleeper(internal.name) as one, echo(internal.name) as other:
            assert reached(one, kind, [other.target])


def everywhere(port: int) -> list[tuple[str, int]]:
    """Return this port on every address of this host."""
    return [(address, port) for address in sorted(host_addresses())]
