"""Attacks on the egress API from inside a container: tokens of others, forged fields, false addresses."""

import json
from typing import Any

import pytest
import uvicorn
from sqlalchemy import update

from core.audit.log import entries
from egress_review import identity
from egress_review.api import make_app
from egress_review.errors import TokenRefused
from egress_review.server import make_server
from projects.tables import membership
from tests.attacks.egress.installation import CHRIS, MODELS, ROSA, SUBMIT, ask, home, running, submission
from tests.egress_review.world import OTHER_PROJECT, PROJECT, World, looks_fine


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


@pytest.mark.parametrize("field", ["author", "project", "project_id", "reviewer", "state", "id", "approvals", "sha256"])
class TestAForgedField:
    def test_in_the_manifest_is_refused(self, egress: World, field: str) -> None:
        forged = submission(**{field: "chris"})
        assert ask(egress, ROSA, *home(egress), **forged).status_code == 422

    def test_about_a_file_is_refused(self, egress: World, field: str) -> None:
        forged = submission(files=[{"name": "table.csv", field: "chris"}])
        assert ask(egress, ROSA, *home(egress), **forged).status_code == 422

    def test_beside_the_manifest_is_refused(self, egress: World, field: str) -> None:
        forged = submission()
        forged["data"][field] = "chris"
        assert ask(egress, ROSA, *home(egress), **forged).status_code == 422

    def test_in_the_address_line_changes_nothing(self, egress: World, field: str) -> None:
        forged = {**submission(), "params": {field: "ravi"}}
        answer = ask(egress, ROSA, *home(egress), **forged)
        request = egress.request(answer.json()["id"])
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


def test_when_the_hub_is_gone_nobody_is_served(world: World) -> None:
    with running(make_server(make_app(world.database, world.settings, run=looks_fine), world.settings)):
        assert ask(world, ROSA, *home(world)).status_code == 503
