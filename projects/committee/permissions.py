"""Who may do what in the committee."""

from core.people.models import Role
from core.permissions import register

SEAT_GIVE = "projects:seat:give"
DECIDE = "projects:application:decide"

register({SEAT_GIVE: {Role.OPS}, DECIDE: {Role.DAC_MEMBER}})
