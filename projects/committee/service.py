"""What the committee does: take seats, declare interests, vote variable by variable, return, and so decide."""

from collections.abc import Mapping

from sqlalchemy import Table, insert, select, update

from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, NotFound, Refused
from core.people.models import Person, Role
from core.people.service import find_person
from core.permissions import check_may
from projects.amending import amend_project
from projects.applications.models import Application, ApplicationState
from projects.applications.policy import ApplicationAction, Party, check_party, check_transition
from projects.applications.records import applications_of, change_state, find_application
from projects.applications.service import application_in, rules_of
from projects.approval import open_project
from projects.committee import permissions, tables
from projects.committee.mails import no_more_reminders, tell
from projects.committee.models import Deliberation, Vote, Word
from projects.committee.policy import (
    bodies_asked,
    can_vote,
    check_appeal_in_time,
    check_go_on,
    check_newest,
    check_no_conflict,
    check_vote,
    datasets_of,
    granted,
    is_approved,
    outcome,
    problems_of_vote,
)
from projects.committee.records import deliberation_on, seats_of
from projects.policy import check_runs
from projects.records import find_project
from projects.resource_rules.models import Body, ResourceRules
from projects.resource_rules.service import rules_in_force


def give_seat(database: Database, actor: Person, resource: str, body_id: str, username: str) -> None:
    """Give a member of the committee a seat on a body of a resource, not oneself."""
    check_may(actor, permissions.SEAT_GIVE)
    with database.write(actor) as tx:
        _body(rules_in_force(tx.connection, resource).rules, body_id)
        member = find_person(tx.connection, username)
        if Role.DAC_MEMBER not in member.roles or actor.username == username:
            raise Refused(f"{username} is no member of the committee.", "Give them the role dac_member first.")
        if username in seats_of(tx.connection, resource, body_id):
            raise Refused(f"{username} sits on {body_id} already.")
        key = {"resource": resource, "body": body_id, "username": username}
        tx.execute(insert(tables.seat).values(**key, given_at=tx.now, given_by=actor.username))
        tx.record("projects:seat:give", f"person:{username}", {"resource": resource, "body": body_id})


def end_seat(database: Database, actor: Person, resource: str, body_id: str, username: str) -> None:
    """Take a seat away; votes that were cast stand."""
    check_may(actor, permissions.SEAT_GIVE)
    columns = tables.seat.c
    mine = (columns.resource == resource, columns.body == body_id, columns.username == username)
    with database.write(actor) as tx:
        if not tx.execute(
            update(tables.seat).where(*mine, columns.ended_at.is_(None)).values(ended_at=tx.now)
        ).rowcount:
            raise NotFound(f"{username} has no seat on {body_id}.")
        tx.record("projects:seat:end", f"person:{username}", {"resource": resource, "body": body_id})


def seats(database: Database) -> list[tuple[str, str, str]]:
    """Return every seat there is now, as resource, body and user name."""
    columns = tables.seat.c
    query = select(columns.resource, columns.body, columns.username).where(columns.ended_at.is_(None))
    with database.read() as connection:
        rows = connection.execute(query.order_by(columns.resource, columns.body, columns.username))
        return [(row.resource, row.body, row.username) for row in rows]


def declare_interest(
    database: Database, actor: Person, project_id: str, *, conflict: bool, words: str = "", number: int = 0
) -> None:
    """Declare whether one has a conflict of interest in an application: before any vote, and again where it changed."""
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        check_party(found, Party.COMMITTEE, actor)
        if conflict and not words.strip():
            raise InvalidInput("Say what the conflict is: it is kept with the application.")
        key = {"project_id": project_id, "number": number, "username": actor.username, "declared_at": tx.now}
        tx.execute(insert(tables.interest).values(**key, conflict=conflict, words=words.strip()[:4000]))
        if conflict:
            no_more_reminders(tx, found, actor.username)
        tx.record("projects:interest:declare", f"application:{found.id}", {"conflict": conflict})


