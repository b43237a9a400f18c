"""Refusals and failures as pages."""

from traceback import format_exception

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from structlog.testing import capture_logs

from core.errors import IntegrityBroken, Unavailable
from core.web.failures import BrokenOff
from tests.egress_review.world import World
from tests.support.pages import Reader
from tests.support.portal import Sits


def test_a_path_that_makes_no_sense_is_named_without_its_value(house: World, sits: Sits) -> None:
    page = sits("rosa").open("/requests/x/files/one")
    assert (page.status, page.heading) == (422, "Something is missing or not right")
    assert "Look at: number." in page.text
    assert "one" not in page.text.split()


def test_a_method_a_page_does_not_have_is_refused(sits: Sits) -> None:
    answer = sits("rosa").client.delete("/projects")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Unavailable("The control database does not answer.", "Ask operations."), 503, "Something is not answering"),
        (IntegrityBroken("A held file is not what was submitted.", "Tell operations."), 500, "Something went wrong"),
    ],
)
def test_our_own_errors_say_what_to_do(
    app: FastAPI, anybody: Reader, error: Exception, status: int, title: str
) -> None:
    @app.get("/breaks")
    def breaks() -> None:
        raise error

    page = anybody.open("/breaks")
    assert (page.status, page.heading) == (status, title)
    assert str(error) in page.text


def test_what_breaks_half_way_is_not_followed_by_a_page(app: FastAPI, anybody: Reader) -> None:
    @app.get("/breaks")
    def breaks() -> StreamingResponse:
        def half() -> object:
            yield b"half"
            raise ValueError("half-way")

        return StreamingResponse(half())  # type: ignore[arg-type]

    with pytest.raises(BrokenOff) as broken:
        anybody.open("/breaks")
    assert "half-way" not in "".join(format_exception(broken.value)), "the server logs what gets out"


def test_a_failure_is_logged_without_its_words(app: FastAPI, anybody: Reader) -> None:
    @app.get("/breaks")
    def breaks() -> None:
        raise ValueError("a row: P0123, 23")

    with capture_logs() as logged:
        page = anybody.open("/breaks")
    assert (page.status, page.heading) == (500, "Something went wrong")
    assert logged[0]["reference"] in page.text
    assert logged[0]["kind"] == ["ValueError"]
    assert "breaks" in logged[0]["where"][-1]
    assert "P0123" not in page.text + str(logged)


def test_an_asset_there_is_none_of(anybody: Reader) -> None:
    assert anybody.open("/static/myelin.css").status == 404, "only under its hash"
