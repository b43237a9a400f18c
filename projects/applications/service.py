"""What is done with applications by those who write them: begin, save, check, submit, withdraw."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from core.database import Database, Transaction
from core.errors import InvalidInput, NotFound
from core.people.models import Person, check_slug
from projects.applications import tables
from projects.applications.approved import newest_approved
from projects.applications.checking import Check, check
from projects.applications.errors import ChangedSinceRead, EditedElsewhere, Incomplete, NotOpen, RulesRefuse
from projects.applications.models import FIELDS, Application, ApplicationFile, ApplicationState
from projects.applications.policy import (
    WRITABLE,
    ApplicationAction,
    can_see,
    check_no_other,
    check_transition,
    check_write,
)
from projects.applications.records import (
    all_applications,
    applications_of,
    change_state,
    find_application,
    not_found,
    verdicts_to_text,
)
from projects.applications.standing import standing_of
from projects.committee.mails import tell
from projects.policy import check_begin_amendment
from projects.records import find_project
from projects.resource_rules.models import ResourceRules
from projects.resource_rules.service import rules_by_hash, rules_in_force

DECLARATION = "What this application says is true, and I submit it for the whole team."
"""What whoever submits declares; the audit log keeps it with the submission."""

LONGEST_ANSWER = 200_000
"""Characters one answer may have: room for every variable of a resource with its reason."""

ANSWERS = frozenset(FIELDS) - {"id", "resource"}
"""Fields of the form that are answered; the other two are settled when an application is begun."""


def begin_application(database: Database, actor: Person, resource: str, project_id: str) -> Application:
    """Begin the draft of an application for a new project under a name of its own.

    Raises NotFound where the resource has no rules in force, InvalidInput where the name is none or is taken.
    """
    with database.write(actor) as tx:
        return _begin(tx, actor, resource, project_id)


def save_answer(
    database: Database, actor: Person, project_id: str, field: str, value: object, version: int, number: int = 0
) -> Application:
    """Save one answer of a draft on top of the version that was read, 0 where there was none.

    Raises EditedElsewhere where the answer was changed since; nothing is lost then, on either side.
    """
    with database.write(actor) as tx:
        found = _writable(tx.connection, actor, project_id, number)
        _save(tx, actor, found, field, value, version)
        tx.record("projects:draft:save", f"application:{found.id}", {"field": field, "version": version + 1})
        return find_application(tx.connection, project_id, number)


def check_application(database: Database, actor: Person, project_id: str, number: int = 0) -> Check:
    """Return what is missing in a draft and what the rules in force say of it now."""
    with database.read() as connection:
        found = application_in(connection, actor, project_id, number)
        rules = rules_in_force(connection, found.resource).rules
        return _check(connection, found, rules, database.clock())


def submit_application(
    database: Database, actor: Person, project_id: str, number: int = 0, *, read: str
) -> Application:
    """Submit a draft, whole: from now on it is the committee's, judged by the rules in force at this moment.

    `read` is the hash of the application that the actor read and made the declaration for. Raises Incomplete with
    everything that is missing, RulesRefuse with every rule that stops it, ChangedSinceRead where the draft is another
    by now; nothing is changed then.
    """
    with database.write(actor) as tx:
        return _submit(tx, actor, application_in(tx.connection, actor, project_id, number), read)


def begin_amendment(database: Database, actor: Person, project_id: str) -> Application:
    """Begin the draft of an amendment of a running project: a copy of what it is approved for, for its lead to change.

    Raises NotFound for a project that is not one's own, StepNotOpen where it has no cut, ActionRefused where one does
    not lead it, NotOpen where another amendment is being written or decided, or no application began the project.
    """
    with database.write(actor) as tx:
        return _begin_amendment(tx, actor, project_id)


def apply_from_file(database: Database, actor: Person, file: ApplicationFile) -> Application:
    """Write an application as a file has it, its draft begun where there is none, and submit it: all, or nothing."""
    with database.write(actor) as tx:
        begun = tx.execute(_of(file.id)).first() is not None
        found = _writable(tx.connection, actor, file.id, 0) if begun else _begin(tx, actor, file.resource, file.id)
        return _submit_file(tx, actor, found, file)


def amend_from_file(database: Database, actor: Person, file: ApplicationFile) -> Application:
    """Write an amendment as a file has it, its draft begun where there is none, and submit it: all, or nothing."""
    with database.write(actor) as tx:
        newest = applications_of(tx.connection, file.id)[-1:]
        drafted = bool(newest) and newest[0].number > 0 and newest[0].state in WRITABLE
        number = newest[0].number if drafted else _begin_amendment(tx, actor, file.id).number
        return _submit_file(tx, actor, _writable(tx.connection, actor, file.id, number), file)


def answers_of(file: ApplicationFile) -> dict[str, object]:
    """Return a file's answers as a draft keeps them."""
    return {name: value for name, value in file.model_dump(mode="json").items() if name in ANSWERS}


