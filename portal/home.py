"""The first pages: what the house is, what is mine to do now, and my projects with their notebooks."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from starlette.requests import Request

from core.database import Database
from core.outbox.permissions import EFFECT_RETRY
from core.outbox.service import overview
from core.people.models import Person
from core.people.permissions import ROLE_CONFIRM
from core.people.policy import can_confirm_role
from core.people.service import pending_grants
from core.permissions import may
from core.settings import Settings
from core.web.headers import HEALTH
from core.web.visit import PerhapsSignedIn, SignedIn, show
from egress_review.desk import sort_desk
from egress_review.models import State as RequestState
from egress_review.permissions import REVIEW
from egress_review.read import queue, requests_of_project
from hub.models import Server
from hub.servers import request_stop, servers_of
from projects.agreements.pages import to_draw_up, to_sign
from projects.agreements.permissions import AGREEMENT_RECORD
from projects.applications.models import ApplicationState
from projects.applications.pages import my_applications
from projects.closeout.pages import archives_to_purge
from projects.closeout.permissions import PURGE_ARCHIVE
from projects.committee.pages import queue as committee_queue
from projects.committee.permissions import DECIDE
from projects.models import ProjectState
from projects.pages import ProjectPage, pages_of
from projects.permissions import ACTIVATE
from projects.publications.pages import owed_by
from projects.resource_rules.pages import waiting_rules
from projects.service import all_projects, projects_of

router = APIRouter()


@dataclass(frozen=True)
class Duty:
    """Something that waits for this person: what, how many, and where it is done."""

    words: str
    count: int
    path: str


@router.get("/")
def home(request: Request, visit: PerhapsSignedIn) -> Response:
    """Show the way in, or what waits for the person signed in."""
    if visit is None:
        return show(request, request.app.state.site, "portal/welcome.html", {})
    pages, servers = _my_projects(visit.database, visit.person)
    duties = duties_of(visit.database, visit.settings, visit.person)
    return visit.show("portal/home.html", duties=duties, pages=pages, servers=servers)


@router.get("/projects")
def my_projects(visit: SignedIn) -> Response:
    """List the person's projects, and their servers that are up."""
    pages, servers = _my_projects(visit.database, visit.person)
    return visit.show("portal/projects.html", pages=pages, servers=servers)


@router.post("/projects/{project_id}/stop")
def stop_server(visit: SignedIn, project_id: str) -> Response:
    """Stop the person's own server in a project."""
    request_stop(visit.database, visit.person, project_id)
    return visit.go("/projects", "The notebook server is being stopped. Files in your folders are kept.")


@router.get(HEALTH)
def health() -> Response:
    """Answer that the portal is up."""
    return PlainTextResponse("ok")


def duties_of(database: Database, settings: Settings, person: Person) -> list[Duty]:
    """Return what waits for a person, role by role; what nothing waits in is left out."""
    duties = [*_as_author(database, settings, person), *_as_checker(database, person)]
    projects = all_projects(database)
    states = [project.state for project in projects]
    duties.append(Duty("Drafts", _mine(database, person, ApplicationState.DRAFT), "/applications"))
    returned = _mine(database, person, ApplicationState.RETURNED)
    duties.append(Duty("Applications returned to you, to change", returned, "/applications"))
    duties.append(Duty("Reports, manuscripts and summaries you owe", owed_by(database, person), "/publications"))
    duties.append(Duty("Agreements to sign", to_sign(database, person), "/agreements"))
    if may(person, AGREEMENT_RECORD):
        duties.append(Duty("Agreements to draw up or record", to_draw_up(database), "/agreements"))
    if may(person, DECIDE):
        waiting = committee_queue(database, person)
        duties.append(Duty("Applications to decide on", len(waiting.mine), "/committee"))
        duties.append(Duty("Exemptions to decide on", len(waiting.exemptions), "/committee"))
        duties.append(Duty("Rules to confirm", len(waiting_rules(database, person)), "/rules"))
    if may(person, ACTIVATE):
        duties.append(Duty("Approved projects to activate", states.count(ProjectState.APPROVED), "/operations"))
        to_cut = [project for project in projects if project.waits_for_cut]
        duties.append(Duty("Approved amendments to make the cut of", len(to_cut), "/operations"))
    if may(person, PURGE_ARCHIVE):
        duties.append(Duty("Archives of closed projects to delete", len(archives_to_purge(database)), "/operations"))
    if may(person, ROLE_CONFIRM):
        mine = [grant for grant in pending_grants(database, person) if can_confirm_role(person, grant)]
        duties.append(Duty("Roles to confirm", len(mine), "/people/grants"))
    if may(person, EFFECT_RETRY):
        duties.append(Duty("Mails that were given up", overview(database, person).given_up_in_all, "/outbox"))
    return [duty for duty in duties if duty.count]


def _mine(database: Database, person: Person, state: ApplicationState) -> int:
    mine = my_applications(database, person)
    return sum(one.state is state and person.username in one.writers for one in mine)


def _as_author(database: Database, settings: Settings, person: Person) -> list[Duty]:
    requests = [
        request
        for project in projects_of(database, person)
        for request in requests_of_project(database, settings, person, project.id)
        if request.author == person.username
    ]
    returned = sum(request.state is RequestState.RETURNED for request in requests)
    return [Duty("Requests sent back to you, to correct", returned, "/requests")]


def _as_checker(database: Database, person: Person) -> list[Duty]:
    if not may(person, REVIEW):
        return []
    desk = sort_desk(queue(database, person))
    return [
        Duty("Outputs to review", len(desk.to_review), "/reviews"),
        Duty("Reviewed outputs to decide on", len(desk.to_decide), "/reviews"),
        Duty("Approved outputs to release", len(desk.to_release), "/reviews"),
    ]


def _my_projects(database: Database, person: Person) -> tuple[list[ProjectPage], dict[str, Server]]:
    pages = pages_of(database, person, projects_of(database, person))
    return pages, {server.project_id: server for server in servers_of(database, person.username)}
