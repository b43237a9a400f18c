"""Amend a running project by an application that its committee approves: its data, its team, its time, its words.

An approval changes nothing that is mounted. `projects.recutting.recut_project` makes the cut that follows it.
"""

from collections.abc import Collection

from sqlalchemy import Connection, insert, update

from core.database import Transaction
from core.people.models import Person
from projects import tables
from projects.agreements.records import put_under
from projects.applications.models import Application, ApplicationFile
from projects.applications.policy import IN_REVIEW, OPEN, ApplicationAction, end_of
from projects.applications.records import applications_of
from projects.applications.records import change_state as change_application
from projects.approval import fee_settled, given_of, restricted, works_under
from projects.committee.mails import nobody_is_waited_for
from projects.data_requests import Bound, as_tables, insert_request
from projects.differences import differences
from projects.models import AmendmentState, DataRequest, Project
from projects.policy import check_decide_amendment
from projects.records import end_membership, find_project, insert_member
from projects.resource_rules.models import ResourceRules


def amend_project(
    tx: Transaction,
    actor: Person,
    application: Application,
    rules: ResourceRules,
    given: Collection[str],
    kept: Collection[str],
    conditions: tuple[str, ...],
) -> None:
    """Change a running project as an application says that its committee approves in this transaction.

    `given` are the variables it gave of those put to the vote, as dataset.table.variable; `kept` the datasets whose
    body declined, which stay as they are approved.
    """
    project = find_project(tx.connection, application.project_id)
    check_decide_amendment(project, actor)
    assert application.submission is not None
    assert application.before is not None
    before, file = application.before, application.submission.file
    bound = bound_editions(project, file, kept)
    request = restricted(tx.connection, _data_of(application, given, kept), rules, file.purposes, bound)
    changed = len(differences(project.tables, as_tables(tx.connection, request, bound)))
    if changed:
        number = len(project.amendments) + 1
        _insert_amendment(tx, actor, application, number)
        insert_request(tx, request, bound, number)
    _change_project(tx, project, application, rules, conditions)
    _change_team(tx, project, before, file)
    if file.contract != before.contract and works_under(tx.connection, file, rules, tx.now.date()):
        put_under(tx, file.contract, project.id, actor.username)
    facts = {"application": application.number, "facts_of_the_data": changed}
    tx.record("projects:project:amend", f"project:{project.id}", facts)


def bound_editions(project: Project, file: ApplicationFile, kept: Collection[str] = ()) -> Bound:
    """Return the editions that stay: one dataset is of one edition, so they stay or move as a whole.

    An edition that people withdrew from stands for the one without them wherever a cut is made
    (`data_catalog.withdrawal.without_withdrawn`), and the newest edition never has anybody who was taken out.
    """
    stays = {table.dataset_id: table.edition for table in project.tables}
    return {name: edition for name, edition in stays.items() if name in kept or not file.newest_editions}


def open_amendment(connection: Connection, project_id: str) -> Application | None:
    """Return the amendment of a project that is being written or decided, or None."""
    return next((one for one in applications_of(connection, project_id) if one.number and one.state in OPEN), None)


def as_asked(connection: Connection, project: Project) -> Project:
    """Return the project as it would be if the amendment before the committee were approved; itself without one."""
    asked = open_amendment(connection, project.id)
    if asked is None or asked.submission is None or asked.state not in IN_REVIEW:
        return project
    file = asked.submission.file
    return project.with_tables(as_tables(connection, file, bound_editions(project, file)))


def end_open_amendment(tx: Transaction, project_id: str) -> None:
    """End the amendment of a project that is closed, where one is being written or decided."""
    found = open_amendment(tx.connection, project_id)
    if found is not None:
        change_application(tx, found, ApplicationAction.END, end_of(found))
        nobody_is_waited_for(tx, found)


def _data_of(application: Application, given: Collection[str], kept: Collection[str]) -> DataRequest:
    """Return what the project sees from now on: what was given, and what needed no vote or stays as it is approved."""
    assert application.submission is not None
    assert application.before is not None
    file = application.submission.file
    allowed = {name for name in file.variables if name in given or name not in application.put_to_vote}
    datasets = {name: asked for name, asked in given_of(file, allowed).datasets.items() if name not in kept}
    stays = {name: asked for name, asked in application.before.datasets.items() if name in kept}
    return DataRequest(id=file.id, datasets={**datasets, **stays})


def _insert_amendment(tx: Transaction, actor: Person, application: Application, number: int) -> None:
    submission = application.submission
    assert submission is not None
    tx.execute(
        insert(tables.amendment).values(
            project_id=application.project_id,
            number=number,
            reason=submission.file.amendment_reason,
            state=AmendmentState.APPROVED,
            proposed_by=submission.submitted_by,
            proposed_at=submission.submitted_at,
            decided_by=actor.username,
            decided_at=tx.now,
            application=application.number,
        )
    )


def _change_project(
    tx: Transaction, project: Project, application: Application, rules: ResourceRules, conditions: tuple[str, ...]
) -> None:
    submission = application.submission
    assert submission is not None
    file = submission.file
    changed = {
        "title": file.title,
        "purpose": file.question,
        "lay_summary": file.lay_summary,
        "ends": file.ends,
        "fee": fee_settled(application, file, rules),
        "commercial": file.commercial,
        "ethics_through": file.ethics.through if file.ethics else None,
        "rules_sha256": submission.rules_sha256,
        "conditions": "\n".join(filter(None, (project.conditions, *conditions))),
    }
    tx.execute(update(tables.project).where(tables.project.c.id == project.id).values(changed))


def _change_team(tx: Transaction, project: Project, before: ApplicationFile, after: ApplicationFile) -> None:
    """Take out who leaves by the amendment, and in who joins; who was taken out meanwhile is not brought back."""
    old, new = ({member.username: member.role for member in file.team} for file in (before, after))
    for username, role in old.items():
        if new.get(username) is not role and project.is_member(username):
            end_membership(tx, project.id, username)
    for username, role in new.items():
        was = old.get(username)
        stands = project.is_member(username)
        if was is not role and stands is (was is not None):
            insert_member(tx, project.id, username, role)