def withdraw_application(database: Database, actor: Person, project_id: str, number: int = 0) -> Application:
    """Withdraw an application for good."""
    return _move(database, actor, project_id, number, ApplicationAction.WITHDRAW)


def application_for(database: Database, person: Person, project_id: str, number: int = 0) -> Application:
    """Return an application to somebody who may see it; to anybody else it is not there (NotFound)."""
    with database.read() as connection:
        return application_in(connection, person, project_id, number)


def applications_for(database: Database, person: Person) -> list[Application]:
    """Return the applications a person may see, the one longest in its state first."""
    with database.read() as connection:
        return [one for one in all_applications(connection) if can_see(one, person)]


def application_in(connection: Connection, person: Person, project_id: str, number: int = 0) -> Application:
    """Return an application to somebody who may see it, as it stands in this transaction; raises NotFound."""
    try:
        found = find_application(connection, project_id, number)
    except NotFound:
        found = None
    if found is None or not can_see(found, person):
        raise not_found(project_id)
    return found


def rules_of(connection: Connection, application: Application) -> ResourceRules:
    """Return the rules an application is judged by: those it was submitted under, before that those in force."""
    if application.submission is None:
        return rules_in_force(connection, application.resource).rules
    return rules_by_hash(connection, application.submission.rules_sha256)


def _begin(tx: Transaction, actor: Person, resource: str, project_id: str) -> Application:
    check_slug(project_id, "project name")
    rules_in_force(tx.connection, resource)
    if tx.execute(_of(project_id)).first():
        raise InvalidInput(f"The name {project_id} is taken.", "Choose another; it is only a short name.")
    born = {"state": ApplicationState.DRAFT, "state_since": tx.now, "created_by": actor.username, "created_at": tx.now}
    tx.execute(insert(tables.application).values(project_id=project_id, number=0, resource=resource, **born))
    tx.record("projects:application:begin", f"application:{project_id}.0", {"resource": resource})
    return find_application(tx.connection, project_id)


def _begin_amendment(tx: Transaction, actor: Person, project_id: str) -> Application:
    earlier = applications_of(tx.connection, project_id)
    if not earlier or earlier[0].state is not ApplicationState.APPROVED:
        raise not_found(project_id)
    project = find_project(tx.connection, project_id)
    if not project.is_member(actor.username):
        raise not_found(project_id)
    check_begin_amendment(project, actor)
    check_no_other(earlier)
    if newest_approved(tx.connection, project_id) is None:
        raise NotOpen(f"{project_id} was approved before there were applications.", "Apply for a new project.")
    key = {"project_id": project_id, "number": len(earlier), "resource": project.resource}
    born = {"state": ApplicationState.DRAFT, "state_since": tx.now, "created_by": actor.username, "created_at": tx.now}
    tx.execute(insert(tables.application).values(**key, **born))
    tx.record("projects:application:begin", f"application:{project_id}.{len(earlier)}", {"resource": project.resource})
    begun = find_application(tx.connection, project_id, len(earlier))
    assert begun.before is not None
    for field, value in answers_of(begun.before).items():
        _save(tx, actor, begun, field, value, 0)
    return find_application(tx.connection, project_id, len(earlier))


