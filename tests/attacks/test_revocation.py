"""Whoever loses the right to a project loses the running server within ten seconds: mounts, sockets, token."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, update
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from core.people.tables import person
from projects.agreements.tables import contract, contract_project
from tests.support.hub import (
    SETUP,
    House,
    RunningHub,
    Visitor,
    change_project,
    containers_of,
    end_membership,
    watching,
)

SECONDS = 10


def leave_team(hub: RunningHub, username: str, project_id: str) -> None:
    end_membership(hub.database, project_id, username)


def suspend(hub: RunningHub, _username: str, project_id: str) -> None:
    change_project(hub.database, project_id, state="suspended")


def close(hub: RunningHub, _username: str, project_id: str) -> None:
    change_project(hub.database, project_id, state="closed")


def close_account(hub: RunningHub, username: str, _project_id: str) -> None:
    with hub.database.write(SETUP) as tx:
        tx.execute(update(person).where(person.c.username == username).values(active=False))
        tx.record("core:person:close", f"person:{username}")


def let_its_contract_end(hub: RunningHub, username: str, project_id: str) -> None:
    """Put it under a contract whose last day was yesterday: what a contract is from midnight on."""
    yesterday = hub.database.clock().date() - timedelta(days=1)
    terms = {"resource": "open", "organisation": "Acme", "starts": yesterday - timedelta(days=1095), "ends": yesterday}
    signed = {"signatory": "A. Cme", "document_sha256": "0" * 64, "recorded_by": username}
    with hub.database.write(SETUP) as tx:
        tx.execute(insert(contract).values(id=project_id, **terms, **signed, recorded_at=tx.now))
        since = tx.now - timedelta(days=1)
        under = {"contract_id": project_id, "project_id": project_id, "since": since, "added_by": username}
        tx.execute(insert(contract_project).values(under))
        tx.record("projects:contract:end", f"project:{project_id}")


@pytest.mark.parametrize("revoke", [leave_team, suspend, close, close_account, let_its_contract_end])
def test_a_running_server_ends(hub: RunningHub, house: House, revoke: Callable[[RunningHub, str, str], None]) -> None:
    rosa = house.person()
    study = house.project(rosa)
    visitor = hub.visitor(rosa)
    assert visitor.spawn(rosa, study).is_success
    (container,) = containers_of(study)
    token = dict(line.split("=", 1) for line in container.attrs["Config"]["Env"])["JUPYTERHUB_API_TOKEN"]

    with watching(hub):
        closed_after = asyncio.run(seconds_until_closed(hub, visitor, rosa, study, lambda: revoke(hub, rosa, study)))
    assert closed_after < SECONDS
    assert containers_of(study) == []

    within(SECONDS, lambda: not token_is_good(hub, token))
    within(SECONDS, lambda: is_refused(visitor, rosa, study))
    assert containers_of(study) == []


def is_refused(visitor: Visitor, username: str, project_id: str) -> bool:
    """Whether the hub refuses a server, or has them sign in anew; before it noticed the last one end, there is none."""
    again = visitor.spawn(username, project_id)
    assert not again.is_success or again.url.host == "id.localhost"
    return again.status_code == 403 or again.url.host == "id.localhost"


def test_without_the_watch_it_goes_on(hub: RunningHub, house: House) -> None:
    rosa = house.person()
    study = house.project(rosa)
    visitor = hub.visitor(rosa)
    visitor.spawn(rosa, study)
    end_membership(hub.database, study, rosa)
    sleep(SECONDS)
    assert visitor.client.get(server_url(hub, rosa, study) + "api").is_success
    assert len(containers_of(study)) == 1


def test_a_colleague_who_stays_goes_on(hub: RunningHub, house: House) -> None:
    rosa, ravi = house.person("rosa"), house.person("ravi")
    study = house.project(rosa, ravi)
    for username in (rosa, ravi):
        assert hub.visitor(username).spawn(username, study).is_success
    with watching(hub):
        end_membership(hub.database, study, rosa)
        within(SECONDS, lambda: len(containers_of(study)) == 1)
        sleep(4)
    (left,) = containers_of(study)
    assert left.labels["org.myelin.person"] == ravi


async def seconds_until_closed(
    hub: RunningHub, visitor: Visitor, username: str, project_id: str, revoke: Callable[[], None]
) -> float:
    """Open a socket to the server through the proxy as its page does, revoke, and time its end."""
    socket = await open_socket(hub, visitor, username, project_id)
    revoke()
    begun = monotonic()
    while await asyncio.wait_for(socket.read_message(), timeout=30) is not None:
        pass
    return monotonic() - begun


async def open_socket(hub: RunningHub, visitor: Visitor, username: str, project_id: str) -> WebSocketClientConnection:
    url = server_url(hub, username, project_id)
    request = visitor.client.build_request("GET", url + "api/events/subscribe")
    headers = {"Cookie": request.headers["cookie"], "Host": request.headers["host"], "Origin": url.split("/user/")[0]}
    port = hub.settings.hub_port
    address = f"ws://127.0.0.1:{port}/user/{username}/{project_id}/api/events/subscribe"
    return await websocket_connect(HTTPRequest(address, headers=headers))


def server_url(hub: RunningHub, username: str, project_id: str) -> str:
    return f"http://{username}.notebooks.localhost:{hub.settings.hub_port}/user/{username}/{project_id}/"


def token_is_good(hub: RunningHub, token: str) -> bool:
    return httpx.get(f"{hub.api}/user", headers={"Authorization": f"token {token}"}).is_success


def within(seconds: float, holds: Callable[[], Any]) -> None:
    deadline = monotonic() + seconds
    while not holds():
        assert monotonic() < deadline, f"It does not hold after {seconds} seconds."
        sleep(0.2)
