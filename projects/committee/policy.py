"""Rules of the committee: who votes on what, and what votes come to. Facts in, verdict or refusal out."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import Refused
from core.people.models import Person
from projects.applications.models import Application, ApplicationFile, ApplicationState
from projects.applications.policy import IN_REVIEW, Party, check_party
from projects.committee.errors import NoVote, VoteSettled
from projects.committee.models import Deliberation, Vote, Word
from projects.resource_rules.models import Body, ResourceRules

REMIND_BEFORE = timedelta(days=7)
"""How long before the clock of a step ends whoever is waited for is reminded."""


@dataclass(frozen=True)
class Reminder:
    """One mail about a clock: which one it is, when it is due, and what it says."""

    name: str
    at: datetime
    words: str


def bodies_asked(file: ApplicationFile, rules: ResourceRules) -> tuple[Body, ...]:
    """Return the bodies that decide on an application: those whose datasets it asks for."""
    return tuple(body for body in rules.bodies if any(map(body.decides_on, file.datasets)))


def check_vote(
    application: Application, deliberation: Deliberation, body: Body, seats: Collection[str], actor: Person
) -> None:
    """Refuse a vote unless all holds: the application is before the committee, the member sits on the body, is not of
    the applicants, declared to have no conflict of interest, has not voted, the body has not decided, and in an appeal
    the member did not vote on what is appealed against.
    """
    check_party(application, Party.COMMITTEE, actor)
    if application.state not in IN_REVIEW:
        raise VoteSettled(f"{application.id} is {application.state}: there is no vote.")
    if actor.username not in seats:
        raise NoVote(f"{actor.username} has no seat on {body.name}.", "Operations give seats, on record.")
    check_no_conflict(deliberation, actor)
    if deliberation.decision_of(body.id):
        raise VoteSettled(f"{body.name} has decided.", "An applicant can appeal.")
    if any(vote.username == actor.username for vote in deliberation.votes_of(body.id)):
        raise VoteSettled("You have voted.", "A vote stands until the body has decided.")
    if deliberation.round.is_appeal and actor.username in deliberation.earlier_voters:
        raise NoVote("Nobody votes on an appeal against their own vote.", "It takes other members.")


def can_vote(
    application: Application, deliberation: Deliberation, body: Body, seats: Collection[str], actor: Person
) -> bool:
    """Tell whether check_vote would let this pass."""
    try:
        check_vote(application, deliberation, body, seats, actor)
    except Refused:
        return False
    return True


def check_no_conflict(deliberation: Deliberation, actor: Person) -> None:
    """Refuse a member who has not declared their interests, or declared a conflict."""
    interest = deliberation.interests.get(actor.username)
    if interest is None:
        raise NoVote("Declare first whether you have a conflict of interest in this application.")
    if interest.conflict:
        raise NoVote("You declared a conflict of interest in this application.", "Other members decide.")


def due_at(application: Application, rules: ResourceRules) -> datetime | None:
    """Return when the step an application is at is overdue, or None where nobody is waited for."""
    days = {
        ApplicationState.SUBMITTED: rules.clocks.review,
        ApplicationState.APPEALED: rules.clocks.review,
        ApplicationState.RETURNED: rules.clocks.changes,
        ApplicationState.DECLINED: rules.clocks.appeal,
    }.get(application.state)
    return application.state_since + timedelta(days=days) if days else None


def reminders_of(application: Application, rules: ResourceRules) -> tuple[Reminder, ...]:
    """Return when whoever an application waits for is reminded: REMIND_BEFORE the clock ends, and when it has ended.

    Nobody is reminded of a right to appeal. A clock shorter than that reminds of its end only.
    """
    due = due_at(application, rules)
    if due is None or application.state is ApplicationState.DECLINED:
        return ()
    early = due - REMIND_BEFORE
    soon = (Reminder("soon", early, f"its time ends on {due:%-d %B %Y}"),) if early > application.state_since else ()
    return (*soon, Reminder("overdue", due, f"its time ended on {due:%-d %B %Y}"))


def check_appeal_in_time(application: Application, rules: ResourceRules, now: datetime) -> None:
    """Refuse an appeal after the days the rules give for one."""
    due = due_at(application, rules)
    if due is not None and now > due:
        raise NoVote(
            f"An appeal takes {rules.clocks.appeal} days at most; they ended on {due:%-d %B %Y}.", "Apply anew."
        )


def outcome(votes: Sequence[Vote], quorum: int) -> bool | None:
    """Return whether a body approves, once its quorum has voted and more than half say the same; None before."""
    approving = sum(vote.word is Word.APPROVE for vote in votes)
    if len(votes) < quorum or 2 * approving == len(votes):
        return None
    return 2 * approving > len(votes)


def granted(file: ApplicationFile, body: Body, votes: Sequence[Vote]) -> frozenset[str]:
    """Return the variables a body gives: those of its datasets that no approving member declined."""
    declined = {name for vote in votes if vote.word is Word.APPROVE for name in vote.declined}
    return frozenset(name for name in file.variables if body.decides_on(name.partition(".")[0])) - declined


def problems_of_vote(file: ApplicationFile, body: Body, vote: Vote) -> Iterator[str]:
    """Name what a vote lacks: a reason where it declines, and for every variable it declines."""
    asked = {name for name in file.variables if body.decides_on(name.partition(".")[0])}
    if vote.word is Word.DECLINE and not vote.reason.strip():
        yield "reason: say why you decline; the applicants read it"
    for name, why in vote.declined.items():
        if name not in asked:
            yield f"{name}: is not asked of {body.name}"
        elif not why.strip():
            yield f"{name}: say why it is not given"
    if vote.word is Word.APPROVE and asked and asked <= set(vote.declined):
        yield "declined: every variable is declined; decline the application instead"
