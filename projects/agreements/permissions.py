"""Who records contracts."""

from core.people.models import Role
from core.permissions import register

CONTRACT_RECORD = "projects:contract:record"
CONTRACT_READ = "projects:contract:read"

register({CONTRACT_RECORD: {Role.OPS}, CONTRACT_READ: {Role.OPS, Role.DAC_MEMBER, Role.AUDITOR}})
