"""A whole JupyterHub of a test's own: real sign-in provider, real proxy, real containers, on free ports.

with sign_in_provider() as port, running_hub(hub_settings(folder, port)) as hub:
    add_people(hub.database, "rosa"), add_project(hub.database, hub.settings, "cis-spinal", "rosa", block=1)
    rosa = hub.visitor("rosa")
    rosa.open("cis-spinal")
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network
from itertools import count
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import docker
import httpx
import pytest
from sqlalchemy import insert, update

from core.database import Database
from core.files import ensure_folder
from core.migrations import upgrade
from core.people.models import Person, SystemActor
from core.people.tables import person as person_table
from core.settings import Settings
from hub.firewall import ensure_firewall, remove_firewall
from hub.names import PROJECT_LABEL, ROLE_LABEL
from hub.network import ensure_project_network, remove_project_network
from hub.reconcile import Watch, end_all_servers, reconcile_once
from projects import tables
from projects.models import Cut
from tests.support.projects import insert_project
from tests.support.provider import backchannel_at, issuer_at, sign_in_provider
from tests.support.server import free_port

CHECKOUT = Path(__file__).parents[2]
POOLS = list(IPv4Network("10.192.0.0/10").subnets(new_prefix=18))
"""Where each installation of a test takes a pool of its own: a demo, or other tests, may run on this machine."""

SETUP = SystemActor("setup")


def hub_settings(folder: Path, provider_port: int, **others: Any) -> Settings:
    """Return settings of an installation of its own under this folder."""
    hub_port = free_port()
    given = {
        "mode": "demo",
        "state": folder / "state",
        "hub_port": hub_port,
        "hub_api_port": free_port(),
        "proxy_api_port": free_port(),
        "egress_port": free_port(),
        "hub_url": f"http://notebooks.localhost:{hub_port}",
        "oidc_issuer": issuer_at(provider_port),
        "oidc_backchannel": backchannel_at(provider_port),
        "network_pool": secrets.choice(POOLS),
    }
    return Settings(**{**given, **others})


def environment_of(settings: Settings) -> dict[str, str]:
    """Return these settings as the environment another process reads them from."""
    given = settings.model_dump(mode="json", exclude_unset=True)
    return {f"MYELIN_{name.upper()}": str(value) for name, value in given.items()}


@dataclass
class RunningHub:
    """A hub that answers, and what belongs to it."""

    settings: Settings
    database: Database
    process: "subprocess.Popen[bytes]"

    @property
    def log(self) -> Path:
        """What the hub said."""
        return self.settings.state / "hub.log"

    @property
    def api(self) -> str:
        """Where the hub's API is for this host."""
        return f"http://127.0.0.1:{self.settings.hub_api_port}/hub/api"

    def visitor(self, username: str) -> "Visitor":
        """Return somebody at a browser of their own, signed in."""
        visitor = Visitor(self)
        answer = visitor.sign_in(f"subject-{username}")
        assert answer.status_code < 400, answer.text
        return visitor

    def restart(self) -> None:
        """End the hub and its proxy, and start them again."""
        end_hub(self.process)
        self.process = start_hub(self.settings)


@contextlib.contextmanager
def running_hub(settings: Settings) -> Iterator[RunningHub]:
    """Make an empty control database, run a hub over it, and leave no container, network or process behind."""
    ensure_folder(settings.state)
    with contextlib.ExitStack() as leaving:
        database = Database(settings.database)
        leaving.callback(database.close)
        upgrade(database)
        ensure_firewall(settings)
        leaving.callback(remove_firewall, settings)
        leaving.callback(remove_projects_of, settings)
        hub = RunningHub(settings, database, start_hub(settings))
        leaving.callback(lambda: end_hub(hub.process))
        yield hub


