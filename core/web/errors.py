"""Refusals and failures as pages: what is wrong, what to do next, and never more than that."""

from http import HTTPStatus
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.errors import MyelinError
from core.failures import log_failure
from core.people.second_factor import SecondFactorMissing
from core.web.failures import Failures
from core.web.visit import SAFE_METHODS, NotSignedIn, show

TITLES = {
    400: "This can't be understood",
    401: "Please sign in",
    403: "This is not for you to do",
    404: "There is nothing here",
    405: "This can't be done here",
    409: "This has moved on",
    413: "This is too much at once",
    422: "Something is missing or not right",
    500: "Something went wrong",
    503: "Something is not answering",
}


def install(app: FastAPI) -> None:
    """Have an application answer every error with a page."""
    app.add_exception_handler(MyelinError, _own_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_middleware(Failures, answer=_unknown)


def _own_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, MyelinError)
    if isinstance(error, NotSignedIn) and request.method in SAFE_METHODS:
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(there, safe='')}", status_code=303)
    if error.status >= 500:
        log_failure("request failed", error, path=request.url.path)
    return _page(request, error.status, error.message, error.hint, again=isinstance(error, SecondFactorMissing))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hint = "Check the address, or start from the home page." if error.status_code == 404 else ""
    response = _page(request, error.status_code, f"{HTTPStatus(error.status_code).phrase}.", hint)
    response.headers.update(error.headers or {})
    return response


def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = sorted({str(problem["loc"][-1]) for problem in error.errors()})
    return _page(request, 422, "The request is not complete.", f"Look at: {', '.join(fields)}.")


def _unknown(request: Request, reference: str) -> Response:
    hint = f"Nothing was half-done. If it stays, tell ops this reference: {reference}."
    return _page(request, 500, "This page could not be made.", hint)


def _page(request: Request, status: int, message: str, hint: str, *, again: bool = False) -> Response:
    facts = {
        "visit": getattr(request.state, "visit", None),
        "title": TITLES.get(status, TITLES[400 if status < 500 else 500]),
        "message": message,
        "hint": hint,
        "fresh": _came_from(request) if status == 409 else None,
        "again": f"/sign-in?again=true&next={quote(request.url.path, safe='')}" if again else None,
    }
    return show(request, request.app.state.site, "web/error.html", facts, status)


def _came_from(request: Request) -> str | None:
    """Return the page of ours a form was sent from."""
    referrer = urlsplit(request.headers.get("referer", ""))
    own = urlsplit(request.app.state.site.settings.portal_url)
    return referrer.path if referrer.netloc == own.netloc else None
