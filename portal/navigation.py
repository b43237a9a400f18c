"""Where the navigation leads: what a person has no part in is left out."""

from core.outbox.permissions import EFFECT_READ
from core.people.models import Person
from core.people.permissions import AUDIT_READ, ROLE_GRANT
from core.permissions import may
from core.web.site import Link
from egress_review.permissions import REVIEW
from projects.committee.permissions import DECIDE
from projects.permissions import READ_ALL

_EVERYBODY = (
    Link("Home", "/"),
    Link("Applications", "/applications"),
    Link("Projects", "/projects"),
    Link("Requests", "/requests"),
    Link("Data", "/data"),
    Link("Rules", "/rules"),
    Link("Agreements", "/agreements"),
)

_HOLDERS = (
    (REVIEW, Link("Review", "/reviews")),
    (DECIDE, Link("Committee", "/committee")),
    (READ_ALL, Link("All projects", "/operations")),
    (ROLE_GRANT, Link("People", "/people")),
    (EFFECT_READ, Link("Mail", "/outbox")),
    (AUDIT_READ, Link("Audit", "/audit")),
)


def navigation(person: Person) -> list[Link]:
    """Return the places that are this person's, in the order of a day's work."""
    return [*_EVERYBODY, *(link for permission, link in _HOLDERS if may(person, permission))]