def start_hub(settings: Settings) -> "subprocess.Popen[bytes]":
    """Run `jupyterhub` with our configuration and wait until it answers."""
    log = settings.state / "hub.log"
    command = [sys.executable, "-m", "jupyterhub", "-f", str(CHECKOUT / "jupyterhub_config.py")]
    ours = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME") or name[:8] == "COVERAGE"}
    environment = {**ours, **environment_of(settings)}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=settings.state, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_up(process, f"http://127.0.0.1:{settings.hub_port}/hub/api/", log)
    except BaseException:
        end_hub(process)
        raise
    return process


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline:
        assert process.poll() is None, f"The hub ended:\n{log.read_text()[-4000:]}"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return
        sleep(0.2)
    raise AssertionError(f"The hub is not up after a minute:\n{log.read_text()[-4000:]}")


def end_hub(process: "subprocess.Popen[bytes]") -> None:
    """End a hub, its proxy and its services."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def remove_projects_of(settings: Settings) -> None:
    """Remove the containers and networks of every project in this installation's pool."""
    client = docker.from_env()
    for network in client.networks.list(filters={"label": PROJECT_LABEL}):
        pools = network.attrs["IPAM"]["Config"]
        if pools and IPv4Network(pools[0]["Subnet"]).subnet_of(settings.network_pool):
            project_id = network.attrs["Labels"][PROJECT_LABEL]
            for container in containers_of(project_id):
                container.remove(force=True, v=True)
            remove_project_network(settings, project_id)
    client.close()


def containers_of(project_id: str) -> list[Any]:
    """Return a project's notebook containers, running or not."""
    labels = [f"{PROJECT_LABEL}={project_id}", f"{ROLE_LABEL}=notebook"]
    found: list[Any] = docker.from_env().containers.list(all=True, filters={"label": labels}, ignore_removed=True)
    return found


@contextlib.contextmanager
def watching(hub: RunningHub, seconds: float = 2.0) -> Iterator[None]:
    """Let the worker's watch take its turns, as it does in an installation."""
    over, watch = Event(), Watch(hub.database, hub.settings)

    def turns() -> None:
        while not over.wait(seconds):
            watch.turn()

    with ThreadPoolExecutor(1) as worker:
        done = worker.submit(turns)
        try:
            yield
        finally:
            over.set()
            done.result()


def add_people(database: Database, settings: Settings, *usernames: str) -> None:
    """Add people with open accounts, whom the provider knows as `subject-<username>`."""
    with database.write(SETUP) as tx:
        for username in usernames:
            values = Person(
                username, username.title(), f"{username}@example.org", settings.oidc_issuer, f"subject-{username}"
            ).__dict__
            values = {key: value for key, value in values.items() if key != "roles"}
            tx.execute(insert(person_table).values(**values, created_at=tx.now))
        tx.record("core:person:add", "person:cast")


def add_project(database: Database, settings: Settings, project_id: str, *team: str, block: int) -> IPv4Network:
    """Add an active project of this team with a cut of one small file, and make its network; return its subnet.

    `block` is the number of its /26 in the pool. The approver is a person of their own.
    """
    subnet = list(settings.network_pool.subnets(new_prefix=26))[block]
    cut = Cut(project_id, 1, team[0], database.clock(), "0" * 64, synthetic=True)
    folder = ensure_folder(cut.folder(settings), 0o755)
    (folder / "manifest.json").write_text(f'{{"project": "{project_id}"}}\n')
    approver = f"dac-{project_id}"[:31]
    add_people(database, settings, approver)
    today = database.clock().date()
    with database.write(SETUP) as tx:
        days = (today - timedelta(days=1), today + timedelta(days=1))
        insert_project(tx, project_id, team[0], approver, *days, subnet=str(subnet))
        for username in team:
            add_member(tx, project_id, username)
        mine = tables.project.c.id == project_id
        tx.execute(insert(tables.cut).values(**cut.__dict__))
        tx.execute(update(tables.project).where(mine).values(state="active"))
        tx.record("projects:project:activate", f"project:{project_id}")
    ensure_project_network(settings, project_id, subnet)
    return subnet


