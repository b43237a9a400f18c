"""Programs that call the API, each with a token its person made."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from core.database import Database
from core.people.models import Person
from core.tokens.models import TokenScope
from core.tokens.service import make_token
from portal.api.app import PREFIX
from tests.support.pages import ORIGIN


class Program:
    """A program of somebody's; without a token where nobody made one for it."""

    def __init__(self, app: FastAPI, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.token = token
        self.client = TestClient(app, base_url=ORIGIN, headers=headers)

    def ask(self, method: str, path: str, body: Any = None) -> Response:
        """Send a request to an operation, with a JSON body where there is one."""
        return self.client.request(method, PREFIX + path, json=body)

    def get(self, path: str) -> Any:
        """Return what an operation answers that reads."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Return what an operation answers that writes."""
        answer = self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


Programs = Callable[..., Program]


@pytest.fixture
def program(app: FastAPI, database: Database, people: dict[str, Person]) -> Programs:
    """Make a program of one of the cast: `program("rosa")`; to read only: `program("rosa", TokenScope.READ)`."""

    def make(username: str, scope: TokenScope = TokenScope.WRITE) -> Program:
        return Program(app, make_token(database, people[username], "a test", scope, 30, second_factor=True)[0])

    return make
