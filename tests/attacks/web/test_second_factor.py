"""A stolen password alone: it opens no door where a second factor is asked for, by a role or by a project's rules."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from core.audit.log import newest_entries
from core.database import Database
from core.people.models import Person, Role
from core.people.second_factor import SecondFactorMissing
from core.people.service import add_person, propose_role
from core.people.sessions import open_session
from core.settings import Settings
from core.web.oidc import used_second_factor
from core.web.visit import SESSION
from ops.login import sign_in as sign_in_on_command_line
from projects.resource_rules.models import AskedOfPeople
from projects.resource_rules.service import confirm_rules, propose_rules, rules_in_force
from tests.egress_review.world import World
from tests.support.catalog import application_file, approved_project, ready
from tests.support.pages import Page, Reader
from tests.support.provider import answer_as

PASSWORD = ("pwd",)


def known_to(settings: Settings) -> dict[str, str]:
    """How this test's provider knows vera."""
    return {"issuer": settings.oidc_issuer, "subject": "vera-at-id"}


@pytest.fixture
def vera(database: Database, people: dict[str, Person], settings: Settings) -> Person:
    """Somebody this test's provider knows, a data manager here."""
    new = replace(people["rosa"], username="vera", email="vera@example.org", **known_to(settings))
    add_person(database, people["olga"], new)
    propose_role(database, people["olga"], "vera", Role.DATA_MANAGER)
    return new


def sign_in(reader: Reader, provider: int, methods: tuple[str, ...], way_in: str = "/sign-in") -> Page:
    leaving = reader.client.get(way_in, follow_redirects=False)
    return reader.open(answer_as(provider, leaving.headers["location"], "vera-at-id", methods))


def test_a_password_alone_does_not_get_in(anybody: Reader, provider: int, vera: Person, database: Database) -> None:
    page = sign_in(anybody, provider, PASSWORD)
    assert page.status == 403
    assert "You signed in without a second factor" in page.text
    assert not anybody.client.cookies.get(SESSION)
    with database.read() as connection:
        entry = newest_entries(connection, 1)[0]
    assert (entry.action, entry.subject) == ("core:sign-in:refuse", "person:vera")
    assert entry.detail["reason"] == "SecondFactorMissing"


def test_the_refusal_leads_to_the_provider_which_asks_anew(anybody: Reader, provider: int, vera: Person) -> None:
    page = sign_in(anybody, provider, PASSWORD)
    link = page.soup.find("a", string="Sign in again with a second factor")
    assert link is not None
    leaving = anybody.client.get(str(link["href"]), follow_redirects=False)  # type: ignore[index]
    assert "prompt=login" in leaving.headers["location"]
    assert sign_in(anybody, provider, ("pwd", "otp"), str(link["href"])).status == 200  # type: ignore[index]


def test_without_the_check_the_same_password_gets_in(
    anybody: Reader, provider: int, vera: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.people.second_factor.is_asked", lambda connection, settings, person: False)
    assert sign_in(anybody, provider, PASSWORD).status == 200


def test_nor_on_the_command_line(database: Database, settings: Settings, provider: int, vera: Person) -> None:
    def at_provider(address: str, *methods: str) -> None:
        httpx.get(answer_as(provider, address, "vera-at-id", methods))

    with pytest.raises(SecondFactorMissing, match="without a second factor"):
        sign_in_on_command_line(settings, database, open_page=lambda address: at_provider(address, "pwd"))
    person, _ = sign_in_on_command_line(settings, database, open_page=lambda address: at_provider(address, "mfa"))
    assert person.username == "vera"


def test_whom_nothing_asks_it_of_signs_in_without(
    anybody: Reader, provider: int, database: Database, people: dict[str, Person], settings: Settings
) -> None:
    new = replace(people["rosa"], username="vera", email="vera@example.org", **known_to(settings))
    add_person(database, people["olga"], new)
    assert sign_in(anybody, provider, PASSWORD).status == 200


def at_desk(app: FastAPI, database: Database, person: Person, *, second_factor: bool) -> Reader:
    """Somebody at a browser with a session that began with a second factor, or without."""
    reader = Reader(app, database)
    token = open_session(database, person, "web", 1, second_factor=second_factor)
    reader.client.cookies.set(SESSION, token, domain="portal.localhost")
    return reader


def test_a_role_that_comes_later_counts_at_the_next_request(
    app: FastAPI, database: Database, people: dict[str, Person]
) -> None:
    ravi = at_desk(app, database, people["ravi"], second_factor=False)
    assert ravi.open("/projects").status == 200
    propose_role(database, people["olga"], "ravi", Role.DATA_MANAGER)
    refused = ravi.open("/projects")
    assert (refused.status, "without a second factor" in refused.text) == (403, True)
    assert at_desk(app, database, people["ravi"], second_factor=True).open("/projects").status == 200


def test_a_project_whose_rules_ask_for_it_asks_its_whole_team(
    app: FastAPI, database: Database, house: World, people: dict[str, Person]
) -> None:
    rosa, ravi = (at_desk(app, database, people[name], second_factor=False) for name in ("rosa", "ravi"))
    assert rosa.open("/projects").status == 200
    ask_in_open_records(database, people)
    approved_project(database, people, application_file(id="bands"))
    assert [reader.open("/projects").status for reader in (rosa, ravi)] == [403, 200]


def ask_in_open_records(database: Database, people: dict[str, Person]) -> None:
    """Put rules of open records in force that ask for a second factor."""
    ready(database, people)
    with database.read() as connection:
        rules = rules_in_force(connection, "open").rules
    asking = rules.model_copy(update={"people": AskedOfPeople(second_factor=True)})
    confirm_rules(database, people["dirk"], "open", propose_rules(database, people["olga"], asking).number)


@pytest.mark.parametrize(
    ("claims", "acr", "used"),
    [
        ({}, "", False),
        ({"amr": ["pwd"]}, "", False),
        ({"amr": ["otp"]}, "", False),
        ({"amr": ["pwd", "pin"]}, "", False),
        ({"amr": ["pwd", "rba", "user"]}, "", False),
        ({"amr": ["mfa"]}, "", True),
        ({"amr": ["pwd", "otp"]}, "", True),
        ({"amr": ["hwk", "pin"]}, "", True),
        ({"amr": ["hwk", "fpt"]}, "", True),
        ({"amr": "mfa"}, "", False),
        ({"amr": [["mfa"], None]}, "", False),
        ({"acr": ""}, "", False),
        ({"acr": "https://refeds.org/profile/mfa"}, "", False),
        ({"acr": "https://refeds.org/profile/mfa"}, "https://refeds.org/profile/mfa", True),
        ({"acr": "https://refeds.org/profile/sfa"}, "https://refeds.org/profile/mfa", False),
        ({"acr": ["https://refeds.org/profile/mfa"]}, "https://refeds.org/profile/mfa", False),
    ],
    ids=str,
)
def test_what_counts_as_a_second_factor(claims: dict[str, Any], acr: str, used: bool) -> None:
    assert used_second_factor(claims, acr) is used
