"""A whole house for a journey: every process of the demo, on ports, a state folder and a network pool of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from pathlib import Path

from core.clock import DemoClock
from core.database import Database
from core.files import ensure_folder
from core.people.models import Person
from core.people.service import person_by_username
from core.settings import Settings
from data_catalog.synthetic import write_synthetic_sources
from hub.network import remove_project_network
from ops.demo import run
from ops.demo.provision import DECLARATIONS, OPEN_RECORDS
from projects.service import all_projects
from tests.support.server import free_port

CHECKOUT = Path(__file__).parents[2]
SCREENSHOTS = CHECKOUT / "build" / "screenshots"
POOL = IPv4Network("10.79.0.0/16")


@dataclass(frozen=True)
class House:
    """A running house, and the command line of everybody in it."""

    settings: Settings
    database: Database

    def myelin(self, who: str, *command: str, refused: int = 0) -> str:
        """Run the command line signed in as somebody and return what it printed; `refused` is its exit code."""
        environment = {**os.environ, **run.environment(self.settings)}
        environment["MYELIN_SESSION_FILE"] = str(self.settings.state / f"session-{who}")
        program = [sys.executable, "-m", "ops"]
        if not Path(environment["MYELIN_SESSION_FILE"]).exists():
            subprocess.run([*program, "demo", "login", who], env=environment, check=True, capture_output=True)
        done = subprocess.run([*program, *command], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == refused, done.stderr
        return done.stdout + done.stderr

    def set_clock(self, moment: datetime) -> None:
        """Have it be another moment in the whole house; who was signed in for too long is signed out by that."""
        self.myelin("olga", "demo", "clock", f"{moment:%Y-%m-%dT%H:%M:%S}")
        for session in self.settings.state.glob("session-*"):
            session.unlink()

    def person(self, username: str) -> Person:
        """Return somebody of the house as they stand now."""
        return person_by_username(self.database, username)

    def sources(self, dataset: str) -> Path:
        """Return the folder of a dataset's source files: the open records, or synthetic ones of their shape."""
        if (OPEN_RECORDS / dataset).exists():
            return OPEN_RECORDS / dataset
        folder = self.settings.state / "synthetic" / dataset
        write_synthetic_sources(dataset, folder)
        return folder

    @property
    def synthetic(self) -> bool:
        """Whether the open records are not at hand."""
        return not OPEN_RECORDS.exists()

    def ingest(self, who: str, dataset: str) -> str:
        """Publish an edition of a dataset through the command line."""
        return self.myelin(who, "dataset", "ingest", str(DECLARATIONS / f"{dataset}.toml"), str(self.sources(dataset)))


@contextmanager
def running_house(at: datetime | None = None) -> Iterator[House]:
    """Start a house with its people in it and no data, at a moment if one is given, and stop all of it at the end."""
    with tempfile.TemporaryDirectory(prefix="myelin-house-") as folder:
        settings = _settings(Path(folder) / "state")
        if at:
            ensure_folder(settings.state, 0o711)
            DemoClock(settings.state / "clock").set_to(at)
        try:
            database = run.start(settings)
            yield House(settings, database)
            database.close()
        finally:
            run.down(settings)
            _remove_networks(settings)


def _remove_networks(settings: Settings) -> None:
    """Remove the networks of the projects that were not closed: the next house's pool is the same."""
    database = Database(settings.database)
    for project in all_projects(database):
        remove_project_network(settings, project.id)
    database.close()


def _settings(state: Path) -> Settings:
    portal, hub, api, proxy, egress, identity = (free_port() for _ in range(6))
    return Settings(
        mode="demo",
        state=state,
        portal_port=portal,
        hub_port=hub,
        hub_api_port=api,
        proxy_api_port=proxy,
        egress_port=egress,
        portal_url=f"http://portal.localhost:{portal}",
        hub_url=f"http://notebooks.localhost:{hub}",
        oidc_issuer=f"http://id.localhost:{identity}",
        oidc_backchannel=f"http://127.0.0.1:{identity}",
        network_pool=POOL,
    )