def cast_vote(
    database: Database,
    actor: Person,
    project_id: str,
    body_id: str,
    word: Word,
    *,
    reason: str = "",
    conditions: str = "",
    declined: Mapping[str, str] | None = None,
    version: str | None = None,
    number: int = 0,
) -> Application:
    """Vote on an application for a body, variable by variable; the vote that meets the quorum decides.

    `declined` is variable → why it is not given. `version` is the submission's hash the member looked at. The last
    body's decision settles the application, and an approval opens its project in the same transaction.
    """
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        rules = rules_of(tx.connection, found)
        body = _body(rules, body_id)
        deliberation = deliberation_on(tx.connection, found)
        check_vote(found, deliberation, body, seats_of(tx.connection, found.resource, body_id), actor)
        vote = Vote(body_id, actor.username, word, reason.strip(), conditions.strip(), tx.now, dict(declined or {}))
        _check_vote_is_whole(found, body, vote, version)
        _insert_vote(tx, found, deliberation, vote)
        tx.record("projects:application:vote", f"application:{found.id}", {"body": body_id, "word": word})
        if not _is_waited_for(tx, actor, found, rules):
            no_more_reminders(tx, found, actor.username)
        _decide(tx, actor, found, rules, body)
        return find_application(tx.connection, project_id, number)


def go_on_without(
    database: Database, actor: Person, project_id: str, body_id: str, number: int = 0, *, version: str | None = None
) -> Application:
    """Go on without a body that did not decide in time: its data are not given, and the others' decisions stand.

    `version` is the submission's hash the member looked at.
    """
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        rules = rules_of(tx.connection, found)
        body = _body(rules, body_id)
        check_go_on(found, deliberation_on(tx.connection, found), body, rules, actor, tx.now)
        _check_version(found, version)
        _insert_decision(tx, found, body, approved=False, lapsed=True)
        _settle(tx, actor, found, rules)
        return find_application(tx.connection, project_id, number)


def return_application(
    database: Database, actor: Person, project_id: str, reason: str, number: int = 0, *, version: str | None = None
) -> Application:
    """Return an application to its team for changes; votes cast so far are of the round that ends with it.

    `version` is the submission's hash the member looked at.
    """
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        to = check_transition(found, ApplicationAction.RETURN, actor)
        check_no_conflict(deliberation_on(tx.connection, found), actor)
        _check_version(found, version)
        if not reason.strip():
            raise InvalidInput("Say what is to be changed: the applicants read it.")
        _insert_reason(tx, tables.return_note, found, reason, returned_by=actor.username, returned_at=tx.now)
        return _move(tx, found, ApplicationAction.RETURN, to)


def appeal_decision(database: Database, actor: Person, project_id: str, reason: str, number: int = 0) -> Application:
    """Appeal against a decline, once, within the days the rules give: other members vote on the same submission."""
    with database.write(actor) as tx:
        found = application_in(tx.connection, actor, project_id, number)
        to = check_transition(found, ApplicationAction.APPEAL, actor)
        check_appeal_in_time(found, rules_of(tx.connection, found), tx.now)
        check_newest(found, applications_of(tx.connection, project_id))
        if number:
            check_runs(find_project(tx.connection, project_id))
        if not reason.strip():
            raise InvalidInput("Say why you appeal: the committee decides on your reason.")
        _insert_reason(tx, tables.appeal, found, reason, appealed_by=actor.username, appealed_at=tx.now)
        return _move(tx, found, ApplicationAction.APPEAL, to)


def deliberation(database: Database, actor: Person, application: Application) -> Deliberation:
    """Return where the committee stands with an application, to those who may see it."""
    with database.read() as connection:
        return deliberation_on(
            connection, application_in(connection, actor, application.project_id, application.number)
        )


def _body(rules: ResourceRules, body_id: str) -> Body:
    body = next((body for body in rules.bodies if body.id == body_id), None)
    if body is None:
        raise NotFound(f"{rules.label} has no body {body_id}.", f"It has: {', '.join(one.id for one in rules.bodies)}.")
    return body


def _is_waited_for(tx: Transaction, actor: Person, found: Application, rules: ResourceRules) -> bool:
    """Tell whether a member may still vote on an application, for another body."""
    now = deliberation_on(tx.connection, found)
    return any(
        can_vote(found, now, body, seats_of(tx.connection, found.resource, body.id), actor)
        for body in bodies_asked(found, rules)
    )


