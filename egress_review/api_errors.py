"""Refusals and failures as JSON: what is wrong and what to do next, never a trace of where."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.errors import MyelinError
from core.failures import log_failure
from core.web.failures import Failures


def install(app: FastAPI) -> None:
    """Have an application answer every error as `{"error": {"message", "hint"}}`."""
    app.add_exception_handler(MyelinError, _own_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Failures, answer=_unknown)


def _own_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MyelinError)
    if error.status >= 500:
        log_failure("request failed", error, path=request.url.path)
    return _answer(error.status, error.message, error.hint)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _answer(error.status_code, f"{HTTPStatus(error.status_code).phrase}.", "")


def _unknown(_request: Request, reference: str) -> JSONResponse:
    hint = f"Try again. If it stays, tell operations this reference: {reference}."
    return _answer(500, "The egress service failed; nothing was acknowledged.", hint)


def _answer(status: int, message: str, hint: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "hint": hint}}, status)
