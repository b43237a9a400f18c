"""What is done with contracts of industry: record a signed one, list them, move a project to the next one."""

from datetime import date
from pathlib import Path

from sqlalchemy import insert

from core.database import Database
from core.errors import InvalidInput
from core.people.models import Person, check_slug
from core.permissions import check_may
from core.settings import Settings
from projects.agreements import permissions
from projects.agreements.errors import ContractRejected
from projects.agreements.models import ContractRecord
from projects.agreements.policy import check_move, last_day
from projects.agreements.records import all_contracts, find_contract, put_under
from projects.agreements.store import keep_file
from projects.agreements.tables import contract
from projects.applications.records import approved_application
from projects.records import find_project
from projects.resource_rules.service import rules_in_force


def record_contract(
    database: Database,
    settings: Settings,
    actor: Person,
    contract_id: str,
    *,
    resource: str,
    organisation: str,
    starts: date,
    signatory: str,
    document: Path,
) -> ContractRecord:
    """Record a contract that was signed, for three years; the signed document is kept by its SHA-256.

    Raises NotFound where the resource has no rules in force, ContractRejected where the id is taken, InvalidInput where
    the document can not be read.
    """
    check_may(actor, permissions.CONTRACT_RECORD)
    check_slug(contract_id, "contract id")
    if not organisation.strip() or not signatory.strip():
        raise InvalidInput("A contract names the organisation and who signed for it.")
    sha256 = keep_file(settings, document)
    with database.write(actor) as tx:
        rules_in_force(tx.connection, resource)
        if any(one.id == contract_id for one in all_contracts(tx.connection)):
            raise ContractRejected(f"There is a contract {contract_id} already.", "Contracts are never changed.")
        parties = {"resource": resource, "organisation": organisation.strip(), "signatory": signatory.strip()}
        days = {"starts": starts, "ends": last_day(starts)}
        made = {"document_sha256": sha256, "recorded_by": actor.username, "recorded_at": tx.now}
        tx.execute(insert(contract).values(id=contract_id, **parties, **days, **made))
        tx.record("projects:contract:record", f"contract:{contract_id}", {"resource": resource, "document": sha256})
        return find_contract(tx.connection, contract_id)


def move_to_contract(database: Database, actor: Person, contract_id: str, project_id: str) -> ContractRecord:
    """Have a project work under another contract from now on, such as the one that follows its own."""
    check_may(actor, permissions.CONTRACT_RECORD)
    with database.write(actor) as tx:
        project, to = find_project(tx.connection, project_id), find_contract(tx.connection, contract_id)
        submission = approved_application(tx.connection, project_id).submission
        organisations = {member.organisation for member in submission.file.team} if submission else set()
        check_move(project, to, organisations, tx.now.date())
        put_under(tx, contract_id, project_id, actor.username)
        tx.record("projects:contract:move", f"project:{project_id}", {"contract": contract_id})
        return find_contract(tx.connection, contract_id)


def contracts_for(database: Database, actor: Person) -> list[ContractRecord]:
    """Return every contract to somebody who may see them."""
    check_may(actor, permissions.CONTRACT_READ)
    with database.read() as connection:
        return all_contracts(connection)
