"""Attacks on the egress API from inside a container: tokens of others, forged fields, false addresses."""

import json
import socket
from time import monotonic
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy import update

from core.audit.log import entries
from egress_review import identity, upload
from egress_review.api import make_app
from egress_review.errors import TokenRefused, WrongPlace
from egress_review.server import make_server
from projects.tables import membership
from tests.attacks.egress.installation import CHRIS, MODELS, ROSA, SUBMIT, ask, home, running, submission
from tests.egress_review.world import OTHER_PROJECT, PROJECT, World, looks_fine
from tests.support.server import serving


def test_a_container_with_its_own_token_on_its_own_network_is_served(egress: World) -> None:
    assert ask(egress, ROSA, *home(egress)).status_code == 200


class TestATokenOfAnotherProject:
    def test_is_refused_and_on_record(self, egress: World) -> None:
        assert ask(egress, ROSA, *home(egress, OTHER_PROJECT)).status_code == 403
        with egress.database.read() as connection:
            (refusal,) = [entry for entry, _ in entries(connection) if entry.action == "egress_review:access:refuse"]
        assert refusal.detail["reason"] == "WrongPlace"

    def test_is_refused_at_another_projects_gateway(self, egress: World) -> None:
        peer, _ = home(egress)
        _, gateway = home(egress, OTHER_PROJECT)
        assert ask(egress, ROSA, peer, gateway).status_code == 403

    def test_would_be_served_without_the_check_of_the_place(
        self, egress: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(identity, "check_place", lambda access, connection: None)
        assert ask(egress, ROSA, *home(egress, OTHER_PROJECT)).status_code == 200


class TestAnAddressFromAHeader:
    def lies(self, world: World) -> dict[str, str]:
        return {"X-Forwarded-For": str(home(world)[0]), "Forwarded": f"for={home(world)[0]}"}

    def test_is_not_believed(self, egress: World) -> None:
        there = home(egress, OTHER_PROJECT)[0], home(egress)[1]
        assert ask(egress, ROSA, *there, headers=self.lies(egress)).status_code == 403

    def test_would_be_believed_by_a_server_that_trusts_proxies(self, world: World, hub: None) -> None:
        server = make_server(make_app(world.database, world.settings, run=looks_fine), world.settings)
        trusting = uvicorn.Config(
            server.config.app, "0.0.0.0", world.settings.egress_port, proxy_headers=True, forwarded_allow_ips="*"
        )
        there = home(world, OTHER_PROJECT)[0], home(world)[1]
        with running(uvicorn.Server(trusting)):
            assert ask(world, ROSA, *there, headers=self.lies(world)).status_code == 200


def test_an_address_outside_the_project_networks_is_refused_before_the_token_is_looked_at(egress: World) -> None:
    _, gateway = home(egress)
    for peer, local in (("127.0.0.1", gateway), ("127.0.0.1", "127.0.0.1"), (home(egress)[0], "127.0.0.1")):
        answer = ask(egress, "any", peer, local)
        assert (answer.status_code, answer.json()["error"]["message"]) == (
            403,
            "This address answers notebook containers only.",
        )


FORGED = ("author", "project", "project_id", "reviewer", "state", "id", "approvals", "sha256")


class TestAForgedField:
    def test_in_the_manifest_is_refused(self, egress: World) -> None:
        assert {ask(egress, ROSA, *home(egress), **submission(**{field: "x"})).status_code for field in FORGED} == {422}

    def test_about_a_file_is_refused(self, egress: World) -> None:
        for field in FORGED:
            forged = submission(files=[{"name": "table.csv", field: "chris"}])
            assert ask(egress, ROSA, *home(egress), **forged).status_code == 422

    def test_beside_the_manifest_is_refused(self, egress: World) -> None:
        for field in FORGED:
            forged = submission()
            forged["data"][field] = "chris"
            assert ask(egress, ROSA, *home(egress), **forged).status_code == 422

    def test_in_the_address_line_changes_nothing(self, egress: World) -> None:
        forged = {**submission(), "params": dict.fromkeys(FORGED, "ravi")}
        request = egress.request(ask(egress, ROSA, *home(egress), **forged).json()["id"])
        assert (request.author, request.project_id, request.state) == ("rosa", PROJECT, "submitted")


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "user", "name": "rosa", "scopes": [f"{SUBMIT}!user=rosa"]},
        {"kind": "user", "name": "rosa", "scopes": [SUBMIT]},
        {"kind": "user", "name": "rosa", "scopes": [f"{SUBMIT}!server=rosa/"]},
        {"kind": "user", "name": "rosa", "scopes": [f"{SUBMIT}!server=rosa/cis-spinal/x"]},
        {"kind": "user", "name": "rosa", "scopes": [f"{SUBMIT}!server=rosa/a", f"{SUBMIT}!server=rosa/b"]},
        {"kind": "user", "name": "ravi", "scopes": [f"{SUBMIT}!server=rosa/cis-spinal"]},
        {"kind": "service", "name": "rosa", "scopes": [f"{SUBMIT}!server=rosa/cis-spinal"]},
        {"kind": "user", "name": "rosa", "admin": True, "scopes": ["admin:servers", "access:servers"]},
        {"kind": "user", "name": "rosa", "scopes": None},
        ["rosa"],
        None,
    ],
    ids=lambda model: json.dumps(model)[:70],
)
def test_only_a_servers_own_token_identifies_anybody(model: Any) -> None:
    with pytest.raises(TokenRefused):
        identity.parse_user(model)


