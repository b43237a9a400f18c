"""Rules about applications: facts in, verdict or refusal out. The one table of their states is here."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.people.models import Person, Role
from projects.applications.errors import NotOpen, NotYours
from projects.applications.models import Application, ApplicationState


class ApplicationAction(StrEnum):
    """A step that moves an application from one state to another."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    APPROVE = "approve"
    DECLINE = "decline"
    APPEAL = "appeal"
    END = "end"


class Party(StrEnum):
    """Whose step it is: those who apply, the committee, or nobody's, where it comes with the end of the project."""

    APPLICANT = "applicant"
    COMMITTEE = "committee"
    PROJECT = "its project is closed"


@dataclass(frozen=True)
class ApplicationTransition:
    """An application in this state, by this action of one of these, comes to that one."""

    state: ApplicationState
    action: ApplicationAction
    party: Party
    to: ApplicationState


TRANSITIONS = (
    ApplicationTransition(
        ApplicationState.DRAFT, ApplicationAction.SUBMIT, Party.APPLICANT, ApplicationState.SUBMITTED
    ),
    ApplicationTransition(
        ApplicationState.DRAFT, ApplicationAction.WITHDRAW, Party.APPLICANT, ApplicationState.WITHDRAWN
    ),
    ApplicationTransition(
        ApplicationState.SUBMITTED, ApplicationAction.RETURN, Party.COMMITTEE, ApplicationState.RETURNED
    ),
    ApplicationTransition(
        ApplicationState.SUBMITTED, ApplicationAction.APPROVE, Party.COMMITTEE, ApplicationState.APPROVED
    ),
    ApplicationTransition(
        ApplicationState.SUBMITTED, ApplicationAction.DECLINE, Party.COMMITTEE, ApplicationState.DECLINED
    ),
    ApplicationTransition(
        ApplicationState.SUBMITTED, ApplicationAction.WITHDRAW, Party.APPLICANT, ApplicationState.WITHDRAWN
    ),
    ApplicationTransition(
        ApplicationState.RETURNED, ApplicationAction.SUBMIT, Party.APPLICANT, ApplicationState.SUBMITTED
    ),
    ApplicationTransition(
        ApplicationState.RETURNED, ApplicationAction.WITHDRAW, Party.APPLICANT, ApplicationState.WITHDRAWN
    ),
    ApplicationTransition(
        ApplicationState.DECLINED, ApplicationAction.APPEAL, Party.APPLICANT, ApplicationState.APPEALED
    ),
    ApplicationTransition(
        ApplicationState.APPEALED, ApplicationAction.APPROVE, Party.COMMITTEE, ApplicationState.APPROVED
    ),
    ApplicationTransition(
        ApplicationState.APPEALED, ApplicationAction.DECLINE, Party.COMMITTEE, ApplicationState.UPHELD
    ),
    *(
        ApplicationTransition(state, ApplicationAction.END, Party.PROJECT, ApplicationState.ENDED)
        for state in (
            ApplicationState.DRAFT,
            ApplicationState.SUBMITTED,
            ApplicationState.RETURNED,
            ApplicationState.APPEALED,
        )
    ),
)
"""Every step there is. Votes are what the committee's approving and declining are made of."""

WRITABLE = frozenset({ApplicationState.DRAFT, ApplicationState.RETURNED})
"""States in which its team writes it."""

IN_REVIEW = frozenset({ApplicationState.SUBMITTED, ApplicationState.APPEALED})
"""States in which the committee decides on it."""

OPEN = WRITABLE | IN_REVIEW
"""States in which it is not settled: a project has one open amendment at a time."""


def check_transition(application: Application, action: ApplicationAction, actor: Person) -> ApplicationState:
    """Return the state an action leads to; raises NotOpen where it is not open here, NotYours where it is not for
    this person.
    """
    step = next((one for one in TRANSITIONS if (one.state, one.action) == (application.state, action)), None)
    if step is None:
        raise NotOpen(f"{application.id} is {application.state}: {action} is not open.", _open(application.state))
    check_party(application, step.party, actor)
    return step.to


def can_transition(application: Application, action: ApplicationAction, actor: Person) -> bool:
    """Tell whether this person may take this action on the application now."""
    try:
        check_transition(application, action, actor)
    except (NotOpen, NotYours):
        return False
    return True


def end_of(application: Application) -> ApplicationState:
    """Return the state an open application comes to when its project is closed."""
    return next(
        step.to for step in TRANSITIONS if (step.state, step.action) == (application.state, ApplicationAction.END)
    )


def check_party(application: Application, party: Party, actor: Person) -> None:
    """Refuse somebody who is not of the party a step belongs to."""
    if party is Party.PROJECT:
        raise NotYours(f"{application.id} ends with its project, and by nobody's hand.")
    if party is Party.APPLICANT:
        if not actor.active or actor.username not in application.writers:
            raise NotYours(f"{actor.username} does not write {application.id}.", "Its leads do.")
        return
    if not actor.active or Role.DAC_MEMBER not in actor.roles:
        raise NotYours(f"{actor.username} does not decide on applications.", "It takes the role dac_member.")
    if actor.username in application.applicants:
        raise NotYours("Nobody judges an application they wrote, or whose team they are or were in.")


def check_write(application: Application, actor: Person) -> None:
    """Refuse to write what was submitted, and anybody who does not write it."""
    check_party(application, Party.APPLICANT, actor)
    if application.state not in WRITABLE:
        hint = "The committee can return it to you for changes." if application.state in IN_REVIEW else ""
        raise NotOpen(f"{application.id} is {application.state} and is not written any more.", hint)


def check_no_other(applications: Sequence[Application]) -> None:
    """Refuse a new amendment beside one that is being written or decided."""
    unsettled = next((one for one in applications if one.state in OPEN), None)
    if unsettled is not None:
        hint = "Finish or withdraw it first: one is settled before the next is begun."
        raise NotOpen(f"{unsettled.name} is {unsettled.state}.", hint)


def can_see(application: Application, person: Person) -> bool:
    """Tell whether an application is this person's to see: their own, or, once the committee was asked
    for something, by their role.
    """
    by_role = bool(person.roles & {Role.DAC_MEMBER, Role.OPS, Role.AUDITOR})
    shown = bool(application.submissions or application.exemptions)
    return person.active and (person.username in application.readers or (by_role and shown))


def _open(state: ApplicationState) -> str:
    actions = [str(one.action) for one in TRANSITIONS if one.state is state and one.party is not Party.PROJECT]
    return f"Open now: {', '.join(actions)}." if actions else "Nothing is open any more."
