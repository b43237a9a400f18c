"""Pages of release requests: the team's list and downloads, the checkers' queue and review page."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path
from fastapi.responses import Response

from core.web.visit import SignedIn
from egress_review import read, release, review
from egress_review.checks.models import HeldFile
from egress_review.desk import sort_desk
from egress_review.forms import read_comment, read_comments, read_verdicts
from egress_review.models import ReleaseRequest
from egress_review.progress import steps
from egress_review.rendering import REVIEW_HEADERS, render
from projects import service as projects
from projects.pages import project_page

team = APIRouter()
checkers = APIRouter(prefix="/reviews")

Decision = Literal["approve", "return", "reject", "release"]

REASONED: Mapping[Decision, Callable[..., ReleaseRequest]] = {
    "return": review.return_to_team,
    "reject": review.reject,
}
"""Decisions the team is told the reason of."""

UNREASONED: Mapping[Decision, Callable[..., ReleaseRequest]] = {
    "approve": review.approve,
    "release": release.release,
}

DONE: dict[Decision, str] = {
    "approve": "The request is approved. It leaves when it is released.",
    "return": "The request is sent back to the team with your reason.",
    "reject": "The request is rejected.",
    "release": "The files are released to the team.",
}

FRAME_HEADERS = {**REVIEW_HEADERS, "X-Frame-Options": "SAMEORIGIN"}
"""The frame on the review page is the one place a held file is shown in."""

DOWNLOAD_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


@team.get("/requests")
def my_requests(visit: SignedIn) -> Response:
    """List the requests of every project the person is in the team of."""
    mine = projects.projects_of(visit.database, visit.person)
    listed = [(one, read.requests_of_project(visit.database, visit.settings, visit.person, one.id)) for one in mine]
    return visit.show("egress_review/requests.html", listed=listed, steps=steps, only=None)


@team.get("/projects/{project_id}/requests")
def project_requests(visit: SignedIn, project_id: str) -> Response:
    """List the requests of one project for its team."""
    project = project_page(visit.database, visit.person, project_id).project
    requests = read.requests_of_project(visit.database, visit.settings, visit.person, project_id)
    return visit.show("egress_review/requests.html", listed=[(project, requests)], steps=steps, only=project)


@team.get("/requests/{request_id}/files/{number}")
def download(visit: SignedIn, request_id: str, number: int) -> Response:
    """Hand a released file to somebody in its team."""
    file = read.download(visit.database, visit.settings, visit.person, request_id, number)
    name = quote(file.name.rpartition("/")[2], safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Security-Policy": DOWNLOAD_POLICY,
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:",
    }
    return Response(file.content, media_type="application/octet-stream", headers=headers)


@checkers.get("")
def queue(visit: SignedIn) -> Response:
    """List what is held, by what each request waits for."""
    waiting, done = read.queue(visit.database, visit.person), read.settled(visit.database, visit.person)
    return visit.show("egress_review/queue.html", desk=sort_desk(waiting), done=done)


@checkers.get("/{request_id}")
def review_page(visit: SignedIn, request_id: str) -> Response:
    """Show a request: each file beside its findings, its code and context, and what has been said of it."""
    page = read.review_page(visit.database, visit.settings, visit.person, request_id)
    project = projects.project(visit.database, page.request.project_id)
    return visit.show("egress_review/review.html", page=page, project=project, steps=steps(page.request.state))


@checkers.get("/{request_id}/rounds/{round_}/files/{number}")
def held_file(visit: SignedIn, request_id: str, round_: int, number: int) -> Response:
    """Show one held file, in a page that loads nothing from anywhere and runs nothing."""
    file = read.held_file(visit.database, visit.settings, visit.person, request_id, round_, number)
    return Response(render(HeldFile(file.name, file.content)).html, headers=FRAME_HEADERS)


@checkers.post("/{request_id}/review")
def give_review(visit: SignedIn, request_id: str) -> Response:
    """Take a checker's word on every file."""
    verdicts, comments = read_verdicts(visit.form), read_comments(visit.form)
    version = visit.form.get("version", "")
    review.review(visit.database, visit.settings, visit.person, request_id, version, verdicts, comments)
    return visit.go(f"/reviews/{request_id}", "Your review is recorded.")


@checkers.post("/{request_id}/comment")
def give_comment(visit: SignedIn, request_id: str) -> Response:
    """Take a comment on a request that waits for its checkers."""
    version, comment = visit.form.get("version", ""), read_comment(visit.form)
    review.comment(visit.database, visit.settings, visit.person, request_id, version, comment)
    return visit.go(f"/reviews/{request_id}", "Your comment is recorded.")


@checkers.post("/{request_id}/{step}")
def decide(visit: SignedIn, request_id: str, step: Annotated[Decision, Path()]) -> Response:
    """Settle a request that both checkers have spoken on: approve, return, reject or release it."""
    facts = (visit.database, visit.settings, visit.person, request_id, visit.form.get("version", ""))
    if step in REASONED:
        REASONED[step](*facts, visit.form.get("reason", ""))
    else:
        UNREASONED[step](*facts)
    return visit.go(f"/reviews/{request_id}", DONE[step])
