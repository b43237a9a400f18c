"""Every route there is, found by asking the application: none answers a visitor, or a person it is not for.

A route that is added without being put in one of these lists fails the test that counts them.
"""

from collections.abc import Iterator
from datetime import date

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from core.database import Database
from core.outbox.records import find_effects
from core.people.models import Person, Role
from core.people.service import propose_role
from core.people.sessions import open_session, session_id
from core.tokens.models import TokenScope
from core.tokens.service import make_token
from egress_review.models import State
from portal.api.app import PREFIX
from projects.agreements.of_project import issue_invoice
from projects.agreements.signing.service import draw_up
from projects.declarations.service import asked_of
from tests.egress_review.world import World
from tests.support.catalog import application_file, approved_project
from tests.support.pages import FROM_OURSELVES, Page, Reader
from tests.support.portal import Sits

OPEN = {
    "/",
    "/api",
    "/health",
    "/register",
    "/register.json",
    "/sign-in",
    "/sign-in/callback",
    "/signed-out",
    "/static/{name}",
}
"""What a visitor may see."""

EVERYBODYS = {
    "/agreements",
    "/applications",
    "/me",
    "/me/declarations/{sha256}",
    "/me/end-other-sessions",
    "/projects",
    "/requests",
    "/sign-out",
    "/tokens",
    "/data",
    "/data/search",
    "/publications",
    "/rules",
    "/rules/{resource}",
    "/rules/{resource}/{number}",
    "/data/catalog.jsonld",
    "/data/feasibility",
    "/data/{dataset_id}",
    "/data/{dataset_id}/quality",
    "/data/{dataset_id}/dictionary.csv",
    "/data/{dataset_id}/schema.json",
    "/data/{dataset_id}/dataset.jsonld",
    "/data/{dataset_id}/feasibility",
    "/data/{dataset_id}/{table_id}/{variable}",
}
"""What everybody signed in may see: their own things, and what variables mean."""

NEEDS_A_ROLE = {
    "/reviews",
    "/reviews/{request_id}",
    "/reviews/{request_id}/rounds/{round_}/files/{number}",
    "/reviews/{request_id}/review",
    "/reviews/{request_id}/comment",
    "/reviews/{request_id}/{step}",
    "/committee",
    "/rules/{resource}/{number}/confirm",
    "/operations",
    "/people",
    "/people/new",
    "/people/new/pasted",
    "/people/grants",
    "/people/grants/{grant_id}/confirm",
    "/people/{username}",
    "/people/{username}/close",
    "/people/{username}/reopen",
    "/people/{username}/roles",
    "/people/{username}/roles/{role}/revoke",
    "/people/{username}/affiliation",
    "/people/{username}/trainings",
    "/people/{username}/trainings/{course}/revoke",
    "/outbox",
    "/outbox/{effect_id}/retry",
    "/audit",
    "/data/{dataset_id}/numbers",
    "/data/ledger",
    "/data/ledger.csv",
}

SOMEBODYS = {
    "/agreements/{project_id}",
    "/agreements/{project_id}/draw-up",
    "/agreements/{project_id}/end",
    "/agreements/{project_id}/invoices",
    "/agreements/{project_id}/invoices/{number}/pay",
    "/agreements/{project_id}/invoices/{number}/cancel",
    "/agreements/{project_id}/{number}",
    "/agreements/{project_id}/{number}/agreement.pdf",
    "/agreements/{project_id}/{number}/sign",
    "/agreements/{project_id}/{number}/withdraw",
    "/applications/{project_id}",
    "/applications/{project_id}/answers/{section}",
    "/applications/{project_id}/read",
    "/applications/{project_id}/everywhere/{table_id}",
    "/applications/{project_id}/people/{dataset_id}/{table_id}",
    "/applications/{project_id}/submit",
    "/applications/{project_id}/withdraw",
    "/applications/{project_id}/appeal",
    "/applications/{project_id}/exemption/{rule}",
    "/committee/{project_id}",
    "/committee/{project_id}/interest",
    "/committee/{project_id}/vote/{body}",
    "/committee/{project_id}/return",
    "/committee/{project_id}/without/{body}",
    "/committee/{project_id}/exemption/{rule}",
    "/projects/{project_id}",
    "/projects/{project_id}/twin.zip",
    "/projects/{project_id}/variables",
    "/projects/{project_id}/requests",
    "/projects/{project_id}/publications",
    "/projects/{project_id}/publications/{number}/outputs",
    "/projects/{project_id}/publications/{number}/summary",
    "/projects/{project_id}/publications/{number}/{step}",
    "/projects/{project_id}/report",
    "/projects/{project_id}/stop",
    "/projects/{project_id}/close",
    "/projects/{project_id}/deletion-proof.txt",
    "/projects/{project_id}/amend",
    "/requests/{request_id}/files/{number}",
    "/tokens/{token_id}/end",
    "/me/sessions/{id_}/end",
}
"""What belongs to a team, or to one person: to anybody else it is not there."""

MOUNTED = {PREFIX}
"""Applications of their own: what of the API answers whom is in tests/portal/api/test_contract.py."""


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or ()):
            if method != "HEAD":
                yield method, str(route.path)


