"""Tables of contracts, agreements and invoices, and the walls behind their policy."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, String, Table

from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse
from projects.agreements.models import YEARS
from projects.agreements.policy import INVOICE_TRANSITIONS

contract = Table(
    "contract",
    metadata,
    Column("id", String(31), primary_key=True),
    Column("resource", String(63), nullable=False),
    Column("organisation", String(200), nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("signatory", String(200), nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("recorded_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    CheckConstraint("ends > starts", name="days"),
)

contract_project = Table(
    "contract_project",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("contract_id", String(31), ForeignKey("contract.id"), nullable=False, index=True),
    Column("added_by", String(31), ForeignKey("person.username"), nullable=False),
)

agreement = Table(
    "agreement",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("recorded_at", UtcDateTime, primary_key=True),
    Column("through", Date, nullable=False),
    Column("signatory", String(200), nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("recorded_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("ended_at", UtcDateTime),
    CheckConstraint("kind IN ('data_use', 'commercial')", name="kind"),
)

invoice = Table(
    "invoice",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("project_id", String(31), ForeignKey("project.id"), nullable=False, index=True),
    Column("amount", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(10), nullable=False),
    Column("issued_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("paid_on", Date),
    Column("reference", String(200)),
    Column("paid_by", String(31), ForeignKey("person.username")),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("(state = 'paid') = (paid_on IS NOT NULL AND reference IS NOT NULL)", name="paid"),
)

_YEAR, _DAY = "CAST(substr(CAST(NEW.{0} AS TEXT), 1, 4) AS INTEGER)", "substr(CAST(NEW.{0} AS TEXT), 6)"

append_only(contract)
refuse(
    contract,
    "length",
    "INSERT",
    f"({_YEAR.format('ends')}, {_DAY.format('ends')}) >= ({_YEAR.format('starts')} + {YEARS}, {_DAY.format('starts')})",
    f"a contract ends before its anniversary after {YEARS} years",
)
append_only(contract_project)
refuse(
    contract_project,
    "resource",
    "INSERT",
    "(SELECT resource FROM contract WHERE id = NEW.contract_id) IS DISTINCT FROM "
    "(SELECT resource FROM project WHERE id = NEW.project_id)",
    "a project works under a contract with its own resource",
)
refuse(
    contract_project,
    "days",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM contract WHERE id = NEW.contract_id "
    "AND substr(NEW.since, 1, 10) BETWEEN CAST(starts AS TEXT) AND CAST(ends AS TEXT))",
    "a project comes under a contract on one of its days",
)
immutable(
    agreement,
    ["project_id", "kind", "recorded_at", "through", "signatory", "document_sha256", "recorded_by"],
)
immutable(invoice, ["number", "project_id", "amount", "currency", "issued_by", "issued_at", "due_on"])
refuse(
    agreement,
    "once",
    "UPDATE",
    "OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at",
    "an agreement ends once",
)
refuse(
    invoice,
    "birth",
    "INSERT",
    "NEW.state <> 'issued' OR NEW.number <> 1 + (SELECT count(*) FROM invoice)",
    "an invoice starts as issued, and they are numbered without gaps",
)
_along = " OR ".join(f"OLD.state = '{before}' AND NEW.state = '{after}'" for before, _, after in INVOICE_TRANSITIONS)
refuse(
    invoice,
    "state",
    "UPDATE",
    f"NEW.state <> OLD.state AND NOT ({_along}) OR NEW.state = OLD.state AND "
    "(NEW.paid_on IS DISTINCT FROM OLD.paid_on OR NEW.reference IS DISTINCT FROM OLD.reference "
    "OR NEW.paid_by IS DISTINCT FROM OLD.paid_by)",
    "an invoice is paid or cancelled, once",
)
refuse(
    invoice,
    "two_people",
    "UPDATE",
    "NEW.state = 'paid' AND NEW.state <> OLD.state AND (NEW.paid_by IS NULL OR NEW.paid_by = OLD.issued_by)",
    "whoever issued an invoice does not record its payment",
)
