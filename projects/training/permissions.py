"""Who records trainings."""

from core.people.models import Role
from core.permissions import register

TRAINING_RECORD = "projects:training:record"
TRAINING_READ = "projects:training:read"

register({TRAINING_RECORD: {Role.OPS}, TRAINING_READ: {Role.OPS, Role.AUDITOR}})
