"""Start and stop the demo's processes, and tell who can sign in where."""

import sys
from time import monotonic, sleep

import httpx

from core.clock import clock_of
from core.database import Database
from core.errors import Unavailable
from core.files import ensure_folder
from core.migrations import upgrade
from core.settings import Settings
from hub.addresses import proxy_pid
from hub.errors import EngineUnavailable
from hub.firewall import remove_firewall
from hub.reconcile import end_all_servers
from ops import processes
from ops.demo import provider
from ops.demo.cast import CAST
from ops.demo.provision import (
    ensure_data,
    ensure_people,
    ensure_people_rights,
    ensure_projects,
    ensure_rules,
    ensure_sources,
)
from ops.show import console, show_table, step

PARTS = ("egress", "portal", "hub", "worker")
_START_SECONDS = 90


def up(settings: Settings) -> None:
    """Provision what is missing, start what does not run, and wait until everything answers."""
    database = start(settings)
    ensure_data(settings, database)
    ensure_sources(settings, database)
    ensure_rules(settings, database)
    ensure_people_rights(settings, database)
    ensure_projects(settings, database)
    database.close()


def start(settings: Settings) -> Database:
    """Start the sign-in provider and every part of the house, people in it but no data, and return its database."""
    ensure_folder(settings.state, 0o711)
    database = Database(settings.database, clock_of(settings))
    with step("Control database"):
        upgrade(database)
    with step("Sign-in provider"):
        provider.start_provider(settings)
        _wait(settings, provider.NAME, f"{settings.oidc_backchannel}/.well-known/openid-configuration")
    with step("People and roles"):
        ensure_people(settings, database)
    for part in PARTS:
        processes.start(settings, part, [sys.executable, "-m", "ops", "serve", part], environment(settings))
    for part, address in _health(settings).items():
        with step(f"Waiting for the {part}"):
            _wait(settings, part, address)
    processes.check_running(settings, "worker")
    return database


def down(settings: Settings) -> bool:
    """End every process of the demo and every notebook server; tell whether anything ran.

    Where Docker does not do as asked, that is said, and the rest is done; whatever runs is closed in all the same.
    """
    ran = [processes.stop(settings, part) for part in (*reversed(PARTS), provider.NAME)]
    if (proxy := proxy_pid(settings)) is not None:  # in a session of its own, it outlives a hub that was killed
        processes.end(proxy)
    ended = _end_servers(settings)
    remove_firewall(settings)
    return any(ran) or proxy is not None or bool(ended)


def _end_servers(settings: Settings) -> int:
    try:
        return end_all_servers(settings, "the demo was stopped")
    except EngineUnavailable as error:
        console.print(f"Notebook servers were not ended: {error.message} Without Docker none runs.", markup=False)
        return 0


def environment(settings: Settings) -> dict[str, str]:
    """Return these settings as the environment another process reads them from."""
    given = settings.model_dump(mode="json", exclude_unset=True)
    return {f"MYELIN_{name.upper()}": str(value) for name, value in given.items()}


def introduce(settings: Settings) -> None:
    """Print the addresses and the people to sign in as."""
    console.print()
    show_table("Sign in at the portal, as one of", ["name", "who"], [[part.username, part.does] for part in CAST])
    console.print(f"\n  Portal     {settings.portal_url}\n  Notebooks  {settings.hub_url}\n", highlight=False)
    console.print('On the command line:  eval "$(.venv/bin/myelin demo env)" && .venv/bin/myelin demo login olga')
    console.print("To stop everything:   make demo-stop")


def _health(settings: Settings) -> dict[str, str]:
    loopback = "http://127.0.0.1"
    return {
        "egress": f"{loopback}:{settings.egress_port}/v1/health",
        "portal": f"{loopback}:{settings.portal_port}/health",
        "hub": f"{loopback}:{settings.hub_port}/hub/api/",
    }


def _wait(settings: Settings, name: str, address: str) -> None:
    deadline = monotonic() + _START_SECONDS
    while monotonic() < deadline:
        processes.check_running(settings, name)
        try:
            if httpx.get(address, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        sleep(0.2)
    raise Unavailable(f"{name} does not answer:\n{processes.last_words(settings, name)}")
