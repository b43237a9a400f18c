"""Take away what lost its right: compare the containers there are with what the database says there may be.

The worker takes a turn every two seconds. A container is killed, not stopped (a stopped process takes its time), and
removed, so that nothing comes back with its old mounts and token; its sockets close with it, and JupyterHub, which
polls, closes its route. Without the firewall every server is ended at once. Without the database, without Docker's
answer, or with a defect of ours on the way, nobody's right is known: after five minutes of that every server is ended.
What can not be judged by itself is killed, and what fails with one container keeps no other from its turn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from docker.errors import APIError

from core.database import Database
from core.errors import Unavailable
from core.people.models import SystemActor
from core.settings import Settings
from hub.container import differences
from hub.engine import engine
from hub.errors import FirewallMissing
from hub.firewall import check_firewall, ensure_firewall
from hub.models import Server, ServerState
from hub.names import NOTEBOOK, PERSON_LABEL, POOL_LABEL, PROJECT_LABEL, ROLE_LABEL
from hub.servers import move, servers_up
from hub.spawner import START_SECONDS, STOP_SECONDS
from projects.access import check_access

BLIND_SECONDS = 300
"""How long servers go on while nobody's right can be checked."""

_WORKER = SystemActor("worker")
_log = structlog.get_logger()

Key = tuple[str, str]
"""Username and project id: what a server is known by."""


