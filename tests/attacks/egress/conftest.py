"""The egress API as it is really served, over real sockets: the addresses are the kernel's own.

A hub of the tests' own answers whose a token is, in the words JupyterHub uses (hub/scopes.py); the real one, asked by
a real container, is in the journey.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from core.settings import Settings
from egress_review.api import make_app
from egress_review.server import make_server
from tests.attacks.egress.installation import make_hub, running
from tests.egress_review.conftest import world
from tests.egress_review.world import World, looks_fine
from tests.support.server import free_port, serving

__all__ = ["world"]


@pytest.fixture
def engine() -> str:
    """HTTP does not differ by engine: the services below it are tested on both."""
    return "sqlite"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    pool = IPv4Network("127.77.0.0/16")  # loopback: every process here can be at any of these addresses
    ports = {"hub_api_port": free_port(), "egress_port": free_port()}
    return Settings(mode="demo", state=tmp_path / "state", network_pool=pool, **ports)


@pytest.fixture
def hub(settings: Settings) -> Iterator[None]:
    with serving(make_hub(), settings.hub_api_port):
        yield


@pytest.fixture
def egress(world: World, hub: None) -> Iterator[World]:
    """The egress API at work, and the projects behind it."""
    with running(make_server(make_app(world.database, world.settings, run=looks_fine), world.settings)):
        yield world