def test_a_servers_own_token_names_person_and_project() -> None:
    assert identity.parse_user(MODELS[ROSA]) == ("rosa", PROJECT)


@pytest.mark.parametrize("header", [None, "", "token", "token ", "Basic cm9zYQ==", "token a b", f"token {'x' * 201}"])
def test_a_header_that_holds_no_token_is_not_sent_on(header: str | None) -> None:
    with pytest.raises(TokenRefused):
        identity.parse_token(header)


class TestSomebodyWhoIsNotInTheTeam:
    def test_with_a_token_that_says_so_is_refused(self, egress: World) -> None:
        """The hub's word is not enough: the database says who is in a team."""
        assert ask(egress, CHRIS, *home(egress)).status_code == 403

    def test_and_who_left_is_refused_from_the_next_request_on(self, egress: World) -> None:
        with egress.database.write(egress.people["olga"]) as tx:
            hers = membership.c.username == "rosa"
            tx.execute(update(membership).where(hers).values(left_at=tx.now))
            tx.record("projects:member:remove", f"project:{PROJECT}")
        assert ask(egress, ROSA, *home(egress), **submission()).status_code == 403
        assert not egress.settings.hold.exists()


def test_a_token_the_hub_does_not_know_is_refused(egress: World) -> None:
    assert ask(egress, "a-guess", *home(egress)).status_code == 401


@pytest.mark.parametrize("answer", [HTMLResponse("<h1>Hub</h1>"), JSONResponse({"status": 500}, 500)])
def test_when_the_hub_answers_something_else_nobody_is_served(world: World, answer: Response) -> None:
    hub = FastAPI()
    hub.add_route("/hub/api/user", lambda request: answer)
    server = make_server(make_app(world.database, world.settings, run=looks_fine), world.settings)
    with serving(hub, world.settings.hub_api_port), running(server):
        assert ask(world, ROSA, *home(world)).status_code == 503


@pytest.mark.parametrize("address", [("::1", 4000), ("testclient", 4000), None])
def test_a_connection_that_is_not_ipv4_comes_from_nowhere(address: object) -> None:
    with pytest.raises(WrongPlace):
        identity.parse_connection({"client": address, "server": ("10.77.0.1", 8082)})


class TestASubmissionThatNeverEnds:
    def begin(self, world: World) -> socket.socket:
        peer, gateway = home(world)
        connection = socket.create_connection((str(gateway), world.settings.egress_port), 30, (str(peer), 0))
        head = (
            f"POST /v1/requests HTTP/1.1\r\nHost: {gateway}\r\nAuthorization: token {ROSA}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n--x\r\n"
        )
        connection.sendall(head.encode())
        return connection

    def test_is_given_up_after_its_time(self, egress: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(upload, "RECEIVE_SECONDS", 0.2)
        with self.begin(egress) as connection:
            assert connection.recv(1000).startswith(b"HTTP/1.1 422")

    def test_and_one_that_breaks_off_leaves_nothing_and_blocks_nobody(self, egress: World) -> None:
        for _ in range(5):
            self.begin(egress).close()
        deadline = monotonic() + 30
        while ask(egress, ROSA, *home(egress), **submission()).status_code == 429:
            assert monotonic() < deadline
        assert len(ask(egress, ROSA, *home(egress)).json()["requests"]) == 1


def test_when_the_hub_is_gone_nobody_is_served(world: World) -> None:
    with running(make_server(make_app(world.database, world.settings, run=looks_fine), world.settings)):
        assert ask(world, ROSA, *home(world)).status_code == 503
