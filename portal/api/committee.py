"""The committee for its members: what waits for them, their interests, votes, and words on exemptions."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter

from portal.api.applications import ApplicationListed, ExemptionShown, Rule, SubmissionShown, exemption_shown, parts
from portal.api.caller import Called, Caller
from portal.api.fields import ApplicationId, Asked, Line, Name, Optional, Prose, Resource, Sha256, Shown, Slug, Username
from portal.api.paging import Page, Windowed, paged
from projects.applications.exemptions import answer_exemption
from projects.changes import Change
from projects.committee import service
from projects.committee.models import Word
from projects.committee.pages import BodyPage, CommitteePage, Queue, committee_page, queue
from projects.differences import Difference

router = APIRouter(tags=["committee"])


class QueueEntry(ApplicationListed):
    """An application before the committee."""

    waits_for_me: bool
    open_exemptions: int
    due: datetime | None


class VoteShown(Shown):
    """One member's vote."""

    username: str
    word: Word
    reason: str
    conditions: str
    voted_at: datetime
    declined: dict[str, str]


class BodyShown(Shown):
    """One body that decides on an application, as one member sees it."""

    id: str
    name: str
    quorum: int
    is_mine: bool
    may_vote: bool
    asked: list[str]
    """The variables it votes on."""
    cast: int
    approved: bool | None
    votes: list[VoteShown]
    """Those this member may read: once they have voted, or the body has decided."""


class InterestShown(Shown):
    """What this member declared."""

    conflict: bool
    words: str
    declared_at: datetime


class AmendsShown(Shown):
    """What an amendment would change: facts of the data, and everything else."""

    differences: list[Difference]
    changes: list[Change]


class Judged(ApplicationListed):
    """An application as it is judged."""

    submission: SubmissionShown | None
    bodies: list[BodyShown]
    interest: InterestShown | None
    may_declare: bool
    may_return: bool
    exemptions: list[ExemptionShown]
    changes: list[Change]
    """What the last submission changed of the one before."""
    amends: AmendsShown | None
    """What it would change of the project it amends; nothing for a new project."""
    due: datetime | None


class SeatShown(Shown):
    """Who sits on a body."""

    resource: str
    body: str
    username: str


class Declared(Asked):
    """What a member declares of their interests; a conflict says what it is."""

    conflict: bool
    words: Optional = ""


class Voted(Asked):
    """A vote, variable by variable, on the submission that was looked at."""

    body: Name
    word: Word
    reason: Optional = ""
    conditions: Optional = ""
    declined: Mapping[Line, Prose] = {}
    """Variable, as dataset.table.variable → why it is not given."""
    version: Sha256


class Returned(Asked):
    """What is to be changed of the submission that was looked at."""

    reason: Prose
    version: Sha256


class ExemptionAnswered(Asked):
    """One member's word on an exemption."""

    granted: bool
    reason: Prose


class Seat(Asked):
    """Whom a seat is given to."""

    username: Slug


@router.get("/committee")
def committee_queue(caller: Called, window: Windowed) -> Page[QueueEntry]:
    """List what is before the committee."""
    return paged(window, _entries(queue(caller.database, caller.person)), lambda one: one.application.id, _entry)


@router.get("/committee/{application_id}")
def judged_application(caller: Called, application_id: ApplicationId) -> Judged:
    """Return an application as it is judged."""
    return _judged(caller, application_id)


@router.post("/committee/{application_id}/interest")
def declare_interest(caller: Called, application_id: ApplicationId, said: Declared) -> Judged:
    """Declare whether one has a conflict of interest: before any vote, and again where it changed."""
    project_id, number = parts(application_id)
    service.declare_interest(
        caller.database, caller.person, project_id, conflict=said.conflict, words=said.words, number=number
    )
    return _judged(caller, application_id)


@router.post("/committee/{application_id}/votes", status_code=201)
def cast_vote(caller: Called, application_id: ApplicationId, said: Voted) -> Judged:
    """Vote for a body; the vote that meets the quorum decides, and an approval opens the project."""
    project_id, number = parts(application_id)
    facts = {name: value for name, value in said if name not in ("body", "word")}
    service.cast_vote(caller.database, caller.person, project_id, said.body, said.word, number=number, **facts)
    return _judged(caller, application_id)


@router.post("/committee/{application_id}/return")
def return_application(caller: Called, application_id: ApplicationId, said: Returned) -> Judged:
    """Return an application to its team for changes."""
    project_id, number = parts(application_id)
    service.return_application(caller.database, caller.person, project_id, said.reason, number, version=said.version)
    return _judged(caller, application_id)


@router.post("/committee/{application_id}/exemptions/{rule}")
def answer_exemption_request(
    caller: Called, application_id: ApplicationId, rule: Rule, said: ExemptionAnswered
) -> ExemptionShown:
    """Say one member's word on an exemption: two grant it, one refuses it."""
    project_id, number = parts(application_id)
    answered = answer_exemption(
        caller.database, caller.person, project_id, rule, granted=said.granted, reason=said.reason, number=number
    )
    return exemption_shown(answered)


@router.get("/seats")
def list_seats(caller: Called, window: Windowed) -> Page[SeatShown]:
    """List who sits on which body."""
    seats = [SeatShown(resource=r, body=b, username=u) for r, b, u in service.seats(caller.database)]
    return paged(window, seats, lambda one: f"{one.resource}/{one.body}/{one.username}", SeatShown.of)


@router.post("/seats/{resource}/{body}", status_code=201)
def give_seat(caller: Called, resource: Resource, body: Name, said: Seat) -> SeatShown:
    """Give a member of the committee a seat on a body."""
    service.give_seat(caller.database, caller.person, resource, body, said.username)
    return SeatShown(resource=resource, body=body, username=said.username)


@router.delete("/seats/{resource}/{body}/{username}", status_code=204)
def end_seat(caller: Called, resource: Resource, body: Name, username: Username) -> None:
    """Take a seat away; votes that were cast stand."""
    service.end_seat(caller.database, caller.person, resource, body, username)


def _entries(waiting: Queue) -> list[CommitteePage]:
    pages = (*waiting.mine, *waiting.others, *waiting.exemptions, *waiting.settled)
    return list({page.application.id: page for page in pages}.values())


def _entry(page: CommitteePage) -> QueueEntry:
    listed = ApplicationListed.of(page.application).model_dump()
    return QueueEntry(**listed, waits_for_me=page.waits_for_me, open_exemptions=len(page.open_exemptions), due=page.due)


def _judged(caller: Caller, application_id: str) -> Judged:
    page = committee_page(caller.database, caller.person, *parts(application_id))
    submission = page.application.submission
    return Judged(
        **ApplicationListed.of(page.application).model_dump(),
        submission=SubmissionShown.of(submission) if submission else None,
        bodies=[_body(one) for one in page.bodies],
        interest=InterestShown.of(page.interest) if page.interest else None,
        may_declare=page.may_declare,
        may_return=page.may_return,
        exemptions=[exemption_shown(one) for one in page.application.exemptions],
        changes=list(page.changes),
        amends=AmendsShown.of(page.amends) if page.amends else None,
        due=page.due,
    )


def _body(page: BodyPage) -> BodyShown:
    facts = {name: getattr(page, name) for name in ("is_mine", "may_vote", "cast", "approved")}
    named = {name: getattr(page.body, name) for name in ("id", "name", "quorum")}
    return BodyShown(**named, **facts, asked=sorted(page.asked), votes=[VoteShown.of(vote) for vote in page.shown])