def add_member(tx: Any, project_id: str, username: str) -> None:
    """Put somebody into a team, in this transaction."""
    values = {"project_id": project_id, "username": username, "joined_at": tx.now, "role": "researcher"}
    tx.execute(insert(tables.membership).values(values))


def change_project(database: Database, project_id: str, **values: Any) -> None:
    """Change a project's row, as its services would."""
    with database.write(SETUP) as tx:
        tx.execute(update(tables.project).where(tables.project.c.id == project_id).values(values))
        tx.record("projects:project:change", f"project:{project_id}")


def end_membership(database: Database, project_id: str, username: str) -> None:
    """Take somebody out of a team, as its service would."""
    mine = (tables.membership.c.project_id == project_id, tables.membership.c.username == username)
    with database.write(SETUP) as tx:
        tx.execute(update(tables.membership).where(*mine).values(left_at=tx.now))
        tx.record("projects:member:remove", f"project:{project_id}")


class Visitor:
    """Somebody at a browser of their own: follows redirects and keeps cookies; every `*.localhost` is this host."""

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub
        self.client = httpx.Client(transport=_LocalTransport(), follow_redirects=True, timeout=120)

    def sign_in(self, subject: str) -> httpx.Response:
        """Sign in as whom the provider calls by this subject, and land at the hub's home page or on its refusal."""
        page = self.client.get(f"{self.hub.settings.hub_url}/hub/login?next=%2Fhub%2Fhome")
        return self.client.post(page.url, data={"sub": subject})

    def get(self, path: str) -> httpx.Response:
        """Open a page of the hub."""
        return self.client.get(self.hub.settings.hub_url + path)

    def spawn(self, username: str, server: str, seconds: float = 90) -> httpx.Response:
        """Ask for a server as the portal's link does, and wait until the hub shows it, or why not."""
        answer = self.get(f"/hub/spawn/{username}/{server}".rstrip("/"))
        deadline = monotonic() + seconds
        while "/spawn-pending/" in str(answer.url) and answer.is_success and monotonic() < deadline:
            sleep(0.5)
            answer = self.client.get(answer.url)
        return answer

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the hub's API as its pages do."""
        token = self.client.cookies.get("_xsrf", path="/hub/", domain="notebooks.localhost") or ""
        headers = {"X-XSRFToken": token, "Referer": f"{self.hub.settings.hub_url}/hub/home"}
        return self.client.request(method, f"{self.hub.settings.hub_url}/hub/api{path}", headers=headers, **options)


class _LocalTransport(httpx.HTTPTransport):
    """Reach every host called `…localhost` at 127.0.0.1, as browsers do, whatever this machine's resolver knows."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith("localhost"):
            url = request.url.copy_with(host="127.0.0.1")
            request = httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        return super().handle_request(request)


class House:
    """People and projects of a test's own in a hub that many tests share."""

    _numbers = count(1)

    def __init__(self, hub: RunningHub) -> None:
        self.hub = hub

    def person(self, name: str = "rosa") -> str:
        """Add somebody and return their user name."""
        username = f"{name}-{next(self._numbers)}"
        add_people(self.hub.database, self.hub.settings, username)
        return username

    def project(self, *team: str) -> str:
        """Add an active project of this team and return its id."""
        number = next(self._numbers)
        add_project(self.hub.database, self.hub.settings, f"study-{number}", *team, block=number)
        return f"study-{number}"


@pytest.fixture(scope="session")
def provider() -> Iterator[int]:
    """A sign-in provider, by its port."""
    with sign_in_provider() as port:
        yield port


@pytest.fixture(scope="session")
def hub(provider: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that answers."""
    with running_hub(hub_settings(tmp_path_factory.mktemp("hub"), provider)) as running:
        yield running


@pytest.fixture
def house(hub: RunningHub) -> Iterator[House]:
    """People and projects of this test's own; its servers end with it."""
    yield House(hub)
    end_all_servers(hub.settings, "the test is over")
    reconcile_once(hub.database, hub.settings)
