"""Pages of those who run the house: every project, everybody's roles, mail that waits, and the audit log."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.audit.service import newest
from core.outbox.policy import can_retry
from core.outbox.service import MOST_SHOWN, overview, retry
from core.people.policy import can_confirm_role
from core.people.service import confirm_role, pending_grants, people_for
from core.permissions import check_may
from core.web.visit import SignedIn
from hub.servers import servers_up
from projects.closeout.pages import archives_to_purge
from projects.pages import pages_of
from projects.permissions import READ_ALL
from projects.visibility import projects_visible_to

router = APIRouter()

AUDIT_PAGE = 100
"""Entries of the audit log on one page."""


@router.get("/operations")
def projects(visit: SignedIn) -> Response:
    """List every project with its state, team, cut and the servers that are up."""
    check_may(visit.person, READ_ALL)
    pages = pages_of(visit.database, visit.person, projects_visible_to(visit.database, visit.person))
    servers: dict[str, list[str]] = {}
    for server in servers_up(visit.database):
        servers.setdefault(server.project_id, []).append(f"{server.username} ({server.state})")
    to_purge = {closeout.project_id for closeout in archives_to_purge(visit.database)}
    return visit.show("portal/operations.html", pages=pages, servers=servers, to_purge=to_purge)


@router.get("/people")
def people(visit: SignedIn) -> Response:
    """List everybody with their roles, and the roles that wait for a second person."""
    everybody = people_for(visit.database, visit.person)
    waiting = pending_grants(visit.database, visit.person)
    grants = [(grant, can_confirm_role(visit.person, grant)) for grant in waiting]
    return visit.show("portal/people.html", people=everybody, grants=grants)


@router.post("/people/grants/{grant_id}/confirm")
def confirm(visit: SignedIn, grant_id: str) -> Response:
    """Say the second word on a proposed role."""
    grant = confirm_role(visit.database, visit.person, grant_id)
    return visit.go("/people", f"{grant.username} now holds the role {grant.role}.")


@router.get("/outbox")
def outbox(visit: SignedIn) -> Response:
    """List the mail that waits and that was given up, without a word of it."""
    seen = overview(visit.database, visit.person)
    retried = frozenset(one.id for one in (*seen.waiting, *seen.given_up) if can_retry(one, visit.now))
    return visit.show("portal/outbox.html", seen=seen, retried=retried, most=MOST_SHOWN)


@router.post("/outbox/{effect_id}/retry")
def try_again(visit: SignedIn, effect_id: str) -> Response:
    """Have a mail that failed tried again now."""
    retry(visit.database, visit.person, effect_id)
    return visit.go("/outbox", "It is tried again within seconds.")


@router.get("/audit")
def audit(visit: SignedIn, subject: str = "") -> Response:
    """Show the newest entries of the audit log, of one subject or of all."""
    shown = newest(visit.database, visit.person, AUDIT_PAGE, subject=subject.strip() or None)
    return visit.show("portal/audit.html", entries=shown, subject=subject, most=AUDIT_PAGE)
