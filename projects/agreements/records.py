"""Contracts, agreements and invoices as they are kept: rows in, values out."""

from datetime import date

from sqlalchemy import Connection, insert, select, update

from core.database import Transaction
from core.errors import NotFound
from projects.agreements.models import Agreement, AgreementKind, ContractRecord, Invoice, InvoiceState, SignedContract
from projects.agreements.tables import agreement, contract, contract_project, invoice


def all_contracts(connection: Connection) -> list[ContractRecord]:
    """Return every contract with the projects that work under it now, in order of id."""
    under: dict[str, str] = {}
    for row in connection.execute(select(contract_project).order_by(contract_project.c.since)):
        under[row.project_id] = row.contract_id
    rows = connection.execute(select(contract).order_by(contract.c.id)).mappings().all()
    return [
        ContractRecord(**row, projects=tuple(sorted(name for name, of in under.items() if of == row["id"])))
        for row in rows
    ]


def find_contract(connection: Connection, contract_id: str) -> ContractRecord:
    """Return a contract; raises NotFound."""
    found = next((one for one in all_contracts(connection) if one.id == contract_id), None)
    if found is None:
        raise NotFound(f"There is no contract {contract_id}.", "`myelin contract list` shows those there are.")
    return found


def contract_of(connection: Connection, project_id: str) -> SignedContract | None:
    """Return the contract a project works under now, or None; in one statement."""
    under = contract.join(contract_project, contract_project.c.contract_id == contract.c.id)
    query = select(contract).select_from(under).where(contract_project.c.project_id == project_id)
    row = connection.execute(query.order_by(contract_project.c.since.desc()).limit(1)).mappings().first()
    return SignedContract(**row) if row else None


def agreements_of(connection: Connection, project_id: str | None = None) -> list[Agreement]:
    """Return the agreements about a project, or about all, oldest first."""
    query = select(agreement).order_by(agreement.c.recorded_at)
    if project_id is not None:
        query = query.where(agreement.c.project_id == project_id)
    rows = connection.execute(query).mappings().all()
    return [Agreement(**{**row, "kind": AgreementKind(row["kind"])}) for row in rows]


def invoices(connection: Connection, project_id: str | None = None) -> list[Invoice]:
    """Return the invoices of a project, or of all, in order of number."""
    query = select(invoice).order_by(invoice.c.number)
    if project_id is not None:
        query = query.where(invoice.c.project_id == project_id)
    rows = connection.execute(query).mappings().all()
    return [Invoice(**{**row, "state": InvoiceState(row["state"])}) for row in rows]


def find_invoice(connection: Connection, number: int) -> Invoice:
    """Return an invoice; raises NotFound."""
    found = next((one for one in invoices(connection) if one.number == number), None)
    if found is None:
        raise NotFound(f"There is no invoice {number}.", "`myelin invoice list` shows those there are.")
    return found


def put_under(tx: Transaction, contract_id: str, project_id: str, username: str) -> None:
    """Have a project work under a contract from now on; the caller records it."""
    values = {"contract_id": contract_id, "project_id": project_id, "since": tx.now, "added_by": username}
    tx.execute(contract_project.insert().values(values))


def insert_agreement(
    tx: Transaction,
    project_id: str,
    kind: AgreementKind,
    *,
    through: date,
    signatory: str,
    document_sha256: str,
    recorded_by: str,
) -> None:
    """Have an agreement hold from now on, and record it."""
    made = {"through": through, "signatory": signatory, "document_sha256": document_sha256, "recorded_by": recorded_by}
    tx.execute(insert(agreement).values(project_id=project_id, kind=kind, recorded_at=tx.now, **made))
    facts = {"kind": kind, "through": str(through), "document": document_sha256}
    tx.record("projects:agreement:record", f"project:{project_id}", facts)


def end_agreements(tx: Transaction, project_id: str, kind: AgreementKind) -> int:
    """End every agreement of a kind about a project, and return how many held; the caller records it."""
    held = (agreement.c.project_id == project_id, agreement.c.kind == kind, agreement.c.ended_at.is_(None))
    return tx.execute(update(agreement).where(*held).values(ended_at=tx.now)).rowcount
