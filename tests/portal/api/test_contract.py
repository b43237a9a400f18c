"""The OpenAPI document as a contract: every operation in it is described, and refuses whom it must."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from core.database import Database
from core.people.models import Person, Role
from core.people.service import propose_role
from core.tokens.models import TokenScope
from portal.api.app import PREFIX, described
from portal.api.description import Operation, operations
from portal.api.problems import EXPECTED, MEDIA_TYPE
from tests.egress_review.world import World
from tests.support.api import Program, Programs
from tests.support.catalog import amendment_file, application_file, approved_project
from tests.support.pages import Reader

DOCUMENT = described()
OPERATIONS = operations(DOCUMENT)
EVERYBODYS = {
    "me",
    "list_applications",
    "list_projects",
    "list_rules",
    "rules_in_force",
    "rules_version",
    "list_seats",
    "begin_application",
    "submit_whole_application",
}
"""What everybody with a token may ask: their own things, and what is the same for all."""

NEEDS_A_ROLE = {
    "propose_rules_version",
    "confirm_rules_version",
    "committee_queue",
    "give_seat",
    "end_seat",
    "list_contracts",
    "move_project",
    "list_invoices",
    "record_payment",
    "cancel_invoice",
    "list_people",
    "person",
    "add_person",
    "close_person",
    "reopen_person",
    "propose_role",
    "revoke_role",
    "list_pending_grants",
    "confirm_role",
    "record_person_affiliation",
    "list_trainings",
    "record_person_training",
    "revoke_person_training",
}

BODIES: dict[str, Any] = {
    "confirm_rules_version": None,
    "submit_application": {"read": "0" * 64, "declared": True},
    "save_answer": {"value": "x", "version": 0},
    "appeal": {"reason": "x"},
    "ask_for_exemption": {"reason": "x"},
    "declare_interest": {"conflict": False},
    "cast_vote": {"body": "house", "word": "approve", "version": "0" * 64},
    "return_application": {"reason": "x", "version": "0" * 64},
    "answer_exemption_request": {"granted": True, "reason": "x"},
    "give_seat": {"username": "dirk"},
    "record_publication": {"kind": "article", "title": "x"},
    "show_publication": {"manuscript": "https://example.org/m"},
    "submit_publication": {"venue": "x", "submitted_on": "2026-05-01"},
    "publish": {"link": "https://example.org/p", "published_on": "2026-05-01"},
    "name_outputs": {"outputs": []},
    "sum_up": {"words": "x"},
    "write_report": {"words": "x"},
    "close_project": {"version": "x"},
    "add_member": {"username": "ravi"},
    "submit_whole_amendment": amendment_file().model_dump(mode="json"),
    "move_project": {"project_id": "cis-spinal"},
    "draw_up_agreement": {"signatory": "ravi", "countersignatory": "dirk"},
    "issue_invoice": {"amount": 1, "due_on": "2026-12-31"},
    "record_payment": {"paid_on": "2026-06-01", "reference": "x"},
    "add_person": {"username": "new", "name": "New", "email": "new@example.org", "subject": "new"},
    "propose_role": {"role": "auditor"},
    "record_person_affiliation": {"organisation": "x", "sector": "none"},
    "record_person_training": {"course": "c", "passed_on": "2026-01-01", "through": "2026-12-31", "evidence": "x"},
}
"""A body that can be read, of each operation that takes one of those in the lists below."""


@pytest.fixture
def filled(house: World, database: Database, people: dict[str, Person]) -> dict[str, str]:
    """Real ids for every parameter: a refusal must not come from nothing being there."""
    approved_project(database, people, application_file(id="bands"))
    grant = propose_role(database, people["olga"], "rosa", Role.CHECKER)
    return {
        "application_id": "cis-spinal.0",
        "project_id": "cis-spinal",
        "grant_id": grant.id,
        "resource": "open",
        "number": "1",
        "body": "house",
        "field": "title",
        "rule": "window",
        "kind": "data_use",
        "contract_id": "acme",
        "username": "rosa",
        "role": "auditor",
        "course": "data-protection",
    }


def ask(program: Program, operation: Operation, names: dict[str, str]) -> Any:
    body = BODIES.get(operation.id)
    if operation.id == "propose_rules_version":
        body = program.get("/rules/open")["rules"]
    return program.ask(operation.method, operation.path.format(**names), body)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_an_operation_says_what_it_does_and_what_it_may_refuse(operation: Operation) -> None:
    facts = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert facts["summary"].endswith(".")
    assert facts["security"] == [{"HTTPBearer": []}]
    assert {int(status) for status in facts["responses"]} >= set(EXPECTED)
    for status in EXPECTED:
        assert list(facts["responses"][str(status)]["content"]) == [MEDIA_TYPE]
    if operation.method in ("POST", "PUT") and operation.takes:
        assert DOCUMENT["components"]["schemas"][operation.takes.name]["additionalProperties"] is False


def test_every_kind_of_value_that_is_named_is_described() -> None:
    named = {part.split('"')[0] for part in json.dumps(DOCUMENT).split('"#/components/schemas/')[1:]}
    assert named <= set(DOCUMENT["components"]["schemas"])
    assert len({one.id for one in OPERATIONS}) == len(OPERATIONS)


def test_without_a_token_nothing_is_answered(app: FastAPI, filled: dict[str, str]) -> None:
    stranger = Program(app)
    for operation in OPERATIONS:
        answer = ask_bare(stranger, operation, filled)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), operation.id
        assert answer.headers["content-type"] == MEDIA_TYPE


def test_the_document_alone_is_for_everybody(app: FastAPI) -> None:
    answer = Program(app).ask("GET", "/openapi.json")
    assert answer.json() == json.loads(json.dumps(DOCUMENT))
    for path in ("/docs", "/redoc", "/nowhere", ""):
        assert Program(app).ask("GET", path).status_code == 401, path


def test_a_session_in_a_browser_counts_for_nothing(anybody: Reader, sits: Any, filled: dict[str, str]) -> None:
    """So no page of another site can have a browser do something here."""
    olga = sits("olga")
    for operation in OPERATIONS:
        answer = olga.client.request(operation.method, PREFIX + operation.path.format(**filled), json={})
        assert answer.status_code == 401, operation.id


def test_a_token_to_read_writes_nothing(program: Programs, filled: dict[str, str]) -> None:
    reader = program("olga", TokenScope.READ)
    for operation in OPERATIONS:
        if operation.method != "GET":
            problem = ask_bare(reader, operation, filled).json()
            assert (problem["status"], problem["type"]) == (403, "/api#TokenReadsOnly"), operation.id


def test_what_takes_a_role_is_refused_to_others(program: Programs, filled: dict[str, str]) -> None:
    ravi = program("ravi")
    for operation in OPERATIONS:
        if operation.id in NEEDS_A_ROLE:
            assert ask(ravi, operation, filled).status_code == 403, operation.id


def test_what_is_of_others_is_not_there(program: Programs, filled: dict[str, str]) -> None:
    """And can not be told from what is not there at all."""
    ravi = program("ravi")
    nowhere = {**filled, "application_id": "no-such.0", "project_id": "no-such"}
    for operation in OPERATIONS:
        if operation.id in NEEDS_A_ROLE | EVERYBODYS:
            continue
        if operation.id == "submit_whole_amendment":  # its project is named in the body
            assert ask(ravi, operation, filled).status_code == 404
            continue
        theirs, gone = ask(ravi, operation, filled), ask(ravi, operation, nowhere)
        assert (theirs.status_code, gone.status_code) == (404, 404), operation.id
        assert theirs.text.replace("cis-spinal", "no-such") == gone.text, operation.id


def test_everybodys_operations_answer_everybody(program: Programs, filled: dict[str, str]) -> None:
    ravi = program("ravi")
    for operation in OPERATIONS:
        if operation.id in EVERYBODYS and operation.method == "GET":
            assert ask(ravi, operation, filled).status_code == 200, operation.id


def ask_bare(program: Program, operation: Operation, names: dict[str, str]) -> Any:
    return program.ask(operation.method, operation.path.format(**names), BODIES.get(operation.id))
