"""Who may do what with projects; the roles of state changes come from the one table in `policy.py`."""

from core.people.models import Role
from core.permissions import register
from projects.policy import Action, roles_for

MEMBER_ADD = "projects:member:add"
MEMBER_REMOVE = "projects:member:remove"
READ_ALL = "projects:project:read_all"
ACTIVATE = f"projects:project:{Action.ACTIVATE}"

register(
    {
        MEMBER_ADD: {Role.DAC_MEMBER},
        MEMBER_REMOVE: {Role.OPS, Role.DAC_MEMBER},
        READ_ALL: {Role.OPS, Role.DAC_MEMBER, Role.AUDITOR},
        **{f"projects:project:{action}": roles_for(action) for action in Action},
    }
)
