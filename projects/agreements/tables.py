"""Tables of contracts, and the walls behind their policy."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, String, Table

from core.database import UtcDateTime, metadata
from core.guards import append_only, refuse

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

append_only(contract)
append_only(contract_project)
refuse(
    contract_project,
    "resource",
    "INSERT",
    "(SELECT resource FROM contract WHERE id = NEW.contract_id) IS DISTINCT FROM "
    "(SELECT resource FROM project WHERE id = NEW.project_id)",
    "a project works under a contract with its own resource",
)
