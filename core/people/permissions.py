"""Who may administer people."""

from core.people.models import Role
from core.permissions import register

PERSON_ADD = "core:person:add"
PERSON_CLOSE = "core:person:close"
PERSON_REOPEN = "core:person:reopen"
PERSON_READ = "core:person:read"
AFFILIATION_RECORD = "core:affiliation:record"
ROLE_GRANT = "core:role:grant"
ROLE_CONFIRM = "core:role:confirm"
AUDIT_READ = "core:audit:read"

register(
    {
        PERSON_ADD: {Role.OPS},
        PERSON_CLOSE: {Role.OPS},
        PERSON_REOPEN: {Role.OPS},
        PERSON_READ: {Role.OPS},
        AFFILIATION_RECORD: {Role.OPS},
        ROLE_GRANT: {Role.OPS},
        ROLE_CONFIRM: {Role.OPS, Role.DAC_MEMBER},  # so that one ops person left is not stuck
        AUDIT_READ: {Role.OPS, Role.AUDITOR},
    }
)
