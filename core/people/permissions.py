"""Who may administer people."""

from core.people.models import Role
from core.permissions import register

PERSON_ADD = "core:person:add"
PERSON_CLOSE = "core:person:close"
ROLE_GRANT = "core:role:grant"
AUDIT_READ = "core:audit:read"

register(
    {
        PERSON_ADD: {Role.OPS},
        PERSON_CLOSE: {Role.OPS},
        ROLE_GRANT: {Role.OPS},
        AUDIT_READ: {Role.OPS, Role.AUDITOR},
    }
)
