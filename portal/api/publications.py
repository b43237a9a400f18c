"""Publications: what comes of a project, said by its team step by step, and what is owed to its resource."""

from datetime import date, datetime

from fastapi import APIRouter

from egress_review.read import released_requests
from portal.api.caller import Called, Caller
from portal.api.fields import Asked, Number, ProjectId, Prose, Shown
from portal.api.paging import Page, Windowed, paged
from projects.publications import models, service
from projects.publications.models import NewPublication, ObligationKind, PublicationKind, PublicationState
from projects.publications.pages import publications_page
from projects.publications.policy import PublicationStep
from projects.visibility import project_for

router = APIRouter(tags=["publications"])


class PublicationShown(Shown):
    """One publication of a project, as its team says it stands."""

    project_id: str
    number: int
    kind: PublicationKind
    title: str
    state: PublicationState
    planned_for: date | None
    recorded_by: str
    recorded_at: datetime
    manuscript: str | None
    shown_on: date | None
    venue: str | None
    submitted_on: date | None
    link: str | None
    published_on: date | None
    acknowledges: bool | None
    lay_summary: str | None
    outputs: list[str]
    """Ids of the released requests whose outputs it uses."""


class ObligationShown(Shown):
    """Something a team owes its resource, and the last day for it."""

    kind: ObligationKind
    project_id: str
    number: int
    """The publication's; 0 for a report."""
    due: date
    words: str


class ReportShown(Shown):
    """What a team told its resource of its project."""

    project_id: str
    number: int
    words: str
    written_by: str
    written_at: datetime


class Words(Asked):
    """What is told, in plain words."""

    words: Prose


class OutputsNamed(Asked):
    """Ids of the released requests whose outputs a publication uses."""

    outputs: list[str]


@router.get("/projects/{project_id}/publications")
def list_publications(caller: Called, project_id: ProjectId, window: Windowed) -> Page[PublicationShown]:
    """List what a project's team plans, shows, submits and publishes."""
    page = publications_page(caller.database, caller.person, project_id)
    return paged(window, page.publications, lambda one: f"{one.number:010d}", PublicationShown.of)


@router.post("/projects/{project_id}/publications", status_code=201)
def record_publication(caller: Called, project_id: ProjectId, said: NewPublication) -> PublicationShown:
    """Record a publication that the team plans."""
    project_for(caller.database, caller.person, project_id)
    return PublicationShown.of(service.record_publication(caller.database, caller.person, project_id, said))


@router.post("/projects/{project_id}/publications/{number}/show")
def show_publication(caller: Called, project_id: ProjectId, number: Number, said: models.Shown) -> PublicationShown:
    """Show the resource the manuscript; its members have a mail."""
    return _step(caller, project_id, number, PublicationStep.SHOW, said)


@router.post("/projects/{project_id}/publications/{number}/submit")
def submit_publication(
    caller: Called, project_id: ProjectId, number: Number, said: models.Submitted
) -> PublicationShown:
    """Say where and when a publication was submitted."""
    return _step(caller, project_id, number, PublicationStep.SUBMIT, said)


@router.post("/projects/{project_id}/publications/{number}/publish")
def publish(caller: Called, project_id: ProjectId, number: Number, said: models.Published) -> PublicationShown:
    """Say where a publication is read; it is on the register of projects from then on."""
    return _step(caller, project_id, number, PublicationStep.PUBLISH, said)


@router.post("/projects/{project_id}/publications/{number}/withdraw")
def withdraw_publication(caller: Called, project_id: ProjectId, number: Number) -> PublicationShown:
    """Say that a publication comes to nothing."""
    return _step(caller, project_id, number, PublicationStep.WITHDRAW, models.Withdrawn())


@router.post("/projects/{project_id}/publications/{number}/outputs")
def name_outputs(caller: Called, project_id: ProjectId, number: Number, said: OutputsNamed) -> PublicationShown:
    """Say which released outputs a publication uses."""
    project_for(caller.database, caller.person, project_id)
    released = {one.id for one in released_requests(caller.database, project_id)}
    named = service.name_outputs(caller.database, caller.person, project_id, number, said.outputs, released)
    return PublicationShown.of(named)


@router.post("/projects/{project_id}/publications/{number}/summary")
def sum_up(caller: Called, project_id: ProjectId, number: Number, said: Words) -> PublicationShown:
    """Sum up in plain words what is published; it is shown on the register of projects."""
    project_for(caller.database, caller.person, project_id)
    return PublicationShown.of(service.sum_up(caller.database, caller.person, project_id, number, said.words))


@router.get("/projects/{project_id}/obligations")
def list_obligations(caller: Called, project_id: ProjectId, window: Windowed) -> Page[ObligationShown]:
    """List what a project's team owes its resource, and by which day."""
    page = publications_page(caller.database, caller.person, project_id)
    return paged(window, page.obligations, lambda one: f"{one.due}/{one.kind}/{one.number}", ObligationShown.of)


@router.get("/projects/{project_id}/reports")
def list_reports(caller: Called, project_id: ProjectId, window: Windowed) -> Page[ReportShown]:
    """List what a project's team told its resource."""
    page = publications_page(caller.database, caller.person, project_id)
    return paged(window, page.reports, lambda one: f"{one.number:010d}", ReportShown.of)


@router.post("/projects/{project_id}/reports", status_code=201)
def write_report(caller: Called, project_id: ProjectId, said: Words) -> ReportShown:
    """Tell the resource what came of a project."""
    project_for(caller.database, caller.person, project_id)
    return ReportShown.of(service.write_report(caller.database, caller.person, project_id, said.words))


def _step(
    caller: Caller, project_id: str, number: int, step: PublicationStep, facts: models.StepFacts
) -> PublicationShown:
    project_for(caller.database, caller.person, project_id)
    return PublicationShown.of(service.take_step(caller.database, caller.person, project_id, number, step, facts))
