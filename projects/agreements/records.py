"""Contracts as they are kept: rows in, values out."""

from sqlalchemy import Connection, select

from core.database import Transaction
from core.errors import NotFound
from projects.agreements.models import ContractRecord
from projects.agreements.tables import contract, contract_project


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


def contract_of(connection: Connection, project_id: str) -> ContractRecord | None:
    """Return the contract a project works under now, or None."""
    return next((one for one in all_contracts(connection) if project_id in one.projects), None)


def put_under(tx: Transaction, contract_id: str, project_id: str, username: str) -> None:
    """Have a project work under a contract from now on; the caller records it."""
    values = {"contract_id": contract_id, "project_id": project_id, "since": tx.now, "added_by": username}
    tx.execute(contract_project.insert().values(values))
