"""Signing in and out, against a real sign-in provider."""

from dataclasses import replace

import pytest
from fastapi import FastAPI

from core.audit.log import newest_entries
from core.database import Database
from core.errors import Refused, Unavailable
from core.people.models import Person
from core.people.service import add_person, close_person
from core.people.sessions import person_in_session
from core.settings import Settings
from core.web.oidc import Attempt, OidcClient, SignInRefused, check_issuer
from core.web.visit import SESSION
from portal.app import make_app
from tests.support.pages import Page, Reader
from tests.support.portal import Sits
from tests.support.provider import answer_as, issuer_at


@pytest.fixture
def rosa(database: Database, people: dict[str, Person], settings: Settings) -> Person:
    """Somebody the provider of this test knows as `rosa-at-id`."""
    new = replace(people["rosa"], username="rosa-maria", name="Rosa Maria", issuer=settings.oidc_issuer)
    return add_person(database, people["olga"], replace(new, subject="rosa-at-id", email="maria@example.org"))


def sign_in(reader: Reader, provider: int, subject: str, there: str = "/sign-in") -> Page:
    """Walk from the portal through the provider and back."""
    leaving = reader.client.get(there, follow_redirects=False)
    return reader.open(answer_as(provider, leaving.headers["location"], subject))


def test_somebody_with_an_account_signs_in(anybody: Reader, provider: int, rosa: Person) -> None:
    page = sign_in(anybody, provider, "rosa-at-id")
    assert (page.status, page.path) == (200, "/")
    assert "Rosa Maria" in page.text


def test_whoever_asked_for_a_page_gets_it_after_signing_in(anybody: Reader, provider: int, rosa: Person) -> None:
    refused = anybody.client.get("/projects?state=active", follow_redirects=False)
    assert refused.headers["location"] == "/sign-in?next=%2Fprojects%3Fstate%3Dactive"
    page = sign_in(anybody, provider, "rosa-at-id", refused.headers["location"])
    assert str(page.response.url).endswith("/projects?state=active")


def test_somebody_without_an_account_is_told_what_to_do(anybody: Reader, provider: int, database: Database) -> None:
    page = sign_in(anybody, provider, "stranger")
    assert page.status == 403
    assert "operations team" in page.text
    assert issuer_at(provider) in page.text
    assert "stranger" in page.text
    assert not anybody.client.cookies.get(SESSION)
    with database.read() as connection:
        refusal = newest_entries(connection, 1)[0]
    assert (refusal.actor, refusal.action) == ("system:portal", "core:sign-in:refuse")
    assert "stranger" not in refusal.subject


def test_somebody_without_an_account_is_added_from_the_lines_they_are_shown_and_gets_in(
    anybody: Reader, provider: int, sits: Sits
) -> None:
    lines = sign_in(anybody, provider, "stranger").soup.select_one("pre")
    assert lines is not None
    otto = sits("otto")
    form = otto.press(otto.open("/people/new"), "Fill in the form", pasted=lines.get_text())
    rest = {"username": "sam", "name": "Sam", "email": "sam@example.org"}
    work = {"organisation": "University of Examples", "sector": "academic"}
    assert otto.press(form, "Add this person", **rest, **work).path == "/people/sam"
    page = sign_in(anybody, provider, "stranger")
    assert (page.status, "Sam" in page.text) == (200, True)


def test_a_closed_account_can_not_sign_in(
    anybody: Reader, provider: int, rosa: Person, database: Database, people: dict[str, Person]
) -> None:
    close_person(database, people["olga"], rosa.username)
    page = sign_in(anybody, provider, "rosa-at-id")
    assert (page.status, page.heading) == (403, "This is not for you to do")
    assert "account is closed" in page.text


def test_the_same_subject_of_another_issuer_is_somebody_else(
    anybody: Reader, provider: int, database: Database, people: dict[str, Person]
) -> None:
    assert people["rosa"].subject == "subject-rosa"
    assert people["rosa"].issuer != issuer_at(provider)
    assert sign_in(anybody, provider, "subject-rosa").status == 403


def test_signing_out_ends_the_session(sits: Sits, database: Database) -> None:
    rosa = sits("rosa")
    token = rosa.client.cookies[SESSION]
    page = rosa.press(rosa.open("/"), "Sign out")
    assert page.heading == "You are signed out of the portal"
    assert person_in_session(database, token) is None
    assert "Sign in" in rosa.open("/").text


