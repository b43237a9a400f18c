"""No name of the world outside is looked up from inside: not directly, and not by Docker on the container's behalf."""

import secrets
from collections.abc import Iterator
from typing import Any, ClassVar

import docker
import pytest

from hub.container import host_options
from hub.names import network_name
from tests.support.hub import House, RunningHub, containers_of
from tests.support.outside import gateway_of, host_listener, network, reached, run_inside, sleeper
from tests.support.private_docker import PrivateDocker, private_docker

LOOK_UP = """
import socket, sys
try:
    print("found", socket.getaddrinfo(sys.argv[1], 80))
except OSError as error:
    print("not found:", error)
"""


@pytest.fixture
def server(hub: RunningHub, house: House) -> Any:
    """A running notebook server."""
    rosa = house.person()
    study = house.project(rosa)
    assert hub.visitor(rosa).spawn(rosa, study).is_success
    return containers_of(study)[0]


def test_a_name_is_not_found_and_is_told_so_soon(server: Any) -> None:
    said = run_inside(
        server, "import time; t = time.monotonic()" + LOOK_UP + "print(time.monotonic() - t)", "example.org"
    )
    assert "not found" in said
    assert float(said.split()[-1]) < 5


def test_a_resolver_on_the_host_is_not_reached(hub: RunningHub, server: Any) -> None:
    gateway = gateway_of(
        docker.from_env().networks.get(network_name(hub.settings, server.labels["org.myelin.project"]))
    )
    with host_listener(53, gateway) as resolver:
        for kind in ("udp", "tcp"):
            assert not reached(server, kind, [(gateway, 53)], resolver)


def test_a_resolver_on_the_host_is_reached_from_a_network_that_is_only_internal() -> None:
    with network(internal=True) as internal, sleeper(internal.name) as one, host_listener(53, gateway_of(internal)):
        for kind in ("udp", "tcp"):
            assert reached(one, kind, [(gateway_of(internal), 53)])


class TestEmbeddedResolver:
    """CVE-2024-29018: Docker asks the host's resolver for a container that reaches nothing, if that is on loopback."""

    REPAIRED: ClassVar = {24: (25, 0, 4), 25: (25, 0, 4)}  # 24 was not; before it, 23.0.11

    @pytest.fixture(scope="class")
    def private(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateDocker]:
        with private_docker(tmp_path_factory.mktemp("docker")) as running:
            yield running

    def test_a_docker_before_the_repair_leaks_names_from_an_internal_network(self, private: PrivateDocker) -> None:
        name = f"{secrets.token_hex(8)}.example"
        private.look_up(name, "--network", "inside")
        leaks = private.version < self.REPAIRED.get(private.version[0], (23, 0, 11))
        assert (name in private.asked) == leaks

    def test_none_leaks_with_the_options_of_our_containers(self, private: PrivateDocker, hub: RunningHub) -> None:
        given = host_options(hub.settings)
        options = [
            *[f"--dns={address}" for address in given["dns"]],
            *[f"--dns-search={domain}" for domain in given["dns_search"]],
            *[f"--dns-opt={option}" for option in given["dns_opt"]],
        ]
        name = f"{secrets.token_hex(8)}.example"
        assert private.look_up(name, "--network", "inside", *options) == ""
        assert name not in private.asked

    def test_the_resolver_is_one_that_answers(self, private: PrivateDocker) -> None:
        name = f"{secrets.token_hex(8)}.example"
        assert "10.1.2.3" in private.look_up(name, "--network", "host")
        assert name in private.asked
