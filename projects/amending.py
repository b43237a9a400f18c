"""Amend what a running project may see of the data: asked for whole, decided by the committee, cut afterwards.

A decision changes nothing that is mounted. `projects.recutting.recut_project` makes the cut that follows it.
"""

from sqlalchemy import insert, update

from core.database import Database, Transaction
from core.people.models import Person
from core.permissions import check_may
from data_catalog.editions import find_edition
from projects import permissions, tables
from projects.applications.records import find_application
from projects.approval import restricted
from projects.committee.records import seats_of
from projects.data_requests import Bound, insert_request, problems_of_request
from projects.differences import differences
from projects.errors import ActionRefused, ProjectRejected
from projects.models import AmendmentFile, AmendmentState, DataRequest, Project
from projects.policy import AmendmentAction, check_decide_amendment, check_propose_amendment, check_version
from projects.records import find_project
from projects.resource_rules.models import Facts, RuleId, Weight
from projects.resource_rules.policy import judge
from projects.resource_rules.service import rules_in_force


def propose_amendment(database: Database, actor: Person, file: AmendmentFile) -> Project:
    """Ask for what a running project is to see from now on, in place of what it is approved for.

    Raises StepNotOpen where the project has no cut or an amendment waits, and ProjectRejected with everything that is
    unknown, can not be approved or is refused by the resource's rules, or where nothing would change; nothing is saved
    then.
    """
    check_may(actor, permissions.AMEND)
    with database.write(actor) as tx:
        found = find_project(tx.connection, file.id)
        check_propose_amendment(found)
        bound = _bound(found, file)
        problems = list(problems_of_request(tx.connection, file, bound))
        if problems:
            raise ProjectRejected(problems)
        number = len(found.amendments) + 1
        _insert_amendment(tx, actor, file, number)
        insert_request(tx, _allowed(tx, found, file, bound), bound, number)
        proposed = find_project(tx.connection, file.id)
        if proposed.amendment is None or not differences(found.tables, proposed.amendment.tables):
            raise ProjectRejected([f"nothing changes: {file.id} is approved for exactly this"])
        tx.record("projects:amendment:propose", f"project:{file.id}", {"amendment": number})
    return proposed


def approve_amendment(database: Database, actor: Person, project_id: str, version: str | None = None) -> Project:
    """Approve the amendment that waits: as `version` of the project has it, or as it stands.

    Raises StepNotOpen where none waits, ActionRefused where it is not this person's to decide, StaleProject where the
    project or the amendment is no longer what the version was of.
    """
    return _decide(database, actor, project_id, AmendmentAction.APPROVE, version)


def decline_amendment(database: Database, actor: Person, project_id: str, version: str | None = None) -> Project:
    """Decline the amendment that waits; the project goes on with what it is approved for. Raises like an approval."""
    return _decide(database, actor, project_id, AmendmentAction.DECLINE, version)


def _allowed(tx: Transaction, project: Project, file: AmendmentFile, bound: Bound) -> DataRequest:
    """Return what is asked for as the resource's rules allow it to this project; raises ProjectRejected.

    They judge it as they judge an application: its purposes are the project's, and its reason answers what they ask.
    """
    rules = rules_in_force(tx.connection, project.resource).rules
    application = find_application(tx.connection, project.id)
    purposes = application.submission.file.purposes if application.submission else ()
    declarations = {name: find_edition(tx.connection, name, bound.get(name)).declaration for name in file.datasets}
    facts = Facts(
        at=tx.now,
        is_amendment=True,
        purposes=frozenset(purposes),
        tables=file.datasets,
        answers=dict.fromkeys(RuleId, file.reason),
        exempt=application.exempt,
    )
    verdicts = judge(facts, rules, declarations)
    refused = [f"{one.rule}: {one.message} {one.remedy}" for one in verdicts if one.weight is Weight.REFUSES]
    if refused:
        raise ProjectRejected(refused)
    return restricted(tx.connection, file, rules, purposes, bound)


def _check_seats(tx: Transaction, project: Project, actor: Person) -> None:
    """Refuse a member who does not sit on every body whose data the amendment asks for."""
    assert project.amendment is not None
    rules = rules_in_force(tx.connection, project.resource).rules
    for dataset_id in {table.dataset_id for table in project.amendment.tables}:
        body = rules.body_of(dataset_id)
        if body is None or actor.username not in seats_of(tx.connection, rules.resource, body.id):
            raise ActionRefused(f"{actor.username} has no seat on who decides on {dataset_id}.", "Ask another member.")


def _bound(project: Project, file: AmendmentFile) -> Bound:
    """Return the editions that stay: one dataset is of one edition, so they stay or move as a whole.

    An edition that people withdrew from stands for the one without them wherever a cut is made
    (`data_catalog.withdrawal.without_withdrawn`), and the newest edition never has anybody who was taken out.
    """
    return {} if file.editions == "newest" else {table.dataset_id: table.edition for table in project.tables}


def _insert_amendment(tx: Transaction, actor: Person, file: AmendmentFile, number: int) -> None:
    asked = {"project_id": file.id, "number": number, "reason": file.reason, "state": AmendmentState.PROPOSED}
    tx.execute(insert(tables.amendment).values(**asked, proposed_by=actor.username, proposed_at=tx.now))


def _decide(
    database: Database, actor: Person, project_id: str, action: AmendmentAction, version: str | None
) -> Project:
    with database.write(actor) as tx:
        found = find_project(tx.connection, project_id)
        to = check_decide_amendment(found, action, actor)
        check_version(found, version)
        assert found.amendment is not None
        _check_seats(tx, found, actor)
        number = found.amendment.number
        this = (tables.amendment.c.project_id == project_id, tables.amendment.c.number == number)
        decision = {"state": to, "decided_by": actor.username, "decided_at": tx.now}
        tx.execute(update(tables.amendment).where(*this).values(decision))
        tx.record(f"projects:amendment:{action}", f"project:{project_id}", {"amendment": number})
        return find_project(tx.connection, project_id)
