"""Projects: mine, one with its rights and their last days, its team, its steps, and the proof that it was deleted."""

from datetime import date, datetime

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from pydantic import JsonValue

from portal.api.caller import Called, Caller
from portal.api.fields import Asked, ProjectId, Shown, Slug, Username
from portal.api.paging import Page, Windowed, paged
from projects import service
from projects.closeout.models import Step
from projects.closeout.pages import CloseOutPage, close_from_page, closeout_page, proof_for
from projects.models import ProjectState, TeamRole
from projects.pages import project_page
from projects.policy import Action
from projects.rights import RightKind
from projects.visibility import project_for, projects_visible_to

router = APIRouter(tags=["projects"])


class ProjectListed(Shown):
    """A project in a list."""

    id: str
    title: str
    state: ProjectState
    resource: str
    starts: date
    ends: date
    team: dict[str, TeamRole]
    """User name → what they are in it."""


class TableShown(Shown):
    """What it may see of one table."""

    dataset_id: str
    edition: int
    table_id: str
    variables: list[str]
    row_filter: str
    cohort: str
    generalise: dict[str, dict[str, JsonValue]]
    """Variable → what stands in its place."""


class RightShown(Shown):
    """What it, or this person in it, must hold, and the last day it holds; none where it does not."""

    kind: RightKind
    subject: str
    through: date | None
    words: str
    renewal: str


class ProjectShown(ProjectListed):
    """A project as this person sees it."""

    purpose: str
    lay_summary: str
    commercial: bool
    ethics_through: date | None
    conditions: str
    tables: list[TableShown]
    rights: list[RightShown]
    closed_because: str
    """What stands between this person and its notebook; nothing where they get in."""
    actions: list[Action]
    amendment: str | None
    """The amendment that is being written or decided, where this person may see it, by its id."""
    may_amend: bool
    version: str
    """What a decision is made on."""


class StepShown(Shown):
    """A step of a close-out, and when it was taken."""

    step: Step
    at: datetime


class CloseOutShown(Shown):
    """Where the close-out of a closed project stands."""

    project_id: str
    steps: list[StepShown]
    is_proven: bool
    is_to_purge: bool
    proof_sha256: str | None


class Member(Asked):
    """Whom to take into a team, and as what."""

    username: Slug
    role: TeamRole = TeamRole.RESEARCHER


class OnVersion(Asked):
    """The version of the project that was looked at."""

    version: str


@router.get("/projects")
def list_projects(caller: Called, window: Windowed) -> Page[ProjectListed]:
    """List the projects this person may see: their own, and by role all."""
    return paged(window, projects_visible_to(caller.database, caller.person), lambda one: one.id, ProjectListed.of)


@router.get("/projects/{project_id}")
def project(caller: Called, project_id: ProjectId) -> ProjectShown:
    """Return a project with its rights and their last days."""
    return _shown(caller, project_id)


@router.post("/projects/{project_id}/suspend")
def suspend_project(caller: Called, project_id: ProjectId) -> ProjectShown:
    """Stop a project until it is resumed; its servers are ended."""
    project_for(caller.database, caller.person, project_id)
    service.suspend_project(caller.database, caller.person, project_id)
    return _shown(caller, project_id)


@router.post("/projects/{project_id}/resume")
def resume_project(caller: Called, project_id: ProjectId) -> ProjectShown:
    """Open a suspended project again, on the cut it had."""
    project_for(caller.database, caller.person, project_id)
    service.resume_project(caller.database, caller.person, project_id)
    return _shown(caller, project_id)


@router.post("/projects/{project_id}/close")
def close_project(caller: Called, project_id: ProjectId, said: OnVersion) -> ProjectShown:
    """Close a project for good; archive, deletion and proof follow by themselves."""
    close_from_page(caller.database, caller.person, project_id, project_id, said.version)
    return _shown(caller, project_id)


@router.get("/projects/{project_id}/closeout")
def close_out(caller: Called, project_id: ProjectId) -> CloseOutShown:
    """Return where the close-out of a project stands."""
    found = project_for(caller.database, caller.person, project_id)
    return _closeout(closeout_page(caller.database, found))


@router.get("/projects/{project_id}/deletion-proof", response_class=PlainTextResponse)
def deletion_proof(caller: Called, project_id: ProjectId) -> str:
    """Return the signed deletion proof of a closed project, as text."""
    return proof_for(caller.database, caller.settings, caller.person, project_id).decode()


@router.post("/projects/{project_id}/members", status_code=201)
def add_member(caller: Called, project_id: ProjectId, said: Member) -> ProjectShown:
    """Take somebody into a project's team."""
    project_for(caller.database, caller.person, project_id)
    service.add_member(caller.database, caller.person, project_id, said.username, said.role)
    return _shown(caller, project_id)


@router.delete("/projects/{project_id}/members/{username}", status_code=204)
def remove_member(caller: Called, project_id: ProjectId, username: Username) -> None:
    """Take somebody out of a project's team; their server is ended."""
    project_for(caller.database, caller.person, project_id)
    service.remove_member(caller.database, caller.person, project_id, username)


def _shown(caller: Caller, project_id: str) -> ProjectShown:
    page = project_page(caller.database, caller.person, project_id)
    found = page.project
    words = ("purpose", "lay_summary", "commercial", "ethics_through", "conditions", "version")
    return ProjectShown(
        **ProjectListed.of(found).model_dump(),
        **{name: getattr(found, name) for name in words},
        tables=[TableShown.of(table) for table in found.tables],
        rights=[RightShown.of(right) for right in page.rights],
        closed_because=str(page.closed_because or ""),
        actions=sorted(page.actions),
        amendment=page.amendment.id if page.amendment else None,
        may_amend=page.may_amend,
    )


def _closeout(page: CloseOutPage) -> CloseOutShown:
    closeout = page.closeout
    return CloseOutShown(
        project_id=closeout.project_id,
        steps=[StepShown.of(one) for one in closeout.taken],
        is_proven=page.is_proven,
        is_to_purge=page.is_to_purge,
        proof_sha256=closeout.proof.sha256 if closeout.proof else None,
    )
