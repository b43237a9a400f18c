"""Whatever a program sends is answered as the document says and never fails: on both databases."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from core.tokens.models import TokenScope
from core.tokens.service import make_token
from portal.api.app import PREFIX, described
from portal.api.description import Operation, operations
from projects.applications.models import FIELDS
from projects.applications.service import begin_application
from tests.conftest import HandClock, database, people
from tests.support.api import Program
from tests.support.catalog import active_project, application_file, applied
from tests.support.openapi import Schemas, Values, anything

__all__ = ["database", "people"]

DOCUMENT = described()
EXAMPLES = 25
"""Requests to each operation on each database."""

THERE = {
    "application_id": ("waits.0", "draft.0", "cis-spinal.0"),
    "project_id": ("cis-spinal",),
    "resource": ("open",),
    "body": ("house",),
    "username": ("rosa", "ravi"),
    "course": ("data-protection",),
    "field": FIELDS,
    "cursor": ("", "c"),
}
"""Parameter → names that are there, so that requests get past what says that nothing is."""

SCHEMAS = Schemas(DOCUMENT, tuple(name for names in THERE.values() for name in names))
LAST = ("close", "withdraw", "DELETE")
"""What makes other requests pointless is tried after them."""

REACHED = 30
"""Operations that were carried out at least once: a fuzz that is refused at the door shows nothing."""


def comes_last(operation: Operation) -> bool:
    return any(word in f"{operation.method} {operation.path}" for word in LAST)


def requests_to(operation: Operation) -> Values:
    """Draw parameters and a body: as the document describes them, or one of the two not."""
    facts = DOCUMENT["paths"][operation.path][operation.method.lower()]
    parameters = {one["name"]: one["schema"] for one in facts.get("parameters", [])}
    fit = st.fixed_dictionaries(
        {
            name: st.sampled_from(THERE[name]) if name in THERE else SCHEMAS.values(schema)
            for name, schema in parameters.items()
        }
    )
    unfit = st.fixed_dictionaries({name: st.text(min_size=1, max_size=5) for name in parameters})
    content = facts.get("requestBody", {}).get("content", {}).get("application/json")
    body = SCHEMAS.values(content["schema"]).map(json.dumps) if content else st.just("")
    broken = anything.map(json.dumps) | st.just("{") | st.binary(max_size=5)
    return st.tuples(fit, body) | st.tuples(fit, body) | st.tuples(fit, broken) | st.tuples(unfit, body)


def address(operation: Operation, parameters: dict[str, Any]) -> str:
    written = {name: quote(str(value), safe="") for name, value in parameters.items()}
    query = "&".join(f"{name}={value}" for name, value in written.items() if f"{{{name}}}" not in operation.path)
    return f"{PREFIX}{operation.path.format(**written)}?{query}"


class GoingClock(HandClock):
    """A clock that goes on, as clocks do: what is recorded twice is recorded at two moments."""

    def __call__(self) -> datetime:
        self.turn(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return GoingClock()


@pytest.fixture
def programs(
    app: FastAPI, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> list[Program]:
    """Programs of somebody of each kind, in a house with a project, a draft and something to decide on."""
    active_project(database, settings, people, tmp_path / "sources")
    applied(database, people, application_file(id="waits"))
    begin_application(database, people["lena"], "open", "draft")
    names = ("lena", "dirk", "olga")
    return [
        Program(app, make_token(database, people[name], "fuzz", TokenScope.WRITE, 1, second_factor=True)[0])
        for name in names
    ]


def test_no_request_makes_the_api_fail(programs: list[Program]) -> None:
    found = sorted(operations(DOCUMENT), key=comes_last)
    reached = [operation.id for operation in found if min(statuses_of(operation, programs)) < 300]
    assert len(reached) >= REACHED, reached


def statuses_of(operation: Operation, programs: list[Program]) -> set[int]:
    """Send an operation what was drawn, see each answered as the document says it may be, and return the statuses."""
    known = set(DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"])
    seen = set()

    @hypothesis_settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(request=requests_to(operation), program=st.sampled_from(programs))
    def is_answered(request: Any, program: Program) -> None:
        parameters, body = request
        where = address(operation, parameters)
        headers = {"Content-Type": "application/json"}
        answer = program.client.request(operation.method, where, content=body, headers=headers)
        assert answer.status_code < 500, (operation.id, where, body, answer.text)
        assert str(answer.status_code) in known, (operation.id, where, body, answer.text)
        seen.add(answer.status_code)

    is_answered()
    return seen