class Watch:
    """Keep one installation's servers to those that may be; the worker calls `turn` again and again."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._sighted = monotonic()

    def turn(self) -> None:
        """Reconcile once, the firewall first; what fails is raised, after ending all servers where it is time to."""
        try:
            _ensure_closed(self._settings)
            deeds = reconcile_once(self._database, self._settings)
        except FirewallMissing:
            end_all_servers(self._settings, "the firewall is not in place")
            raise
        except Exception:  # whatever it was, the turn did not come to its end
            if monotonic() - self._sighted > BLIND_SECONDS:
                end_all_servers(self._settings, f"nobody's right could be checked for {BLIND_SECONDS} seconds")
            raise
        self._sighted = monotonic()
        for deed in deeds:
            _log.info("reconciled", deed=deed)


def reconcile_once(database: Database, settings: Settings) -> list[str]:
    """Kill and remove every notebook container that may not be, then record what ended; return what was done, in words.

    Every container has its turn; what failed with one is raised after that. No kill waits for the record: a database
    that is locked or full takes half a minute to say so. What was killed and not recorded, the next turn finds gone.
    """
    # The record is read first: what is on it as running has a container then, or is gone.
    on_record = {(server.username, server.project_id): server for server in servers_up(database)}
    killed: list[tuple[Any, str]] = []

    def kill(container: Any, reason: str) -> None:
        _kill(container)
        killed.append((container, reason))

    def record(container: Any, reason: str) -> None:
        _record_kill(database, container, on_record.get(_key(container)), reason)

    with engine() as client:
        containers = _notebooks(client, settings)
        try:
            _each(_unwanted(database, settings, containers, on_record), kill)
        finally:
            _each(killed, record)
    there = {_key(container) for container in containers}
    deeds = [f"killed {container.name}: {reason}" for container, reason in killed]
    return deeds + [_record_end(database, on_record[key]) for key in _over(on_record, there, database.clock())]


def servers_left(database: Database, settings: Settings, project_id: str) -> int:
    """Return how many servers of a project have a container, or are on record as up or on the way up or down."""
    # The record is read first: what is on it as starting has a container then, or will be refused one.
    on_record = {(server.username, server.project_id) for server in servers_up(database)}
    with engine() as client:
        keys = on_record | {_key(container) for container in _notebooks(client, settings)}
    return sum(key[1] == project_id for key in keys)


def end_all_servers(settings: Settings, reason: str) -> int:
    """Kill and remove every notebook container, whatever the database says or can not say; return how many."""
    with engine() as client:
        containers = _notebooks(client, settings)
        _each([(container, reason) for container in containers], lambda container, _: _kill(container))
    for container in containers:
        _log.warning("killed", container=container.name, reason=reason)
    return len(containers)


def _each(containers: Iterable[tuple[Any, str]], do: Callable[[Any, str], None]) -> None:
    """Do it to every container for its reason; what fails with one keeps no other waiting, the first is raised last."""
    failures = []
    for container, reason in containers:
        try:
            do(container, reason)
        except Exception as error:  # noqa: BLE001  (raised below)
            failures.append(error)
    if failures:
        raise failures[0]


def _notebooks(client: Any, settings: Settings) -> list[Any]:
    """Return every notebook container of this installation, running or not, in order of creation."""
    labels = [f"{ROLE_LABEL}={NOTEBOOK}", f"{POOL_LABEL}={settings.network_pool}"]
    found = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
    return sorted(found, key=lambda container: str(container.attrs["Created"]))


def _unwanted(
    database: Database, settings: Settings, containers: list[Any], on_record: Mapping[Key, Server]
) -> Iterator[tuple[Any, str]]:
    kept: set[str] = set()
    for container in containers:
        server = on_record.get(_key(container))
        reason = _why_not(database, settings, container, server)
        if server is not None and server.username in kept:
            reason = reason or "a second server of one person"
        if reason:
            yield container, reason
        elif server is not None:
            kept.add(server.username)


def _why_not(database: Database, settings: Settings, container: Any, server: Server | None) -> str:
    if server is None:
        return "not on record"
    try:
        access = check_access(database, server.username, server.project_id)
        wrong = differences(container.attrs, access, settings)
        return f"other {' and '.join(wrong)}" if wrong else _why_over(container, server, database.clock())
    except Unavailable:  # then nobody's right is known, not this one's lost
        raise
    except Exception as error:  # noqa: BLE001  (a refusal or a defect: nothing says that this one may be)
        return type(error).__name__


def _why_over(container: Any, server: Server, now: datetime) -> str:
    """Say why a server is over by itself: it ended, or was asked to stop and had its time for it."""
    if server.state is ServerState.STARTING:
        return ""  # the hub is at it, and reads the last words of one that dies
    if container.status != "running":
        return "it had ended"
    if server.state is ServerState.STOPPING:
        if now - server.changed_at > timedelta(seconds=STOP_SECONDS):
            return "it was to stop"
        _ask_to_end(container)
    return ""


def _over(on_record: Mapping[Key, Server], there: set[Key], now: datetime) -> list[Key]:
    """Return which servers on record have no container any more; one that is starting may not have it yet."""
    young = timedelta(seconds=START_SECONDS)
    gone = {key: server for key, server in on_record.items() if key not in there}
    return [key for key, s in gone.items() if s.state is not ServerState.STARTING or now - s.changed_at > young]


def _record_end(database: Database, server: Server) -> str:
    move(database, _WORKER, server.username, server.project_id, ServerState.STOPPED, "hub:server:ended")
    return f"recorded the end of {server.audit_name}"


def _record_kill(database: Database, container: Any, server: Server | None, reason: str) -> None:
    detail = {"reason": reason}
    if server is not None:
        key = (server.username, server.project_id)
        move(database, _WORKER, *key, ServerState.STOPPED, "hub:server:killed", detail)
        return
    with database.write(_WORKER) as tx:
        tx.record("hub:container:killed", f"container:{container.name}", detail)


def _kill(container: Any) -> None:
    """Kill and remove in one call, or find that somebody else did."""
    try:
        container.remove(force=True, v=True)
    except APIError as error:
        if error.status_code not in (404, 409):
            raise


def _ask_to_end(container: Any) -> None:
    try:
        container.kill(signal="SIGTERM")
    except APIError as error:
        if error.status_code not in (404, 409):  # it ended in this moment
            raise


def _ensure_closed(settings: Settings) -> None:
    try:
        check_firewall(settings)
    except FirewallMissing as missing:
        ensure_firewall(settings)
        _log.error("firewall was not in place", error=str(missing))


def _key(container: Any) -> Key:
    return container.labels.get(PERSON_LABEL, ""), container.labels.get(PROJECT_LABEL, "")
