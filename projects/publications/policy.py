"""Rules about publications: facts in, verdict or refusal out. The one table of their states is here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core.people.models import Person
from projects.errors import ActionRefused
from projects.models import Project, TeamRole
from projects.publications.errors import PublicationRejected, PublicationSettled
from projects.publications.models import (
    Obligation,
    ObligationKind,
    Publication,
    PublicationState,
    Published,
    Report,
    Shown,
    StepFacts,
    Submitted,
    Withdrawn,
)
from projects.resource_rules.models import AskedOfTeams

AHEAD_DAYS = 60
"""How long before its day an obligation is shown and can be met: the first day people are warned at."""


class PublicationStep(StrEnum):
    """What a team says has happened to a publication."""

    SHOW = "show"
    SUBMIT = "submit"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class PublicationTransition:
    """A publication in this state comes by this step to that one."""

    state: PublicationState
    step: PublicationStep
    to: PublicationState


_S, _P = PublicationState, PublicationStep
TRANSITIONS = (
    PublicationTransition(_S.PLANNED, _P.SHOW, _S.SHOWN),
    PublicationTransition(_S.PLANNED, _P.SUBMIT, _S.SUBMITTED),
    PublicationTransition(_S.PLANNED, _P.PUBLISH, _S.PUBLISHED),
    PublicationTransition(_S.PLANNED, _P.WITHDRAW, _S.WITHDRAWN),
    PublicationTransition(_S.SHOWN, _P.SUBMIT, _S.SUBMITTED),
    PublicationTransition(_S.SHOWN, _P.PUBLISH, _S.PUBLISHED),
    PublicationTransition(_S.SHOWN, _P.WITHDRAW, _S.WITHDRAWN),
    PublicationTransition(_S.SUBMITTED, _P.PUBLISH, _S.PUBLISHED),
    PublicationTransition(_S.SUBMITTED, _P.WITHDRAW, _S.WITHDRAWN),
    PublicationTransition(_S.PUBLISHED, _P.WITHDRAW, _S.WITHDRAWN),
)
"""Every step there is. What happened can be said though it should not have: a manuscript that was submitted without
being shown is on record as such."""

FACTS: dict[PublicationStep, type[StepFacts]] = {
    PublicationStep.SHOW: Shown,
    PublicationStep.SUBMIT: Submitted,
    PublicationStep.PUBLISH: Published,
    PublicationStep.WITHDRAW: Withdrawn,
}
"""What each step says."""


def check_team(project: Project, actor: Person) -> None:
    """Refuse anybody but today's team to speak of its publications; closed projects have theirs still."""
    if not actor.active or not project.is_member(actor.username):
        raise ActionRefused(f"The team of {project.id} says what came of it.", "Ask its lead.")


def check_step(publication: Publication, step: PublicationStep, facts: StepFacts, today: date) -> PublicationState:
    """Return the state a step leads to; raises PublicationSettled where it is not open, PublicationRejected for a day
    that has not come.
    """
    to = next((one.to for one in TRANSITIONS if (one.state, one.step) == (publication.state, step)), None)
    if to is None:
        message = f"Publication {publication.number} is {publication.state}: {step} is not open."
        raise PublicationSettled(message, "Open the page again and look at what is there now.")
    said = {name: day for name, day in facts if isinstance(day, date)}
    if late := sorted(name for name, day in said.items() if day > today):
        raise PublicationRejected([f"{name}: this day has not come yet" for name in late])
    return to


def open_steps(publication: Publication) -> frozenset[PublicationStep]:
    """Return the steps a team can take from here."""
    return frozenset(one.step for one in TRANSITIONS if one.state is publication.state)


def check_summary(publication: Publication) -> None:
    """Refuse a summary in plain words of what is not published, and a second one."""
    if publication.state is not PublicationState.PUBLISHED or publication.lay_summary:
        message = f"Publication {publication.number} waits for no summary."
        raise PublicationSettled(message, "One is written once it is published.")


def answerable(project: Project) -> tuple[str, ...]:
    """Return who is asked about a project: its leads, or else the last who was one."""
    leads = tuple(name for name, role in project.team.items() if role is TeamRole.LEAD)
    left = [(one.left_at, one.username) for one in project.memberships if one.left_at and one.role is TeamRole.LEAD]
    return leads or tuple(username for _, username in sorted(left)[-1:])


def obligations(
    project: Project, over: date, publications: Sequence[Publication], reports: Sequence[Report], asked: AskedOfTeams
) -> tuple[Obligation, ...]:
    """Return what a team owes its resource, the first day first; nothing of a project that never saw data.

    `over` is the last day of the project: the day it was closed, or the one it was approved through.
    """
    if not project.cuts:
        return ()
    owed = [
        *_manuscripts(publications, asked),
        *_summaries(publications, asked),
        *_report(project, over, reports, asked),
    ]
    return tuple(sorted(owed, key=lambda one: (one.due, one.number)))


def _manuscripts(publications: Sequence[Publication], asked: AskedOfTeams) -> Iterator[Obligation]:
    for one in publications:
        if asked.shown_days_before and one.planned_for and one.state is PublicationState.PLANNED:
            due = one.planned_for - timedelta(days=asked.shown_days_before)
            words = f"The manuscript “{one.title}” is shown to the resource before it is submitted."
            yield Obligation(ObligationKind.SHOW, one.project_id, one.number, due, words)


def _summaries(publications: Sequence[Publication], asked: AskedOfTeams) -> Iterator[Obligation]:
    for one in publications:
        unsaid = one.state is PublicationState.PUBLISHED and not one.lay_summary
        if asked.summary_days_after and one.published_on and unsaid:
            due = one.published_on + timedelta(days=asked.summary_days_after)
            words = f"“{one.title}” is summed up in plain words, for the register of projects."
            yield Obligation(ObligationKind.SUMMARY, one.project_id, one.number, due, words)


def _report(project: Project, over: date, reports: Sequence[Report], asked: AskedOfTeams) -> Iterator[Obligation]:
    """Yield the first report that is owed; one written up to AHEAD_DAYS before its day, or after it, meets it."""
    last = max((one.written_at.date() for one in reports), default=date.min)
    owed = (day for day in _report_days(project, over, asked) if day - timedelta(days=AHEAD_DAYS) > last)
    for due in list(owed)[:1]:
        words = "The resource is told what came of the project."
        yield Obligation(ObligationKind.REPORT, project.id, 0, due, words)


def _report_days(project: Project, over: date, asked: AskedOfTeams) -> Iterator[date]:
    """Yield the days reports are due: each year's, and those after the project's last day."""
    years = (_years_after(project.starts, years) for years in range(1, over.year - project.starts.year + 1))
    yield from (day for day in years if asked.annual_report and day <= over)
    yield from (over + timedelta(days=days) for days in sorted(asked.remind_after_days))


def _years_after(day: date, years: int) -> date:
    """Return an anniversary, which is 1 March for a 29 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
