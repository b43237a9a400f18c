"""Who looks after the outbox."""

from core.people.models import Role
from core.permissions import register

EFFECT_READ = "core:effect:read"
EFFECT_RETRY = "core:effect:retry"

register({EFFECT_READ: {Role.OPS}, EFFECT_RETRY: {Role.OPS}})
