"""Who may do what with the catalogue."""

from core.people.models import Role
from core.permissions import register

EDITION_PUBLISH = "data_catalog:edition:publish"
EDITION_WITHDRAW = "data_catalog:edition:withdraw"
EDITION_VERIFY = "data_catalog:edition:verify"
NUMBERS_PUBLISH = "data_catalog:numbers:publish"
LEDGER_READ = "data_catalog:ledger:read"

register(
    {
        EDITION_PUBLISH: {Role.DATA_MANAGER},
        NUMBERS_PUBLISH: {Role.DATA_MANAGER},
        LEDGER_READ: {Role.DATA_MANAGER, Role.OPS, Role.AUDITOR},
        EDITION_WITHDRAW: {Role.DATA_MANAGER},
        EDITION_VERIFY: {Role.DATA_MANAGER, Role.OPS, Role.AUDITOR},
    }
)
