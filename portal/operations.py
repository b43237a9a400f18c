"""Pages of those who run the house: every project, mail that waits, and the audit log."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.audit.service import newest
from core.outbox.policy import can_retry
from core.outbox.service import MOST_SHOWN, overview, retry
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
