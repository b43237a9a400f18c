"""Who may change the resources' rules: operations propose a version, the committee confirms it."""

from core.people.models import Role
from core.permissions import register

RULES_PROPOSE = "projects:rules:propose"
RULES_CONFIRM = "projects:rules:confirm"

register({RULES_PROPOSE: {Role.OPS}, RULES_CONFIRM: {Role.DAC_MEMBER}})
