"""The egress API: all that a notebook container can say to this room, over HTTP on its project's gateway."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool

from core.clock import to_text
from core.database import Database
from core.settings import Settings
from egress_review import api_errors
from egress_review.checks.engine import run_checks
from egress_review.errors import TooMuchAtOnce
from egress_review.identity import Gate, HubTokens, Whose, parse_connection
from egress_review.read import requests_inside
from egress_review.store import ContentStore
from egress_review.submit import CheckedFile, RunChecks, Submission, preflight, submit, withdraw
from egress_review.upload import receive
from egress_review.views import InsideRequest
from projects.models import Access

CHECKED_AT_ONCE = 2
"""Submissions whose files are checked at the same time, each of another project; others wait their turn."""

SENT_AT_ONCE = 2
"""Submissions one project may have under way."""

router = APIRouter(prefix="/v1")


class EgressApi:
    """What the routes share: the installation, the gate in front of them, and how much is under way."""

    def __init__(self, database: Database, settings: Settings, whose: Whose, run: RunChecks) -> None:
        self.database = database
        self.settings = settings
        self.gate = Gate(database, settings, whose)
        self.run = run
        self._turns = asyncio.Semaphore(CHECKED_AT_ONCE)
        self._turn_of = defaultdict[str, asyncio.Lock](asyncio.Lock)
        self._under_way: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, access: Access, request: Request) -> AsyncIterator[Submission]:
        """Receive a submission and give it once it is its turn to be checked."""
        if self._under_way[access.project_id] >= SENT_AT_ONCE:
            raise TooMuchAtOnce("This project has submissions under way already.", "Send this one when they are done.")
        self._under_way[access.project_id] += 1
        try:
            manifest, contents = await receive(request, self.settings)
            async with self._turn_of[access.project_id], self._turns:
                yield Submission(access, manifest, contents)
        finally:
            self._under_way[access.project_id] -= 1


def make_app(
    database: Database, settings: Settings, whose: Whose | None = None, run: RunChecks = run_checks
) -> FastAPI:
    """Make the egress API of an installation; `whose` identifies tokens, by the hub where none is given."""
    ContentStore(settings.hold).sweep()
    ContentStore(settings.released).sweep()
    app = FastAPI(title="Myelin egress", docs_url=None, redoc_url=None, openapi_url=None)
    whose = whose or HubTokens(f"http://127.0.0.1:{settings.hub_api_port}")
    app.state.egress = EgressApi(database, settings, whose, run)
    app.include_router(router)
    api_errors.install(app)
    return app


def _egress(request: Request) -> EgressApi:
    egress: EgressApi = request.app.state.egress
    return egress


def _access(request: Request) -> Access:
    connection = parse_connection(request.scope)
    return _egress(request).gate.identify(connection, request.headers.get("authorization"))


Allowed = Annotated[Access, Depends(_access)]


@router.get("/health")
def health() -> dict[str, str]:
    """Say that this service answers."""
    return {"status": "ok"}


@router.post("/requests", status_code=201)
async def post_request(request: Request, access: Allowed) -> dict[str, Any]:
    """Hold files for review; what is answered 201 is held for good."""
    egress = _egress(request)
    async with egress.turn(access, request) as submission:
        receipt = await run_in_threadpool(submit, egress.database, egress.settings, submission, egress.run)
    return {
        "id": receipt.id,
        "state": receipt.state,
        "received_at": to_text(receipt.received_at),
        "files": [_file(file) for file in receipt.files],
    }


@router.post("/preflight")
async def post_preflight(request: Request, access: Allowed) -> dict[str, Any]:
    """Say what the checks find; nothing is kept."""
    egress = _egress(request)
    async with egress.turn(access, request) as submission:
        files = await run_in_threadpool(preflight, egress.database, egress.settings, submission, egress.run)
    return {"files": [_file(file) for file in files]}


@router.get("/requests")
def get_requests(request: Request, access: Allowed) -> dict[str, Any]:
    """List the project's requests."""
    egress = _egress(request)
    return {"requests": [_request(one) for one in requests_inside(egress.database, egress.settings, access)]}


@router.post("/requests/{request_id}/withdraw")
def post_withdraw(request: Request, access: Allowed, request_id: str) -> dict[str, Any]:
    """Take one's own request back."""
    withdrawn = withdraw(_egress(request).database, access, request_id)
    return {"id": withdrawn.id, "state": withdrawn.state}


def _file(file: CheckedFile) -> dict[str, Any]:
    findings = [
        {"check": found.check, "risk": found.risk, "status": found.status, "message": found.message}
        for found in file.findings
    ]
    return {"name": file.name, "sha256": file.sha256, "bytes": file.bytes, "findings": findings}


def _request(request: InsideRequest) -> dict[str, Any]:
    names = {(request.round, file.number): file.name for file in request.files}
    return {
        "id": request.id,
        "state": request.state,
        "round": request.round,
        "author": request.author,
        "submitted_at": to_text(request.submitted_at),
        "description": request.description,
        "files": [{"name": file.name, "sha256": file.sha256, "bytes": file.bytes} for file in request.files],
        "comments": [
            {"round": one.round, "file": names.get((one.round, one.file_number or 0)), "text": one.text}
            for one in request.comments
        ],
    }
