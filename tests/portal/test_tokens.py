"""The page of tokens: made, shown once, used, ended."""

import pytest

from core.tokens.policy import MOST_AT_ONCE
from tests.egress_review.world import World
from tests.support.api import Program
from tests.support.portal import Sits


def test_a_token_is_made_shown_once_and_works(house: World, sits: Sits) -> None:
    rosa = sits("rosa")
    assert "You have no token that counts." in rosa.open("/tokens").text
    made = rosa.press(rosa.open("/tokens"), "Make the token", name="nightly report", scope="read", days="7")
    shown = made.soup.select_one("code.token")
    assert shown is not None
    assert made.response.headers["cache-control"] == "no-store"
    assert Program(rosa.client.app, shown.get_text()).get("/me")["username"] == "rosa"  # type: ignore[arg-type]
    again = rosa.open("/tokens")
    assert shown.get_text() not in again.response.text
    assert "nightly report" in again.text
    assert "1 June 2026" in again.text, "when it was used"


def test_an_ended_token_is_refused(house: World, sits: Sits) -> None:
    rosa = sits("rosa")
    made = rosa.press(rosa.open("/tokens"), "Make the token", name="old", scope="write", days="1")
    shown = made.soup.select_one("code.token")
    assert shown is not None
    ended = rosa.press(rosa.open("/tokens"), "End it")
    assert "The token “old” has ended" in ended.text
    assert Program(rosa.client.app, shown.get_text()).ask("GET", "/me").status_code == 401  # type: ignore[arg-type]
    assert "Tokens that ended: 1" in ended.text


@pytest.mark.parametrize("wrong", [{"name": ""}, {"days": "31"}, {"days": "many"}, {"scope": "all"}])
def test_what_is_wrong_is_said_on_the_page_with_what_was_written(sits: Sits, wrong: dict[str, str]) -> None:
    rosa = sits("rosa")
    said = {"name": "report", "scope": "read", "days": "7", **wrong}
    page = rosa.press(rosa.open("/tokens"), "Make the token", **said)
    assert page.status == 422
    assert page.soup.select_one('[role="alert"]') is not None
    field = page.soup.find("input", {"name": "name"})
    assert field is not None
    assert field["value"] == said["name"]


def test_one_too_many_is_refused_in_words(sits: Sits) -> None:
    rosa = sits("rosa")
    for _ in range(MOST_AT_ONCE + 1):
        page = rosa.press(rosa.open("/tokens"), "Make the token", name="a", scope="read", days="1")
    assert (page.status, "End those you do not use" in page.text) == (403, True)


def test_the_apis_page_lists_every_operation_to_everybody(anybody: object, sits: Sits) -> None:
    rosa = sits("rosa")
    page = rosa.open("/api")
    assert page.status == 200
    for said in ("POST /applications", "TokenReadsOnly", "Save one answer of a draft"):
        assert said in page.text
    linked = {str(link["href"])[1:] for link in page.soup.select('main a[href^="#"]')}
    assert linked <= {str(tag["id"]) for tag in page.soup.find_all(id=True)}
