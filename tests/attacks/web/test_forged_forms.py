"""Cross-site request forgery: another site makes a signed-in browser send a form."""

import pytest

from core.database import Database
from core.people.sessions import person_in_session
from core.web import visit
from core.web.visit import SESSION, TOKEN_FIELD
from tests.support.pages import FROM_OURSELVES, ORIGIN, Page, Reader
from tests.support.portal import Sits

EVIL = {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "cross-site"}
NEIGHBOUR = {"Origin": "http://notebooks.localhost:8000", "Sec-Fetch-Site": "same-site"}
SANDBOXED = {"Origin": "null", "Sec-Fetch-Site": "cross-site"}


def token_of(reader: Reader) -> str:
    return str(reader.open("/").form("Sign out").find("input", {"name": TOKEN_FIELD})["value"])  # type: ignore[index]


def send(reader: Reader, headers: dict[str, str], token: str) -> Page:
    return Page(reader.client.post("/sign-out", data={TOKEN_FIELD: token}, headers=headers))


def is_signed_in(reader: Reader, database: Database) -> bool:
    return person_in_session(database, reader.client.cookies.get(SESSION, "")) is not None


@pytest.mark.parametrize("headers", [EVIL, NEIGHBOUR, SANDBOXED, {}, {"Sec-Fetch-Site": "same-origin"}])
def test_a_form_from_elsewhere_is_refused_even_with_the_right_token(
    sits: Sits, database: Database, headers: dict[str, str]
) -> None:
    rosa = sits("rosa")
    answer = send(rosa, headers, token_of(rosa))
    assert (answer.status, is_signed_in(rosa, database)) == (403, True)
    assert "did not come from a page you have open here" in answer.text


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_the_token_is_refused_even_from_our_own_origin(
    sits: Sits, database: Database, token: str
) -> None:
    rosa = sits("rosa")
    assert (send(rosa, FROM_OURSELVES, token).status, is_signed_in(rosa, database)) == (403, True)


def test_the_token_of_another_session_is_refused(sits: Sits, database: Database) -> None:
    rosa, again = sits("rosa"), sits("rosa")
    assert send(rosa, FROM_OURSELVES, token_of(again)).status == 403
    assert is_signed_in(rosa, database)


FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"


@pytest.mark.parametrize(("kind", "status"), [(FORM, 413), (MULTIPART, 403)])
def test_a_form_that_is_too_long_or_of_another_kind_is_refused(sits: Sits, kind: str, status: int) -> None:
    headers = {**FROM_OURSELVES, "Content-Type": kind}
    assert Page(sits("rosa").client.post("/sign-out", content=b"x" * (3 << 20), headers=headers)).status == status


def test_nothing_a_stranger_sends_is_read(sits: Sits) -> None:
    """Whoever is not signed in is told so before their form is: nobody fills the disk from outside."""
    rosa = sits("rosa")
    rosa.client.cookies.clear()
    headers = {**FROM_OURSELVES, "Content-Type": FORM}
    assert Page(rosa.client.post("/sign-out", content=b"x" * (3 << 20), headers=headers)).status == 401


def test_without_the_defence_the_forged_form_does_its_work(
    sits: Sits, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rosa = sits("rosa")
    monkeypatch.setattr(visit, "check_own_form", lambda request, site: None)
    monkeypatch.setattr(visit.hmac, "compare_digest", lambda given, right: True)
    send(rosa, EVIL, "")
    assert not is_signed_in(rosa, database)


def test_our_own_form_passes(sits: Sits, database: Database) -> None:
    rosa = sits("rosa")
    assert send(rosa, {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, token_of(rosa)).status == 200
    assert not is_signed_in(rosa, database)
