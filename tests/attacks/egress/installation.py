"""A hub that knows three tokens, and programs in containers that talk to the egress API from any address."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from threading import Thread
from time import monotonic, sleep
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from tests.egress_review.world import OTHER_PROJECT, PROJECT, World

SUBMIT = "custom:egress:submit"
ROSA, RAVI, CHRIS = "rosas-token", "ravis-token", "chris-token"


def server_token(username: str, project_id: str) -> dict[str, Any]:
    """What the hub says of the token of one person's server of one project."""
    scopes = [f"access:servers!server={username}/{project_id}", f"{SUBMIT}!server={username}/{project_id}"]
    return {"kind": "user", "name": username, "admin": False, "scopes": scopes}


MODELS = {
    ROSA: server_token("rosa", PROJECT),
    RAVI: server_token("ravi", OTHER_PROJECT),
    CHRIS: server_token("chris", PROJECT),
}


def make_hub() -> FastAPI:
    """Make a hub that answers the one question the egress API asks."""
    hub = FastAPI()

    @hub.get("/hub/api/user")
    def user(request: Request) -> JSONResponse:
        model = MODELS.get(request.headers["authorization"].removeprefix("token "))
        return JSONResponse(model) if model else JSONResponse({"status": 403}, 403)

    return hub


@contextmanager
def running(server: uvicorn.Server) -> Iterator[None]:
    """Run a server until the block ends."""
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    deadline = monotonic() + 10
    while not server.started:
        assert monotonic() < deadline, "The server is not up after 10 seconds."
        sleep(0.02)
    yield
    server.should_exit = True
    thread.join(10)


@contextmanager
def at(peer: IPv4Address | str) -> Iterator[httpx.Client]:
    """A program at one address."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=str(peer)), trust_env=False) as client:
        yield client


def ask(world: World, token: str, peer: IPv4Address | str, gateway: IPv4Address | str, **more: Any) -> httpx.Response:
    """Ask for the list of requests, or send what `more` says, from one address to another."""
    url = f"http://{gateway}:{world.settings.egress_port}/v1/requests"
    headers = {"Authorization": f"token {token}", **more.pop("headers", {})}
    with at(peer) as client:
        return client.request("POST" if more else "GET", url, headers=headers, **more)


def home(world: World, project_id: str = PROJECT) -> tuple[IPv4Address, IPv4Address]:
    """The address of a container of a project, and of its gateway."""
    peer = world.peer(project_id)
    return peer, peer - 1


def submission(**forged: Any) -> dict[str, Any]:
    """A submission of one file, with more fields in its manifest than there should be."""
    manifest = {"description": "d", "files": [{"name": "table.csv"}], **forged}
    return {"files": [("files", ("table.csv", b"a,12\n"))], "data": {"manifest": json.dumps(manifest)}}
