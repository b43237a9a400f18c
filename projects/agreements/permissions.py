"""Who records contracts, agreements and what was paid."""

from core.people.models import Role
from core.permissions import register

CONTRACT_RECORD = "projects:contract:record"
CONTRACT_READ = "projects:contract:read"
AGREEMENT_RECORD = "projects:agreement:record"
AGREEMENT_COUNTERSIGN = "projects:agreement:countersign"
INVOICE_ISSUE = "projects:invoice:issue"
INVOICE_SETTLE = "projects:invoice:settle"

register(
    {
        CONTRACT_RECORD: {Role.OPS},
        CONTRACT_READ: {Role.OPS, Role.DAC_MEMBER, Role.AUDITOR},
        AGREEMENT_RECORD: {Role.OPS},
        AGREEMENT_COUNTERSIGN: {Role.OPS, Role.DAC_MEMBER},
        INVOICE_ISSUE: {Role.OPS},
        INVOICE_SETTLE: {Role.OPS},
    }
)
