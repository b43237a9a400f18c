"""Refusals and failures as JSON (RFC 9457): what is wrong, what to do next, and what a program may go by."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.errors import MyelinError
from core.failures import log_failure
from core.web.failures import Failures
from projects.applications.errors import EditedElsewhere, RulesRefuse
from projects.resource_rules.models import Verdict

MEDIA_TYPE = "application/problem+json"

EXPECTED = {
    400: "The body is not written as JSON is, in UTF-8.",
    401: "There is no token in the request, or none that counts.",
    403: "A rule says no: who may, in what state, or against what limit; or the token is for reading.",
    404: "There is no such thing, or not for this person.",
    409: "The thing has moved on since it was looked at.",
    413: "The body is longer than any that is taken.",
    422: "What was sent can not be read, or lacks something.",
    500: "Something failed that nobody foresaw; it was logged under a reference.",
    503: "Something this needs does not answer.",
}
"""Status → when an operation answers it."""


class ProblemDetails(BaseModel):
    """What is wrong and what to do next (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """The error, as an address on the page that lists them; `about:blank` where the status says all."""
    title: str
    status: int
    detail: str
    hint: str = ""
    """What to do next."""
    problems: list[str] | None = None
    """Everything that is wrong, one by one."""
    verdicts: list[Verdict] | None = None
    """The rules that stop it."""
    current: Any = None
    """What is there now, where it was changed by somebody else."""
    version: int | None = None
    """The version of what is there now, to save on top of."""


def install(app: FastAPI) -> None:
    """Have an application answer every error as a problem."""
    app.add_exception_handler(MyelinError, answer_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_middleware(Failures, answer=_unknown)


def expected(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the document describes the problems an operation may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": EXPECTED[status], "content": content} for status in statuses}


def answer_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what a rule or a service refused."""
    assert isinstance(error, MyelinError)
    if error.status >= 500:
        log_failure("request failed", error, path=request.url.path)
    page = f"/api#{type(error).__name__}"
    return _answer(error.status, error.message, error.hint, type=page, **_more(error))


def _more(error: MyelinError) -> Mapping[str, Any]:
    if isinstance(error, EditedElsewhere):
        return {"current": json.loads(error.current) if error.current else None, "version": error.version}
    if isinstance(error, RulesRefuse):
        return {"verdicts": list(error.verdicts)}
    problems = getattr(error, "problems", None)
    return {"problems": list(problems)} if problems else {}


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = EXPECTED.get(error.status_code, f"{HTTPStatus(error.status_code).phrase}.")
    response = _answer(error.status_code, detail, "")
    response.headers.update(error.headers or {})
    return response


def _malformed(_request: Request, error: Exception) -> JSONResponse:
    """Say which fields are wrong and how; what was sent is not repeated."""
    assert isinstance(error, RequestValidationError)
    problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return _answer(
        422, "The request can not be read.", "The API's page says what each operation takes.", problems=problems
    )


def _unknown(_request: Request, reference: str) -> JSONResponse:
    return _answer(
        500, "This could not be done.", f"Nothing was half-done. Tell operations this reference: {reference}."
    )


def _answer(status: int, detail: str, hint: str, **more: Any) -> JSONResponse:
    facts = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "hint": hint,
    }
    problem = ProblemDetails(**{**facts, **more})
    response = JSONResponse(problem.model_dump(mode="json", exclude_unset=True), status, media_type=MEDIA_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
