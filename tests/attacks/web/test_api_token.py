"""Attacks on the API's door: a token where none belongs, from where none may come, with more than one may send."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.database import Database
from core.people.models import Person, Role
from core.people.service import propose_role
from core.settings import Settings
from core.tokens.models import TokenScope
from core.tokens.service import make_token, take_token
from core.web.visit import SESSION
from portal.api import caller
from portal.api.app import PREFIX
from portal.api.caller import LONGEST_BODY
from tests.egress_review.world import World
from tests.support.api import Program, Programs, program
from tests.support.pages import ORIGIN, Reader
from tests.support.portal import Sits

__all__ = ["program"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_opens_no_page_of_the_portal(app: FastAPI, anybody: Reader, program: Programs) -> None:
    token = program("olga").token
    for headers in (bearer(token), {"Cookie": f"{SESSION}={token}"}):
        answer = anybody.client.get("/people", headers=headers, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fpeople")
        assert anybody.client.post("/tokens", headers=headers).status_code == 401, "and makes no other token"


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Basic {token}", "Bearer {token} ", "Bearer {token}x", "token {token}", "{token}"],
)
def test_a_header_that_is_not_quite_one_is_none(app: FastAPI, program: Programs, given: str) -> None:
    token = program("rosa").token
    client = TestClient(app, base_url=ORIGIN)
    headers = {"Authorization": given.format(token=token)}
    assert client.get(f"{PREFIX}/me", headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["/people/openapi.json", "/openapi.json/", "//openapi.json", "/me?/openapi.json"])
def test_what_looks_like_the_open_document_is_closed(app: FastAPI, path: str) -> None:
    assert Program(app).ask("GET", path).status_code == 401
    assert Program(app).ask("GET", "/openapi.json").status_code == 200


def test_a_token_in_the_address_is_none(app: FastAPI, program: Programs) -> None:
    """Addresses end up in logs."""
    token = program("rosa").token
    client = TestClient(app, base_url=ORIGIN)
    assert client.get(f"{PREFIX}/me?access_token={token}&token={token}").status_code == 401


@pytest.mark.parametrize("defended", [True, False])
def test_a_notebook_container_is_refused_even_with_a_token(
    app: FastAPI, settings: Settings, program: Programs, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    inside = str(settings.network_pool[10])
    client = TestClient(app, base_url=ORIGIN, client=(inside, 50000), headers=bearer(program("rosa").token))
    if not defended:
        monkeypatch.setattr(caller, "check_network", lambda settings, request: None)
    answer = client.get(f"{PREFIX}/me")
    assert (answer.status_code, "notebook containers" in answer.text) == ((403, True) if defended else (200, False))


def test_a_body_that_is_too_long_is_refused(program: Programs) -> None:
    rosa = program("rosa")
    for content in (b"x" * (LONGEST_BODY + 1), iter([b"x" * LONGEST_BODY, b"x"])):
        headers = {"Content-Type": "application/json"}
        answer = rosa.client.post(f"{PREFIX}/applications", content=content, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_nothing_a_stranger_sends_is_read(app: FastAPI) -> None:
    client = TestClient(app, base_url=ORIGIN)
    answer = client.post(f"{PREFIX}/applications", content=b"x" * (LONGEST_BODY + 1))
    assert answer.status_code == 401


@pytest.mark.parametrize("defended", [True, False])
def test_whose_roles_ask_for_a_second_factor_has_no_token_without_one(
    app: FastAPI, database: Database, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    """A role that comes later counts at once, for tokens from before it as well."""
    ravi = Program(app, make_token(database, people["ravi"], "a program", TokenScope.READ, 1)[0])
    assert ravi.ask("GET", "/me").status_code == 200
    propose_role(database, people["olga"], "ravi", Role.DATA_MANAGER)
    if not defended:
        monkeypatch.setattr(caller, "check_second_factor", lambda *_, **__: None)
    assert ravi.ask("GET", "/me").status_code == (403 if defended else 200)


def test_a_token_has_the_second_factor_of_the_session_it_was_made_in(sits: Sits, database: Database) -> None:
    olga = sits("olga")
    made = olga.press(olga.open("/tokens"), "Make the token", name="a", scope="read", days="1")
    shown = made.soup.select_one("code.token")
    assert shown is not None
    taken = take_token(database, shown.get_text())
    assert taken is not None
    assert taken[1].second_factor


def test_another_host_name_is_refused(app: FastAPI, program: Programs) -> None:
    client = TestClient(app, base_url="http://evil.example.org", headers=bearer(program("rosa").token))
    assert client.get(f"{PREFIX}/me").status_code == 421


def test_what_fails_tells_nothing_but_a_reference(
    house: World, program: Programs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such value: P7QK2M4ZD6HT3XAY")

    monkeypatch.setattr("portal.api.projects.projects_visible_to", fail)
    answer = program("rosa").ask("GET", "/projects")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "reference" in answer.json()["hint"]
    assert "P7QK2M4ZD6HT3XAY" not in answer.text + capsys.readouterr().out
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