def test_refusing_at_the_provider_leads_back_kindly(anybody: Reader) -> None:
    leaving = anybody.client.get("/sign-in", follow_redirects=False)
    state = leaving.headers["location"].split("state=")[1].split("&")[0]
    page = anybody.open(f"/sign-in/callback?error=access_denied&state={state}")
    assert (page.status, "not completed" in page.text) == (403, True)


def test_the_session_cookie_is_for_this_host_alone_over_https(
    database: Database, settings: Settings, provider: int, rosa: Person
) -> None:
    secure = Settings(**{**settings.model_dump(), "portal_url": "https://portal.example.org"})
    reader = Reader(make_app(database, secure), database)
    reader.client.base_url = "https://portal.example.org"
    leaving = reader.client.get("/sign-in", follow_redirects=False)
    back = reader.client.get(answer_as(provider, leaving.headers["location"], "rosa-at-id"), follow_redirects=False)
    session = next(cookie for cookie in back.headers.get_list("set-cookie") if SESSION in cookie)
    assert session.startswith("__Host-myelin-session=")
    for attribute in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert attribute in session
    assert back.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://id.example.org"},
        {"oidc_issuer": "https://id.localhost"},
        {"oidc_issuer": "https://127.0.0.1:9400"},
        {"portal_url": "http://portal.example.org"},
        {"hub_url": "http://notebooks.example.org"},
    ],
)
def test_production_refuses_a_demo_sign_in(wrong: dict[str, str]) -> None:
    right = {
        "oidc_issuer": "https://id.example.org",
        "portal_url": "https://portal.example.org",
        "hub_url": "https://notebooks.example.org",
    }
    check_issuer(Settings(mode="production", **right))
    with pytest.raises(Refused, match="for a demo only"):
        OidcClient(Settings(mode="production", **{**right, **wrong}))


class TestIdToken:
    """What the provider's answer must be before anybody is believed."""

    REDIRECT = "http://127.0.0.1:51515/callback"

    def code(self, client: OidcClient, provider: int, attempt: Attempt) -> str:
        answer = answer_as(provider, client.authorization_url(attempt, self.REDIRECT), "rosa-at-id")
        return answer.split("code=")[1].split("&")[0]

    def test_the_command_line_gets_verified_claims(self, settings: Settings, provider: int) -> None:
        client, attempt = OidcClient(settings), Attempt.begin()
        claims = client.exchange(self.code(client, provider, attempt), attempt, self.REDIRECT)
        assert (claims.issuer, claims.subject) == (issuer_at(provider), "rosa-at-id")

    def test_a_token_with_another_nonce_is_refused(self, settings: Settings, provider: int) -> None:
        client, attempt = OidcClient(settings), Attempt.begin()
        code = self.code(client, provider, attempt)
        with pytest.raises(SignInRefused, match="could not be verified"):
            client.exchange(code, replace(attempt, nonce="another"), self.REDIRECT)

    def test_a_code_is_good_for_one_exchange(self, settings: Settings, provider: int) -> None:
        client, attempt = OidcClient(settings), Attempt.begin()
        code = self.code(client, provider, attempt)
        client.exchange(code, attempt, self.REDIRECT)
        with pytest.raises(SignInRefused, match="did not accept"):
            client.exchange(code, attempt, self.REDIRECT)

    def test_a_provider_that_does_not_answer_is_said_to_be_away(self, settings: Settings) -> None:
        away = Settings(**{**settings.model_dump(), "oidc_backchannel": "http://127.0.0.1:9"})
        with pytest.raises(Unavailable, match="does not answer"):
            OidcClient(away).authorization_url(Attempt.begin(), self.REDIRECT)

    def test_a_provider_under_another_name_is_not_believed(self, settings: Settings, provider: int) -> None:
        other = Settings(**{**settings.model_dump(), "oidc_issuer": f"http://other.localhost:{provider}/"})
        with pytest.raises(Unavailable, match="another name"):
            OidcClient(other).authorization_url(Attempt.begin(), self.REDIRECT)


def test_the_portal_says_what_it_needs_when_a_style_sheet_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from portal import assets

    monkeypatch.setitem(assets.SOURCES, "pico.css", assets.HERE / "nowhere.css")
    with pytest.raises(Unavailable, match="npm ci"):
        assets.Assets()


def test_every_page_of_the_app_is_reached_under_its_own_name_only(app: FastAPI, anybody: Reader) -> None:
    answer = anybody.client.get("/", headers={"Host": "evil.example.org"})
    assert answer.status_code == 421
    assert anybody.client.get("/health", headers={"Host": "127.0.0.1:8090"}).text == "ok"
