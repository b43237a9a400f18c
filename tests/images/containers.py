"""Notebook containers as the hub starts them, on an internal network of the tests' own."""

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import docker
from docker.models.containers import Container
from docker.models.networks import Network
from docker.types import Mount

from tests.images.services import TOKEN

IMAGE = "myelin/notebook:latest"
RESEARCHER = 64000
BASE = "/user/rosa/cis-spinal"
PORT = 8888
SCOPES = '["access:servers!server=rosa/cis-spinal"]'

CONFINED: dict[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "tmpfs": {"/tmp": "size=512m,mode=1777"},
    "pids_limit": 512,
    "mem_limit": "2g",
}
"""What the hub's spawner asks of Docker, as far as the image must live with it."""


@dataclass(frozen=True)
class Place:
    """A network without a way out, and the host's address on it."""

    network: Network
    gateway: str


@dataclass(frozen=True)
class Folders:
    """The three folders a notebook is given."""

    data: Path
    team: Path
    home: Path

    @classmethod
    def empty(cls, data: Path, below: Path) -> "Folders":
        """Make a home and a team folder that the researcher owns."""
        folders = cls(data, below / "team-folder", below / "home-folder")
        for folder in (folders.team, folders.home):
            folder.mkdir()
            os.chown(folder, RESEARCHER, RESEARCHER)
        return folders

    def mounts(self) -> list[Mount]:
        """Say to Docker what goes where."""
        return [
            Mount("/data", str(self.data), "bind", read_only=True),
            Mount("/team", str(self.team), "bind"),
            Mount("/home/researcher", str(self.home), "bind"),
        ]


@dataclass(frozen=True)
class Notebook:
    """A running notebook server."""

    container: Container
    address: str

    @property
    def url(self) -> str:
        return f"http://{self.address}:{PORT}{BASE}"

    @property
    def log(self) -> str:
        return self.container.logs().decode()

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        """Send one request below the server's address, the path exactly as written, and return status and body."""
        connection = HTTPConnection(self.address, PORT, timeout=60)
        try:
            connection.request(method, BASE + path, body or None, {"Authorization": f"token {TOKEN}"})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        finally:
            connection.close()

    def run(self, *command: str) -> str:
        """Run a command inside, as the researcher, and return what it printed; raises AssertionError if it fails."""
        code, output = self.container.exec_run(list(command))
        assert code == 0, output.decode()
        return str(output.decode())


@contextmanager
def internal_network() -> Iterator[Place]:
    """Make a network without a way out and remove it afterwards."""
    client = docker.from_env()
    network = client.networks.create(f"myelin-test-{secrets.token_hex(4)}", driver="bridge", internal=True)
    try:
        network.reload()
        yield Place(network, network.attrs["IPAM"]["Config"][0]["Gateway"])
    finally:
        network.remove()


@contextmanager
def notebook_server(
    place: Place,
    folders: Folders,
    *,
    hub_port: int,
    egress_port: int = 1,
    command: Sequence[str] | None = None,
    mounts: Sequence[Mount] = (),
) -> Iterator[Notebook]:
    """Start a notebook server (the image's own command, or another) and stop it at the end of the block."""
    container = docker.from_env().containers.run(
        IMAGE,
        command,
        detach=True,
        network=place.network.name,
        environment=_environment(place, hub_port, egress_port),
        mounts=[*folders.mounts(), *mounts],
        user=f"{RESEARCHER}:{RESEARCHER}",
        **CONFINED,
    )
    try:
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"][place.network.name]["IPAddress"]
        notebook = Notebook(container, address)
        _wait_until_up(notebook)
        yield notebook
    finally:
        container.remove(force=True)


def run_once(*command: str, mounts: Sequence[Mount] = (), **options: Any) -> str:
    """Run one command in a container without a network and return what it printed; raises ContainerError."""
    settings = {"network_mode": "none", "remove": True, "stderr": True} | CONFINED | options
    return str(docker.from_env().containers.run(IMAGE, list(command), mounts=list(mounts), **settings).decode())


def _environment(place: Place, hub_port: int, egress_port: int) -> Mapping[str, str]:
    return {
        "JUPYTERHUB_API_TOKEN": TOKEN,
        "JUPYTERHUB_API_URL": f"http://{place.gateway}:{hub_port}/hub/api",
        "JUPYTERHUB_ACTIVITY_URL": f"http://{place.gateway}:{hub_port}/hub/api/users/rosa/activity",
        "JUPYTERHUB_ALLOW_TOKEN_IN_URL": "1",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-rosa-cis-spinal",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_ACCESS_SCOPES": SCOPES,
        "JUPYTERHUB_OAUTH_SCOPES": SCOPES,
        "JUPYTERHUB_SERVER_NAME": "cis-spinal",
        "JUPYTERHUB_SERVICE_PREFIX": f"{BASE}/",
        "JUPYTERHUB_SERVICE_URL": f"http://0.0.0.0:{PORT}{BASE}/",
        "JUPYTERHUB_USER": "rosa",
        "MYELIN_EGRESS_URL": f"http://{place.gateway}:{egress_port}",
        "MYELIN_PROJECT": "cis-spinal",
    }


def _wait_until_up(notebook: Notebook) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        notebook.container.reload()
        assert notebook.container.status == "running", notebook.log
        try:
            if notebook.ask("GET", "/api")[0] == 200:
                return
        except OSError:
            sleep(0.2)
    raise AssertionError(f"The notebook server is not up after a minute:\n{notebook.log}")