@pytest.fixture
def filled(house: World, database: Database, people: dict[str, Person]) -> dict[str, str]:
    """Real ids for every parameter: a refusal must not come from nothing being there."""
    approved_project(database, people, application_file(id="bands"))
    grant = propose_role(database, people["olga"], "ravi", Role.CHECKER)
    released = house.bring_to(State.RELEASED)
    draw_up(database, house.settings, people["olga"], "cis-spinal", "carl", "dora")
    issue_invoice(database, people["olga"], "cis-spinal", amount=1, currency="EUR", due_on=date(2026, 7, 1))
    with database.read() as connection:
        effect = find_effects(connection, most=1)[0]
        declaration = asked_of(connection, "ravi")[0].declaration
    return {
        "sha256": declaration.sha256,
        "id_": session_id(open_session(database, people["rosa"], "web", 1)),
        "project_id": "cis-spinal",
        "request_id": released,
        "effect_id": effect.id,
        "grant_id": grant.id,
        "token_id": make_token(database, people["lena"], "a program", TokenScope.READ, 1)[1].id,
        "username": "chris",
        "role": "checker",
        "course": "data-protection",
        "dataset_id": "cis_cohort",
        "table_id": "patients",
        "variable": "age",
        "round_": "1",
        "number": "1",
        "step": "approve",
        "section": "study",
        "body": "house",
        "rule": "window",
        "resource": "open",
        "name": "x",
    }


def ask(reader: Reader, method: str, path: str) -> Page:
    token = reader.open("/").soup.find("input", {"name": "form_token"})
    filled = {
        "version": "0",
        "reason": "x",
        "word": "approve",
        "conflict": "no",
        "verdict-1": "approve",
        "comment-whole": "x",
        "role": "auditor",
        "sector": "academic",
        "organisation": "x",
        "passed": "2026-01-01",
        "through": "2026-12-31",
        "course": "data-protection",
        "evidence": "x",
    }
    data = {"form_token": token["value"], **filled} if token else {}
    return Page(reader.client.request(method, path, data=data or None, headers=FROM_OURSELVES, follow_redirects=False))


def test_no_route_was_forgotten(app: FastAPI) -> None:
    assert {path for _, path in routes(app)} == OPEN | EVERYBODYS | NEEDS_A_ROLE | SOMEBODYS
    assert {route.path for route in app.routes if isinstance(route, Mount)} == MOUNTED


def test_nothing_but_the_way_in_answers_a_visitor(app: FastAPI, anybody: Reader, filled: dict[str, str]) -> None:
    for method, path in routes(app):
        if path in OPEN:
            continue
        answer = ask(anybody, method, path.format(**filled)).response
        if method == "GET":
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in"), path
        else:
            assert answer.status_code == 401, path


def test_a_person_without_roles_or_team_is_refused_everywhere(app: FastAPI, sits: Sits, filled: dict[str, str]) -> None:
    ravi = sits("ravi")
    for method, path in routes(app):
        if path in NEEDS_A_ROLE:
            assert ask(ravi, method, path.format(**filled)).status == 403, path
        if path in SOMEBODYS:
            assert ask(ravi, method, path.format(**filled)).status == 404, path


def test_what_is_not_there_and_what_is_not_ones_own_can_not_be_told_apart(
    app: FastAPI, sits: Sits, filled: dict[str, str]
) -> None:
    ravi = sits("ravi")
    nowhere = {
        **filled,
        "project_id": "no-such-project",
        "request_id": "0" * 16,
        "grant_id": "0" * 16,
        "effect_id": "0" * 16,
        "token_id": "0" * 16,
        "username": "nobody-here",
    }
    for method, path in routes(app):
        if path in NEEDS_A_ROLE | SOMEBODYS:
            there, gone = (ask(ravi, method, path.format(**names)) for names in (filled, nowhere))
            assert there.status == gone.status, path
            assert blanked(there, filled) == blanked(gone, nowhere), path


def blanked(page: Page, names: dict[str, str]) -> str:
    text = page.text
    for name in ("project_id", "request_id", "grant_id", "effect_id", "token_id", "username"):
        text = text.replace(names[name], "…")
    return text


def test_every_form_wants_its_token(app: FastAPI, sits: Sits, filled: dict[str, str]) -> None:
    olga = sits("olga")
    posts = [path for method, path in routes(app) if method == "POST"]
    assert posts
    for path in posts:
        answer = olga.client.post(path.format(**filled), data={}, headers=FROM_OURSELVES, follow_redirects=False)
        assert (answer.status_code, "did not come from a page" in answer.text) == (403, True), path


def test_the_application_describes_itself_to_nobody(app: FastAPI, anybody: Reader) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert anybody.open(path).status == 404


def test_a_held_file_of_ones_own_team_is_not_shown_to_a_checker_in_it(
    house: World, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    request_id = house.submit().id
    proposal = propose_role(database, people["olga"], "lena", Role.CHECKER)
    otto = sits("otto")
    otto.press(otto.open("/people/grants"), "Confirm")
    assert proposal.username == "lena"
    lena = sits("lena")
    for path in (f"/reviews/{request_id}", f"/reviews/{request_id}/rounds/1/files/1"):
        page = lena.open(path)
        assert (page.status, "table.csv" in page.response.text) == (403, False)
