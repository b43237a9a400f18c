"""Pages of the resources' rules: in words for everybody signed in, and the committee's confirmation."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.web.visit import SignedIn
from projects.resource_rules.pages import rules_page, rules_pages
from projects.resource_rules.service import confirm_rules

router = APIRouter()


@router.get("/rules")
def every_resource(visit: SignedIn) -> Response:
    """List every resource with what its rules say."""
    return visit.show("projects/rules/list.html", pages=rules_pages(visit.database, visit.person))


@router.get("/rules/{resource}")
def in_force(visit: SignedIn, resource: str) -> Response:
    """Show a resource's rules in force."""
    return visit.show("projects/rules/version.html", page=rules_page(visit.database, visit.person, resource))


@router.get("/rules/{resource}/{number}")
def version(visit: SignedIn, resource: str, number: int) -> Response:
    """Show one version of a resource's rules, and what it changed."""
    return visit.show("projects/rules/version.html", page=rules_page(visit.database, visit.person, resource, number))


@router.post("/rules/{resource}/{number}/confirm")
def confirm(visit: SignedIn, resource: str, number: int) -> Response:
    """Put a proposed version in force."""
    made = confirm_rules(visit.database, visit.person, resource, number)
    return visit.go(f"/rules/{resource}", f"Version {made.number} of the rules of {made.rules.label} is in force.")
