"""Pages of publications: what came of a project, said by its team, and what is owed to a resource by which day.

They stand here and not with projects, as the outputs a publication uses are output checking's to name.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ValidationError

from core.errors import MyelinError, NotFound
from core.forms import in_words
from core.web.visit import TOKEN_FIELD, SignedIn, Visit
from egress_review.read import released_requests
from projects.publications import service
from projects.publications.errors import PublicationRejected
from projects.publications.models import NewPublication, PublicationKind
from projects.publications.pages import PublicationsPage, publications_page, publications_pages
from projects.publications.policy import FACTS, PublicationStep

router = APIRouter()

Said = TypeVar("Said")

OUTPUT = "output:"
"""Begins the name of the box of a released output."""

NOTICES = {
    PublicationStep.SHOW: "The manuscript is shown: the members who decide on these data have a mail.",
    PublicationStep.SUBMIT: "The publication is submitted.",
    PublicationStep.PUBLISH: "Congratulations. It is on the register of projects now.",
    PublicationStep.WITHDRAW: "The publication is withdrawn.",
}


@router.get("/publications")
def publications(visit: SignedIn) -> Response:
    """List what is owed to resources and what came out, of every project this person may see."""
    return visit.show("projects/publications/list.html", pages=publications_pages(visit.database, visit.person))


@router.get("/projects/{project_id}/publications")
def of_project(visit: SignedIn, project_id: str) -> Response:
    """Show the publications and reports of a project, and what is open for this person."""
    return _show(visit, publications_page(visit.database, visit.person, project_id))


@router.post("/projects/{project_id}/publications")
def record(visit: SignedIn, project_id: str) -> Response:
    """Record a publication that is planned."""

    def act() -> str:
        planned = _read(NewPublication.model_validate, _fields(visit))
        service.record_publication(visit.database, visit.person, project_id, planned)
        return "The publication is recorded."

    return _answer(visit, project_id, "new", act)


@router.post("/projects/{project_id}/report")
def report(visit: SignedIn, project_id: str) -> Response:
    """Tell the resource what came of a project."""

    def act() -> str:
        service.write_report(visit.database, visit.person, project_id, visit.form.get("words", ""))
        return "Thank you. The report is kept."

    return _answer(visit, project_id, "report", act)


@router.post("/projects/{project_id}/publications/{number}/outputs")
def outputs(visit: SignedIn, project_id: str, number: int) -> Response:
    """Say which released outputs a publication uses."""

    def act() -> str:
        named = {name.removeprefix(OUTPUT) for name in visit.form if name.startswith(OUTPUT)}
        released = {one.id for one in released_requests(visit.database, project_id)}
        service.name_outputs(visit.database, visit.person, project_id, number, named, released)
        return "The outputs it uses are named."

    return _answer(visit, project_id, f"{number}:outputs", act)


@router.post("/projects/{project_id}/publications/{number}/summary")
def summary(visit: SignedIn, project_id: str, number: int) -> Response:
    """Sum up in plain words what is published."""

    def act() -> str:
        words = visit.form.get("words", "")
        service.sum_up(visit.database, visit.person, project_id, number, words)
        return "Thank you. The summary is on the register of projects."

    return _answer(visit, project_id, f"{number}:summary", act)


@router.post("/projects/{project_id}/publications/{number}/{step}")
def take_step(visit: SignedIn, project_id: str, number: int, step: str) -> Response:
    """Say what has happened to a publication."""

    def act() -> str:
        taken = _step(step)
        facts = _read(FACTS[taken].model_validate, _fields(visit))
        service.take_step(visit.database, visit.person, project_id, number, taken, facts)
        return NOTICES[taken]

    return _answer(visit, project_id, f"{number}:{step}", act)


def _answer(visit: Visit, project_id: str, said_to: str, act: Callable[[], str]) -> Response:
    """Do what a form asks of a project this person may see; a refusal shows the page again with what was written.

    `said_to` names the form that was refused.
    """
    page = publications_page(visit.database, visit.person, project_id)
    try:
        notice = act()
    except NotFound:
        raise
    except MyelinError as refusal:
        return _show(visit, page, refusal, said_to)
    return visit.go(f"/projects/{project_id}/publications", notice)


def _show(visit: Visit, page: PublicationsPage, refusal: MyelinError | None = None, said_to: str = "") -> Response:
    facts = {"page": page, "released": released_requests(visit.database, page.project.id), "kinds": PublicationKind}
    said = {"refusal": refusal, "said": visit.form, "said_to": said_to}
    status = refusal.status if refusal else 200
    return visit.show("projects/publications/project.html", status=status, **facts, **said)


def _fields(visit: Visit) -> dict[str, str]:
    return {name: value.replace("\r\n", "\n") for name, value in visit.form.items() if name != TOKEN_FIELD}


def _read(model: Callable[[Mapping[str, str]], Said], fields: Mapping[str, str]) -> Said:
    try:
        return model(fields)
    except ValidationError as error:
        raise PublicationRejected(in_words(error, "the form")) from error


def _step(name: str) -> PublicationStep:
    try:
        return PublicationStep(name)
    except ValueError as error:
        raise NotFound("There is no such step.", "Open the page again.") from error