def _submit_file(tx: Transaction, actor: Person, found: Application, file: ApplicationFile) -> Application:
    for field, value in answers_of(file).items():
        _save(tx, actor, found, field, value, found.answers[field].version if field in found.answers else 0)
    return _submit(tx, actor, find_application(tx.connection, found.project_id, found.number), file.sha256)


def _of(project_id: str) -> Select[Any]:
    return select(tables.application.c.project_id).where(tables.application.c.project_id == project_id)


def _writable(connection: Connection, actor: Person, project_id: str, number: int) -> Application:
    found = application_in(connection, actor, project_id, number)
    check_write(found, actor)
    return found


def _save(tx: Transaction, actor: Person, found: Application, field: str, value: object, version: int) -> None:
    text = _as_text(field, value)
    known = found.answers.get(field)
    if (known.version if known else 0) != version:
        raise EditedElsewhere(field, known.value if known else "", known.version if known else 0)
    values = {"value": text, "version": version + 1, "saved_by": actor.username, "saved_at": tx.now}
    key = {"project_id": found.project_id, "number": found.number, "field": field}
    if known is None:
        tx.execute(insert(tables.draft_answer).values(**key, **values))
        return
    columns = tables.draft_answer.c
    this = (columns[name] == value for name, value in key.items())
    tx.execute(update(tables.draft_answer).where(*this).values(values))


def _as_text(field: str, value: object) -> str:
    if field not in ANSWERS:
        raise InvalidInput(f"There is no field {field!r} in an application.")
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > LONGEST_ANSWER:
        raise InvalidInput(f"This answer is longer than {LONGEST_ANSWER} characters.", "Shorten it.")
    return text


def _submit(tx: Transaction, actor: Person, found: Application, read: str) -> Application:
    to = check_transition(found, ApplicationAction.SUBMIT, actor)
    version = rules_in_force(tx.connection, found.resource)
    file, checked = _free(tx.connection, found, version.rules, tx.now)
    if file.sha256 != read:
        raise ChangedSinceRead
    tx.execute(
        insert(tables.submission).values(
            project_id=found.project_id,
            number=found.number,
            round=len(found.submissions) + 1,
            content=file.to_bytes().decode(),
            sha256=file.sha256,
            rules_sha256=version.sha256,
            verdicts=verdicts_to_text(checked.verdicts),
            submitted_by=actor.username,
            submitted_at=tx.now,
        )
    )
    change_state(
        tx, found, ApplicationAction.SUBMIT, to, sha256=file.sha256, rules=version.number, declared=DECLARATION
    )
    submitted = find_application(tx.connection, found.project_id, found.number)
    tell(tx, submitted, version.rules)
    return submitted


def _check(connection: Connection, found: Application, rules: ResourceRules, at: datetime) -> Check:
    return check(connection, found.project_id, found.answers, rules, standing_of(connection, found, at))


def _free(
    connection: Connection, found: Application, rules: ResourceRules, at: datetime
) -> tuple[ApplicationFile, Check]:
    checked = _check(connection, found, rules, at)
    if checked.file is None or checked.problems:
        raise Incomplete([str(problem) for problem in checked.problems])
    if not checked.is_free:
        raise RulesRefuse((*checked.refusals, *checked.unanswered))
    return checked.file, checked


def _move(database: Database, actor: Person, project_id: str, number: int, action: ApplicationAction) -> Application:
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        change_state(tx, found, action, check_transition(found, action, actor))
        moved = find_application(tx.connection, project_id, number)
        tell(tx, moved, rules_of(tx.connection, moved))
        return moved
