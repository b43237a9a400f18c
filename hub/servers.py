"""Notebook servers on record: each start and stop as an intent and its outcome, in one transaction with its audit row.

JupyterHub and Docker do the work and can fail half-way; what was begun and never ended is found by `hub.reconcile`.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, insert, select, update

from core.database import Actor, Database, Transaction
from core.errors import MyelinError, NotFound
from core.people.models import Person
from hub.models import Server, ServerState, server_name
from hub.tables import notebook_server

UP = frozenset({ServerState.STARTING, ServerState.RUNNING, ServerState.STOPPING})
"""States in which there may be a container."""


def servers_of(database: Database, username: str) -> list[Server]:
    """Return a person's servers that are up, or on the way up or down, in order of project."""
    return _servers(database, select(notebook_server).where(notebook_server.c.username == username))


def servers_up(database: Database) -> list[Server]:
    """Return every server that is up, or on the way up or down."""
    return _servers(database, select(notebook_server))


def request_stop(database: Database, person: Person, project_id: str) -> None:
    """Have one's own server stopped within seconds; raises NotFound where it does not run."""
    if project_id not in {server.project_id for server in servers_of(database, person.username)}:
        raise NotFound(f"{person.username} has no server running in {project_id}.")
    move(database, person, person.username, project_id, ServerState.STOPPING, "hub:server:stop")


def move(
    database: Database,
    actor: Actor,
    username: str,
    project_id: str,
    state: ServerState,
    action: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Put a server into a state and record why."""
    with database.write(actor) as tx:
        _put(tx, username, project_id, state)
        tx.record(action, server_name(username, project_id), detail)


def settle(database: Database, actor: Actor, username: str, project_id: str, action: str) -> None:
    """Record that a server is down, where it was not already."""
    if project_id in {server.project_id for server in servers_of(database, username)}:
        move(database, actor, username, project_id, ServerState.STOPPED, action)


def record_refusal(database: Database, actor: Actor, username: str, project_id: str, error: MyelinError) -> None:
    """Record that a server was asked for and refused, and why by its kind: the words may name another project."""
    with database.write(actor) as tx:
        tx.record("hub:server:refuse", server_name(username, project_id), {"reason": type(error).__name__})


def _put(tx: Transaction, username: str, project_id: str, state: ServerState) -> None:
    key = {"username": username, "project_id": project_id}
    values = {"state": state, "changed_at": tx.now}
    mine = (notebook_server.c.username == username, notebook_server.c.project_id == project_id)
    if not tx.execute(update(notebook_server).where(*mine).values(values)).rowcount:
        tx.execute(insert(notebook_server).values(**key, **values))


def _servers(database: Database, statement: Select[Any]) -> list[Server]:
    key = (notebook_server.c.username, notebook_server.c.project_id)
    up = statement.where(notebook_server.c.state.in_(UP)).order_by(*key)
    with database.read() as connection:
        return [Server(**{**row, "state": ServerState(row["state"])}) for row in connection.execute(up).mappings()]
