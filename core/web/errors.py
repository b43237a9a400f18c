"""Refusals and failures as pages: what is wrong, what to do next, and never more than that."""

import secrets
from http import HTTPStatus
from traceback import extract_tb
from urllib.parse import quote, urlsplit

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import MyelinError
from core.web.visit import SAFE_METHODS, NotSignedIn, show

log = structlog.get_logger()

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
    app.add_middleware(Failures)


class Failures:
    """Answer what nobody foresaw with a page and a reference, and log where it happened."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it where nobody else could."""
        started = False

        async def send_and_see(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_see)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            await _unknown(Request(scope), error)(scope, receive, send)


def _own_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, MyelinError)
    if isinstance(error, NotSignedIn) and request.method in SAFE_METHODS:
        there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(there, safe='')}", status_code=303)
    if error.status >= 500:
        _log(request, error)
    return _page(request, error.status, error.message, error.hint)


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


def _unknown(request: Request, error: Exception) -> Response:
    hint = f"Nothing was half-done. If it stays, tell ops this reference: {_log(request, error)}."
    return _page(request, 500, "This page could not be made.", hint)


def _log(request: Request, error: Exception) -> str:
    """Log where an error happened and of what kind, never its words or values: they may hold data."""
    reference = secrets.token_hex(4)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)]
    log.error("page failed", reference=reference, path=request.url.path, kind=type(error).__name__, where=where)
    return reference


def _page(request: Request, status: int, message: str, hint: str) -> Response:
    facts = {
        "visit": getattr(request.state, "visit", None),
        "title": TITLES.get(status, TITLES[400 if status < 500 else 500]),
        "message": message,
        "hint": hint,
        "fresh": _came_from(request) if status == 409 else None,
    }
    return show(request, request.app.state.site, "web/error.html", facts, status)


def _came_from(request: Request) -> str | None:
    """Return the page of ours a form was sent from."""
    referrer = urlsplit(request.headers.get("referer", ""))
    own = urlsplit(request.app.state.site.settings.portal_url)
    return referrer.path if referrer.netloc == own.netloc else None