def _check_vote_is_whole(found: Application, body: Body, vote: Vote, version: str | None) -> None:
    _check_version(found, version)
    problems = list(problems_of_vote(found, body, vote))
    if problems:
        raise InvalidInput(f"The vote lacks something: {'; '.join(problems)}.", "It was not counted.")


def _check_version(found: Application, version: str | None) -> None:
    if found.submission is not None and version not in (None, found.submission.sha256):
        hint = "Look at what is there now; what you wrote is kept below."
        raise Conflict("The application has changed since you opened it.", hint)


def _insert_reason(tx: Transaction, table: Table, found: Application, reason: str, **by_whom: object) -> None:
    key = {"project_id": found.project_id, "number": found.number, "round": len(found.submissions)}
    tx.execute(insert(table).values(**key, reason=reason.strip()[:4000], **by_whom))


def _insert_vote(tx: Transaction, found: Application, deliberation: Deliberation, vote: Vote) -> None:
    this = deliberation.round
    key = {
        "project_id": found.project_id,
        "number": found.number,
        "round": this.submission,
        "is_appeal": this.is_appeal,
    }
    key |= {"body": vote.body, "username": vote.username}
    words = {"word": vote.word, "reason": vote.reason, "conditions": vote.conditions, "voted_at": vote.voted_at}
    tx.execute(insert(tables.vote).values(**key, **words))
    rows = [{**key, "variable": name, "reason": reason} for name, reason in vote.declined.items()]
    if rows:
        tx.execute(insert(tables.declined_variable), rows)


def _decide(tx: Transaction, actor: Person, found: Application, rules: ResourceRules, body: Body) -> None:
    """Record what the body's votes come to, and where it was the last body, what all come to."""
    now = deliberation_on(tx.connection, found)
    approved = outcome(now.votes_of(body.id), body.quorum)
    if approved is None:
        return
    _insert_decision(tx, found, body, approved=approved, lapsed=False)
    _settle(tx, actor, found, rules)


def _insert_decision(tx: Transaction, found: Application, body: Body, *, approved: bool, lapsed: bool) -> None:
    this = deliberation_on(tx.connection, found).round
    key = {"project_id": found.project_id, "number": found.number, "round": this.submission, "body": body.id}
    decided = {"is_appeal": this.is_appeal, "approved": approved, "decided_at": tx.now, "lapsed": lapsed}
    tx.execute(insert(tables.body_decision).values(**key, **decided))
    facts = {"body": body.id, "approved": approved, "lapsed": lapsed}
    tx.record("projects:application:body_decides", f"application:{found.id}", facts)


def _settle(tx: Transaction, actor: Person, found: Application, rules: ResourceRules) -> None:
    now = deliberation_on(tx.connection, found)
    bodies = bodies_asked(found, rules)
    if any(now.decision_of(body.id) is None for body in bodies):
        return
    approving = [body for body in bodies if any(one.body == body.id and one.approved for one in now.decisions)]
    votes = [vote for body in approving for vote in now.votes_of(body.id) if vote.word is Word.APPROVE]
    conditions = tuple(vote.conditions for vote in votes if vote.conditions)
    given = frozenset(name for body in approving for name in granted(found, body, now.votes_of(body.id)))
    approved = is_approved(found, now.decisions, given)
    action = ApplicationAction.APPROVE if approved else ApplicationAction.DECLINE
    to = check_transition(found, action, actor)
    if approved and found.number:
        kept = datasets_of([body for body in bodies if body not in approving], found)
        amend_project(tx, actor, found, rules, given, kept, conditions)
    elif approved:
        open_project(tx, actor, found, rules, given, conditions)
    _move(tx, found, action, to, variables=len(given))


def _move(
    tx: Transaction, found: Application, action: ApplicationAction, to: ApplicationState, **detail: int
) -> Application:
    """Move an application to a state, and tell those it concerns."""
    change_state(tx, found, action, to, **detail)
    moved = find_application(tx.connection, found.project_id, found.number)
    tell(tx, moved, rules_of(tx.connection, moved))
    return moved
