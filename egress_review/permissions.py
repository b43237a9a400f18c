"""Who may do what with release requests; in which state, and to whose request, is for `policy.py`."""

from core.people.models import Role
from core.permissions import register

REVIEW = "egress_review:request:review"
DECIDE = "egress_review:request:decide"
RELEASE = "egress_review:request:release"
READ_HELD = "egress_review:request:read_held"

register(
    {
        REVIEW: {Role.CHECKER},
        DECIDE: {Role.CHECKER},
        RELEASE: {Role.CHECKER},
        READ_HELD: {Role.CHECKER},
    }
)
