"""Attacks on the way in: fixed sessions, borrowed sign-ins, tampered cookies, open redirects."""

from dataclasses import replace

import pytest
from fastapi import FastAPI

from core.database import Database
from core.people.models import Person
from core.people.service import add_person
from core.people.sessions import open_session, person_in_session
from core.settings import Settings
from core.web.visit import SESSION
from portal.sign_in import ATTEMPT
from tests.conftest import person
from tests.support.pages import Reader
from tests.support.provider import answer_as


@pytest.fixture
def vera(database: Database, people: dict[str, Person], settings: Settings) -> Person:
    """The victim, whom the provider knows."""
    known = replace(person("vera"), issuer=settings.oidc_issuer, subject="vera-at-id")
    return add_person(database, people["olga"], known)


def leave(reader: Reader, there: str = "/sign-in") -> str:
    return reader.client.get(there, follow_redirects=False).headers["location"]


def test_a_session_planted_before_sign_in_is_not_the_one_after(
    app: FastAPI, database: Database, people: dict[str, Person], provider: int, vera: Person
) -> None:
    planted = open_session(database, people["ravi"], "web", 1)
    victim = Reader(app, database)
    victim.client.cookies.set(SESSION, planted, domain="portal.localhost")
    victim.open(answer_as(provider, leave(victim), "vera-at-id"))
    after = [cookie.value for cookie in victim.client.cookies.jar if cookie.name == SESSION]
    assert planted not in after
    assert person_in_session(database, planted) is None, "the attacker's session would still be open in this browser"
    assert any((person_in_session(database, token or "") or vera).username == "vera" for token in after)


def test_somebody_elses_sign_in_can_not_be_finished_in_my_browser(
    app: FastAPI, database: Database, provider: int, vera: Person
) -> None:
    attacker, victim = Reader(app, database), Reader(app, database)
    attackers_answer = answer_as(provider, leave(attacker), "vera-at-id")
    refused = victim.open(attackers_answer)
    assert (refused.status, victim.client.cookies.get(SESSION)) == (403, None)
    leave(victim)
    assert victim.open(attackers_answer).status == 403, "also with a sign-in of one's own under way"
    assert attacker.open(attackers_answer).status == 200, "in the browser that began it, it works"


def test_a_tampered_attempt_is_refused(anybody: Reader, provider: int, vera: Person) -> None:
    answer = answer_as(provider, leave(anybody), "vera-at-id")
    signed = anybody.client.cookies[ATTEMPT]
    anybody.client.cookies.clear()
    anybody.client.cookies.set(ATTEMPT, signed[:-2] + "xx", domain="portal.localhost")
    assert anybody.open(answer).status == 403


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example.org/",
        "//evil.example.org/",
        "/\\evil.example.org/",
        "/\t/evil.example.org",
        "\\\\evil.example.org",
        "javascript:alert(1)",
        "http:evil.example.org",
        "/nowhere-at-all",
        "/../../etc",
        "/sign-out",
        "/%0d%0aSet-Cookie:%20a=b",
        "@evil.example.org",
    ],
)
def test_signing_in_never_leads_elsewhere(anybody: Reader, provider: int, vera: Person, there: str) -> None:
    leaving = anybody.client.get("/sign-in", params={"next": there}, follow_redirects=False)
    answer = answer_as(provider, leaving.headers["location"], "vera-at-id")
    arrived = anybody.client.get(answer, follow_redirects=False)
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/")
