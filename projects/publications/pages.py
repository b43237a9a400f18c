"""What one person is shown of publications: a project's own, and everything that is owed or came out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.database import Database
from core.people.models import Person
from projects.models import Project
from projects.publications.models import Obligation, Publication, PublicationState, Report
from projects.publications.policy import AHEAD_DAYS, PublicationStep, open_steps
from projects.publications.records import asked_of, obligations_of, publications_of, reports_of
from projects.resource_rules.models import AskedOfTeams
from projects.visibility import project_for, projects_visible_to


@dataclass(frozen=True)
class PublicationsPage:
    """A project's publications and reports as one person sees them."""

    project: Project
    asked: AskedOfTeams
    publications: tuple[Publication, ...]
    reports: tuple[Report, ...]
    obligations: tuple[Obligation, ...]
    today: date
    is_team: bool
    """Whether this person says what came of it."""
    ahead_days: int = AHEAD_DAYS

    @property
    def steps(self) -> Mapping[int, frozenset[PublicationStep]]:
        """The steps that are open for this person, by publication."""
        return {one.number: open_steps(one) if self.is_team else frozenset() for one in self.publications}

    @property
    def owed(self) -> tuple[Obligation, ...]:
        """What is owed by now or soon."""
        return tuple(one for one in self.obligations if one.days_left(self.today) <= AHEAD_DAYS)

    @property
    def next_report(self) -> date | None:
        """The day the next report is due."""
        return next((one.due for one in self.obligations if not one.number), None)


def publications_page(database: Database, person: Person, project_id: str) -> PublicationsPage:
    """Return a project's publications for somebody who may see the project; raises NotFound for anybody else."""
    return _page(database, person, project_for(database, person, project_id))


def publications_pages(database: Database, person: Person) -> list[PublicationsPage]:
    """Return the publications of every project this person may see that ever saw data, in order of project."""
    seen = (project for project in projects_visible_to(database, person) if project.cuts)
    return [_page(database, person, project) for project in seen]


def owed_by(database: Database, person: Person) -> int:
    """Count what the teams somebody is in owe by now or soon."""
    return sum(len(page.owed) for page in publications_pages(database, person) if page.is_team)


def published_of(database: Database, project_id: str) -> list[Publication]:
    """Return what everybody may know of a project's publications: those that are published."""
    with database.read() as connection:
        found = publications_of(connection, project_id)
    return [one for one in found if one.state is PublicationState.PUBLISHED]


def _page(database: Database, person: Person, project: Project) -> PublicationsPage:
    with database.read() as connection:
        return PublicationsPage(
            project,
            asked_of(connection, project),
            tuple(publications_of(connection, project.id)),
            tuple(reports_of(connection, project.id)),
            obligations_of(connection, project),
            database.clock().date(),
            project.is_member(person.username),
        )
