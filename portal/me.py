"""The page about oneself: account, roles, trainings, declarations, projects and what ends soon, and open sessions."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.people.affiliations import affiliations_of
from core.people.service import grants_of
from core.people.sessions import end_one_session, end_other_sessions, open_sessions, session_id
from core.web.visit import SignedIn, Visit
from projects.declarations.service import asked_of, declare, declared_by
from projects.gates import ending, person_rights, project_rights
from projects.models import Project
from projects.policy import RUNNING
from projects.rights import Right
from projects.service import projects_of
from projects.training.service import trainings_for

router = APIRouter()

PAGE = "/me"

DOORS = {"web": "Portal", "cli": "Command line", "hub": "Notebooks"}
"""What people call the place that a session of each kind is for."""


@router.get(PAGE)
def me(visit: SignedIn) -> Response:
    """Show somebody all that is kept about them, and what they can do about it."""
    username = visit.person.username
    projects = projects_of(visit.database, visit.person)
    with visit.database.read() as connection:
        affiliation = affiliations_of(connection, [username]).get(username)
        asked, declared = asked_of(connection, username), declared_by(connection, username)
        roles = [grant for grant in grants_of(connection, username) if grant.in_force]
        sessions = open_sessions(connection, username, visit.now)
    current = {one.declaration.sha256 for one in asked}
    return visit.show(
        "portal/me.html",
        affiliation=affiliation,
        roles=roles,
        trainings=trainings_for(visit.database, visit.person, username),
        asked=asked,
        earlier=[one for one in declared if one.sha256 not in current],
        projects=projects,
        ending=_ending(visit, projects),
        sessions=sessions[::-1],
        this_session=session_id(visit.session),
        doors=DOORS,
    )


@router.post("/me/declarations/{sha256}")
def make_declaration(visit: SignedIn, sha256: str) -> Response:
    """Make a declaration, or renew it."""
    made = declare(visit.database, visit.person, sha256)
    return visit.go(PAGE, f"You declared: {made.title}.")


@router.post("/me/sessions/{id_}/end")
def end_session(visit: SignedIn, id_: str) -> Response:
    """End one of one's own sessions."""
    end_one_session(visit.database, visit.person, id_)
    return visit.go(PAGE, "That session has ended.")


@router.post("/me/end-other-sessions")
def end_others(visit: SignedIn) -> Response:
    """End every session of one's own but this one."""
    ended = end_other_sessions(visit.database, visit.person, visit.session)
    return visit.go(PAGE, f"Sessions ended: {ended}. You are still signed in here.")


def _ending(visit: Visit, projects: list[Project]) -> tuple[Right, ...]:
    """Return what of a person's running projects is missing or ends soon, theirs and the projects' own, each once."""
    rights: list[Right] = []
    with visit.database.read() as connection:
        for project in projects:
            if project.state in RUNNING:
                rights += project_rights(connection, project)
                rights += person_rights(connection, project, visit.person.username)
    return ending(dict.fromkeys(rights), visit.now.date())
