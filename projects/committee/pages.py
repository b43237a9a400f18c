"""What a member of the committee is shown: the queue, and one application with what is theirs to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from core.database import Database
from core.people.affiliations import affiliations_of
from core.people.models import Affiliation, Person
from core.permissions import check_may, may
from data_catalog.dictionary import DictionaryTable, dictionary_tables
from data_catalog.editions import find_edition
from data_catalog.errors import EditionNotFound
from projects.applications.forms import LABELS
from projects.applications.models import OF_THE_DATA, Application, ApplicationFile, Exemption
from projects.applications.policy import IN_REVIEW, ApplicationAction, can_see, can_transition
from projects.applications.records import all_applications
from projects.applications.service import application_in, rules_of
from projects.changes import Change, changes
from projects.committee.models import Deliberation, Interest, Vote, Word
from projects.committee.permissions import DECIDE
from projects.committee.policy import asked_of, bodies_asked, can_go_on, can_vote, due_at
from projects.committee.records import deliberation_on, seats_of
from projects.data_requests import Bound, as_tables
from projects.differences import Difference, differences
from projects.models import ApprovedTable
from projects.records import find_project
from projects.resource_rules.models import Body, ResourceRules


@dataclass(frozen=True)
class BodyPage:
    """One body that decides on an application, as one member sees it."""

    body: Body
    is_mine: bool
    may_vote: bool
    asked: frozenset[str]
    """The variables it votes on."""
    cast: int
    """Votes that were cast."""
    shown: tuple[Vote, ...]
    """Votes this member may read: once they have voted, or the body has decided."""
    approved: bool | None
    lapsed: bool
    """Whether the others went on without it."""
    may_go_on: bool
    """Whether this member may go on without it now."""

    @property
    def filled(self) -> int:
        """How much of its quorum has voted, in percent."""
        return min(100, 100 * self.cast // self.body.quorum)

    @property
    def majority(self) -> str:
        """What its votes were, in words."""
        approving = sum(vote.word is Word.APPROVE for vote in self.shown)
        return f"{approving} for, {len(self.shown) - approving} against"


@dataclass(frozen=True)
class Amends:
    """What an amendment would change of its project: facts of the data, and everything else."""

    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class CommitteePage:
    """An application as a member of the committee, or somebody who may only look, sees it."""

    application: Application
    rules: ResourceRules
    deliberation: Deliberation
    bodies: tuple[BodyPage, ...]
    tables: tuple[DictionaryTable, ...]
    interest: Interest | None
    may_declare: bool
    may_return: bool
    due: datetime | None
    recorded: Mapping[str, Affiliation]
    """User name → where they work, as operations recorded it."""
    changes: tuple[Change, ...] = ()
    """What the last submission changed of the one before."""
    amends: Amends | None = None
    """What it would change of the project it amends; None for a new project."""

    @property
    def file(self) -> ApplicationFile | None:
        """What was submitted last."""
        return self.application.submission.file if self.application.submission else None

    def reason_for(self, dataset: str, table: str, variable: str) -> str:
        """Return what the applicants say a variable is needed for."""
        reasons = self.file.reasons if self.file else {}
        return reasons.get(f"{dataset}.{table}.{variable}", reasons.get(f"{dataset}.{table}", ""))

    @property
    def waits_for_me(self) -> bool:
        """Whether it waits for this member's vote, or for their declaration before it."""
        undeclared = self.interest is None and self.may_declare
        return any(one.may_vote or (undeclared and one.is_mine and one.approved is None) for one in self.bodies)

    @property
    def open_exemptions(self) -> tuple[Exemption, ...]:
        """Exemptions that wait for a member's word."""
        return tuple(one for one in self.application.exemptions if not one.settled)


@dataclass(frozen=True)
class Queue:
    """What is before the committee, the longest waiting first."""

    mine: tuple[CommitteePage, ...]
    others: tuple[CommitteePage, ...]
    exemptions: tuple[CommitteePage, ...]
    settled: tuple[CommitteePage, ...]


def queue(database: Database, person: Person) -> Queue:
    """Return what waits for a member of the committee, what waits for others, and what is settled."""
    check_may(person, DECIDE)
    now = database.clock()
    with database.read() as connection:
        pages = [_page(connection, person, one, now) for one in all_applications(connection) if can_see(one, person)]
    open_ = [page for page in pages if page.application.state in IN_REVIEW]
    return Queue(
        mine=tuple(page for page in open_ if page.waits_for_me),
        others=tuple(page for page in open_ if not page.waits_for_me),
        exemptions=tuple(page for page in pages if page.open_exemptions),
        settled=tuple(page for page in reversed(pages) if page not in open_ and page.application.submissions),
    )


