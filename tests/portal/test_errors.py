"""Refusals and failures as pages."""

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from core.errors import IntegrityBroken, Unavailable
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

    with pytest.raises(ValueError, match="half-way"):
        anybody.open("/breaks")


def test_an_asset_there_is_none_of(anybody: Reader) -> None:
    assert anybody.open("/static/myelin.css").status == 404, "only under its hash"
