"""Refusals and failures as JSON: what is wrong and what to do next, never a trace of where."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.errors import MyelinError

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Have an application answer every error as `{"error": {"message", "hint"}}`."""
    app.add_exception_handler(MyelinError, _own_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unknown)


def _own_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MyelinError)
    if error.status >= 500:
        log.error("egress.request.failed", path=request.url.path, error=type(error).__name__)
    return _answer(error.status, error.message, error.hint)


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _answer(error.status_code, f"{HTTPStatus(error.status_code).phrase}.", "")


def _unknown(request: Request, error: Exception) -> JSONResponse:
    log.error("egress.request.failed", path=request.url.path, exc_info=error)
    return _answer(500, "The egress service failed; nothing was acknowledged.", "Try again, or tell operations.")


def _answer(status: int, message: str, hint: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "hint": hint}}, status)