def committee_page(database: Database, person: Person, project_id: str, number: int = 0) -> CommitteePage:
    """Return an application as somebody who may see it sees it; to anybody else it is not there (NotFound)."""
    with database.read() as connection:
        return _page(connection, person, application_in(connection, person, project_id, number), database.clock())


def _page(connection: Connection, person: Person, application: Application, now: datetime) -> CommitteePage:
    rules = rules_of(connection, application)
    deliberation = deliberation_on(connection, application)
    file = application.submission.file if application.submission else None
    outside = person.username not in application.applicants
    return CommitteePage(
        application=application,
        rules=rules,
        deliberation=deliberation,
        bodies=tuple(_bodies(connection, person, application, rules, deliberation, now)),
        tables=tuple(tables_asked(connection, file)) if file else (),
        interest=deliberation.interests.get(person.username),
        may_declare=outside and application.state in IN_REVIEW and may(person, DECIDE),
        may_return=can_transition(application, ApplicationAction.RETURN, person)
        and person.username in deliberation.interests
        and not deliberation.interests[person.username].conflict,
        due=due_at(application, rules),
        recorded=affiliations_of(connection, application.applicants),
        changes=_changes(application),
        amends=_amends(connection, application),
    )


def _amends(connection: Connection, application: Application) -> Amends | None:
    if application.before is None or application.submission is None:
        return None
    file = application.submission.file
    project = find_project(connection, application.project_id)
    before = project.tables_before(application.number)
    bound = {} if file.newest_editions else {table.dataset_id: table.edition for table in before}
    shown = (*_of_the_team(application.before, file), *_of_the_words(application.before, file))
    return Amends(differences(before, _as_they_would_be(connection, file, bound)), shown)


def _of_the_team(before: ApplicationFile, after: ApplicationFile) -> Iterator[Change]:
    old, new = (
        {one.username: f"{one.role}, {one.organisation} ({one.sector})" for one in file.team}
        for file in (before, after)
    )
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield Change(f"Team: {name}", old.get(name, "not in the team"), new.get(name, "leaves the team"))


def _of_the_words(before: ApplicationFile, after: ApplicationFile) -> Iterator[Change]:
    for one in changes(before, after.model_copy(update={"datasets": before.datasets, "team": before.team})):
        field, _, part = one.field.partition(".")
        if field not in OF_THE_DATA:
            yield replace(one, field=f"{LABELS[field]}, {part}" if part else LABELS[field])


def _as_they_would_be(connection: Connection, file: ApplicationFile, bound: Bound) -> tuple[ApprovedTable, ...]:
    try:
        return as_tables(connection, file, bound)
    except EditionNotFound:  # taken away since it was submitted
        return ()


def _changes(application: Application) -> tuple[Change, ...]:
    if len(application.submissions) < 2:
        return ()
    before, after = application.submissions[-2:]
    return changes(before.file, after.file)


def _bodies(
    connection: Connection,
    person: Person,
    application: Application,
    rules: ResourceRules,
    deliberation: Deliberation,
    now: datetime,
) -> Iterator[BodyPage]:
    interest = deliberation.interests.get(person.username)
    for body in bodies_asked(application, rules):
        seats = seats_of(connection, application.resource, body.id)
        votes, decision = deliberation.votes_of(body.id), deliberation.decision_of(body.id)
        spoken = any(vote.username == person.username for vote in votes)
        yield BodyPage(
            body=body,
            is_mine=person.username in seats,
            may_vote=can_vote(application, deliberation, body, seats, person),
            asked=asked_of(application, body),
            cast=len(votes),
            shown=votes if (spoken or decision) and not (interest and interest.conflict) else (),
            approved=decision.approved if decision else None,
            lapsed=decision.lapsed if decision else False,
            may_go_on=can_go_on(application, deliberation, body, rules, person, now),
        )


def tables_asked(connection: Connection, file: ApplicationFile) -> Iterator[DictionaryTable]:
    """Yield what is asked for as the newest editions describe it, each variable as it would be in the cut."""
    for dataset_id, asked in file.datasets.items():
        try:
            edition = find_edition(connection, dataset_id)
        except EditionNotFound:  # taken away since it was submitted
            continue
        names = {name: request.variables for name, request in asked.items() if edition.declaration.table(name)}
        for described in dictionary_tables(edition, names):
            request, table = asked[described.name], edition.declaration.table(described.name)
            assert table is not None
            seen = described.where(request.row_filter, request.cohort, request.scans)
            yield seen.generalised(table, request.generalise)
