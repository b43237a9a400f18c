"""Rules of the committee: who votes on what, and what votes come to. Facts in, verdict or refusal out."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import Refused
from core.people.models import Person
from data_catalog.filter import names_in
from projects.applications.models import Application, ApplicationState
from projects.applications.policy import IN_REVIEW, Party, check_party
from projects.committee.errors import NoVote, VoteSettled
from projects.committee.models import BodyDecision, Deliberation, Vote, Word
from projects.resource_rules.models import Body, ResourceRules

REMIND_BEFORE = timedelta(days=7)
"""How long before the clock of a step ends whoever is waited for is reminded."""


@dataclass(frozen=True)
class Reminder:
    """One mail about a clock: which one it is, when it is due, and what it says."""

    name: str
    at: datetime
    words: str


def bodies_asked(application: Application, rules: ResourceRules) -> tuple[Body, ...]:
    """Return the bodies that decide on an application: those whose data are put to the vote.

    An amendment that is decided as a whole is for every body whose data the project has or asks for.
    """
    if application.submission is None:
        return ()
    datasets = {name.partition(".")[0] for name in application.put_to_vote}
    if application.is_whole and application.before is not None:
        datasets = {*application.before.datasets, *application.submission.file.datasets}
    return tuple(body for body in rules.bodies if any(map(body.decides_on, datasets)))


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


def check_go_on(
    application: Application, deliberation: Deliberation, body: Body, rules: ResourceRules, actor: Person, now: datetime
) -> None:
    """Refuse to go on without a body unless all holds: it was asked and has not decided, the days of the step are over,
    the member voted for a body that has decided, and it is no amendment that takes the yes of all.
    """
    check_party(application, Party.COMMITTEE, actor)
    check_no_conflict(deliberation, actor)
    if application.state not in IN_REVIEW or body not in bodies_asked(application, rules):
        raise VoteSettled(f"{application.id} is {application.state}, and does not wait for {body.name}.")
    if deliberation.decision_of(body.id):
        raise VoteSettled(f"{body.name} has decided.")
    due = due_at(application, rules)
    if due is None or now <= due:
        raise NoVote(f"{body.name} has until {due:%-d %B %Y}." if due else f"{body.name} is not waited for.")
    mine = [vote.body for vote in deliberation.votes if vote.username == actor.username]
    if not any(deliberation.decision_of(one) for one in mine):
        raise NoVote("Those go on who voted for a body that has decided.", "Vote first, or ask a member who did.")
    if application.is_whole:
        hint = "Return it to its team: data alone each body decides on for itself."
        raise NoVote("This amendment takes the yes of every body.", hint)


def can_go_on(
    application: Application, deliberation: Deliberation, body: Body, rules: ResourceRules, actor: Person, now: datetime
) -> bool:
    """Tell whether check_go_on would let this pass."""
    try:
        check_go_on(application, deliberation, body, rules, actor, now)
    except Refused:
        return False
    return True


def check_appeal_in_time(application: Application, rules: ResourceRules, now: datetime) -> None:
    """Refuse an appeal after the days the rules give for one."""
    due = due_at(application, rules)
    if due is not None and now > due:
        raise NoVote(
            f"An appeal takes {rules.clocks.appeal} days at most; they ended on {due:%-d %B %Y}.", "Apply anew."
        )


def check_newest(application: Application, all_of_project: Iterable[Application]) -> None:
    """Refuse an appeal where the project has asked for something else since."""
    later = [one for one in all_of_project if one.number > application.number]
    if later:
        raise NoVote(f"{later[-1].id} came after it.", "Ask for what you need in that one, or in the next.")


def outcome(votes: Sequence[Vote], quorum: int) -> bool | None:
    """Return whether a body approves, once its quorum has voted and more than half say the same; None before."""
    approving = sum(vote.word is Word.APPROVE for vote in votes)
    if len(votes) < quorum or 2 * approving == len(votes):
        return None
    return 2 * approving > len(votes)


def datasets_of(bodies: Collection[Body], application: Application) -> frozenset[str]:
    """Return the datasets an amended project has or asks for that one of these bodies decides on."""
    if application.before is None or application.submission is None:
        return frozenset()
    names = {*application.before.datasets, *application.submission.file.datasets}
    return frozenset(name for name in names if any(body.decides_on(name) for body in bodies))


def asked_of(application: Application, body: Body) -> frozenset[str]:
    """Return the variables a body votes on."""
    return frozenset(name for name in application.put_to_vote if body.decides_on(name.partition(".")[0]))


def granted(application: Application, body: Body, votes: Sequence[Vote]) -> frozenset[str]:
    """Return the variables a body gives: those put to its vote that no approving member declined."""
    declined = {name for vote in votes if vote.word is Word.APPROVE for name in vote.declined}
    return asked_of(application, body) - declined


def is_approved(application: Application, decisions: Iterable[BodyDecision], given: Collection[str]) -> bool:
    """Tell what the decisions of all bodies come to: something is given, and of a whole, every body says yes."""
    assert application.submission is not None
    if not application.is_whole:
        return bool(given)
    left = set(application.submission.file.variables) - application.put_to_vote | set(given)
    return bool(left) and all(one.approved for one in decisions)


def chosen_by(application: Application, declined: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each declined variable that chooses the rows or people of a table which is given, and that table.

    A cohort counts as choosing by every variable of its dataset that has a name in it.
    """
    file = application.submission.file if application.submission else None
    for dataset, tables in file.datasets.items() if file else ():
        for table, asked in tables.items():
            place = f"{dataset}.{table}"
            if {f"{place}.{name}" for name in asked.variables} <= set(declined):
                continue
            rows, people = names_in(asked.row_filter), names_in(asked.cohort)
            for name in declined:
                of, _, variable = name.rpartition(".")
                if (of == place and variable in rows) or (name.startswith(f"{dataset}.") and variable in people):
                    yield name, place


def problems_of_vote(application: Application, body: Body, vote: Vote) -> Iterator[str]:
    """Name what a vote lacks: a reason where it declines, and for every variable it declines."""
    asked = asked_of(application, body)
    if vote.word is Word.DECLINE and not vote.reason.strip():
        yield "reason: say why you decline; the applicants read it"
    for name, why in vote.declined.items():
        if name not in asked:
            yield f"{name}: is not asked of {body.name}"
        elif not why.strip():
            yield f"{name}: say why it is not given"
    for name, table in chosen_by(application, vote.declined) if vote.word is Word.APPROVE else ():
        yield (
            f"{name}: {table} is chosen by it, so its values would be told all the same; decline every variable of "
            f"{table}, or return the application"
        )
    if vote.word is Word.APPROVE and asked and asked <= set(vote.declined) and not application.is_whole:
        yield "declined: every variable is declined; decline the application instead"
