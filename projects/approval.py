"""Open a project from its approved application: its team, its time, and what the committee gave of what was asked."""

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import Connection, insert

from core.database import Transaction
from core.people.models import Person
from data_catalog.blinding import restrict
from data_catalog.editions import find_edition
from data_catalog.models import DatasetDeclaration, Purpose
from projects import tables
from projects.agreements.records import all_contracts, put_under
from projects.applications.models import Application, ApplicationFile
from projects.data_requests import Bound, insert_request
from projects.errors import ActionRefused
from projects.models import DataRequest, Fee, ProjectState, TableRequest
from projects.records import insert_member
from projects.resource_rules.models import ResourceRules, RuleId
from projects.resource_rules.policy import fee_of, required_cohort


def open_project(
    tx: Transaction,
    actor: Person,
    application: Application,
    rules: ResourceRules,
    given: Collection[str],
    conditions: tuple[str, ...],
) -> None:
    """Make the project of an application that its committee approves in this transaction.

    `given` are the variables it gave, as dataset.table.variable. People are those the rules allow for its purposes.
    """
    submission = application.submission
    assert submission is not None
    file = submission.file
    if actor.username in application.people:
        raise ActionRefused("Nobody approves a project whose team they are in.", "Ask another DAC member.")
    tx.execute(
        insert(tables.project).values(
            id=file.id,
            title=file.title,
            purpose=file.question,
            starts=file.starts,
            ends=file.ends,
            state=ProjectState.APPROVED,
            resource=rules.resource,
            rules_sha256=submission.rules_sha256,
            fee=fee_settled(application, file, rules),
            commercial=file.commercial,
            ethics_through=file.ethics.through if file.ethics else None,
            conditions="\n".join(conditions),
            lay_summary=file.lay_summary,
            created_by=application.created_by,
            created_at=submission.submitted_at,
            approved_by=actor.username,
            approved_at=tx.now,
        )
    )
    for member in file.team:
        insert_member(tx, file.id, member.username, member.role)
    if works_under(tx.connection, file, rules, tx.now.date()):
        put_under(tx, file.contract, file.id, actor.username)
    request = restricted(tx.connection, given_of(file, given), rules, file.purposes, {})
    insert_request(tx, request, {})
    tx.record("projects:project:approve", f"project:{file.id}", {"team": [one.username for one in file.team]})


def fee_settled(application: Application, file: ApplicationFile, rules: ResourceRules) -> Fee:
    """Return how a project is paid for from its approval on: not by a contract that two members exempted it from."""
    fee = _fee(file, rules)
    return Fee.NONE if fee is Fee.CONTRACT and RuleId.CONTRACT in application.exempt else fee


def works_under(connection: Connection, file: ApplicationFile, rules: ResourceRules, today: date) -> bool:
    """Tell whether a team works under the contract it names: it pays by one, of the resource, that runs today."""
    of_resource = (one for one in all_contracts(connection) if one.resource == rules.resource)
    running = {one.id for one in of_resource if one.starts <= today <= one.ends}
    return _fee(file, rules) is Fee.CONTRACT and file.contract in running


def _fee(file: ApplicationFile, rules: ResourceRules) -> Fee:
    return fee_of(rules, {member.username: member.sector for member in file.team})


def given_of(file: ApplicationFile, given: Collection[str]) -> DataRequest:
    """Return what was asked of the data without what was not given: variables, and tables and datasets left empty."""
    datasets: dict[str, dict[str, TableRequest]] = {}
    for dataset_id, asked in file.datasets.items():
        for table_id, request in asked.items():
            kept = tuple(name for name in request.variables if f"{dataset_id}.{table_id}.{name}" in given)
            if kept:
                rules = {name: rule for name, rule in request.generalise.items() if name in kept}
                changed = request.model_copy(update={"variables": kept, "generalise": rules})
                datasets.setdefault(dataset_id, {})[table_id] = changed
    return DataRequest(id=file.id, datasets=datasets)


def restricted(
    connection: Connection, request: DataRequest, rules: ResourceRules, purposes: Iterable[Purpose], bound: Bound
) -> DataRequest:
    """Return a request with the people the rules allow for these purposes, and no others, in every table."""
    condition = required_cohort(rules, frozenset(purposes))
    if not condition:
        return request
    datasets = {
        dataset_id: {name: _with_cohort(one, condition, declaration) for name, one in asked.items()}
        for dataset_id, asked in request.datasets.items()
        for declaration in (find_edition(connection, dataset_id, bound.get(dataset_id)).declaration,)
    }
    return request.model_copy(update={"datasets": datasets})


def _with_cohort(request: TableRequest, condition: str, declaration: DatasetDeclaration) -> TableRequest:
    return request.model_copy(update={"cohort": restrict(request.cohort, condition, declaration)})
