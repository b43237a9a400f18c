"""What one person is shown of a project: its dictionary, the steps open to them, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.database import Database
from core.people.models import Person
from data_catalog.dictionary import DictionaryTable, dictionary_tables
from data_catalog.editions import Edition
from data_catalog.published.service import published_numbers
from data_catalog.service import edition
from data_catalog.twin import TwinTable
from projects.access import check_access
from projects.amending import open_amendment
from projects.applications.models import Application
from projects.applications.policy import can_see as can_see_application
from projects.errors import AccessRefused
from projects.gates import person_rights, project_rights
from projects.models import ApprovedTable, Project
from projects.policy import Action, can_begin_amendment, can_transition
from projects.rights import Right
from projects.visibility import can_see, project_for


@dataclass(frozen=True)
class ProjectPage:
    """A project as one person sees it."""

    project: Project
    dictionary: tuple[DictionaryTable, ...]
    actions: frozenset[Action]
    """Steps this person may take now."""
    amendment: Application | None
    """The amendment that is being written or decided, where this person may see it."""
    may_amend: bool
    """Whether this person may begin an amendment now."""
    closed_because: AccessRefused | None
    """What stands between this person and the project's notebook, if anything."""

    rights: tuple[Right, ...]
    """What it must hold to run, and what this person must hold in it, and through when each holds."""

    @property
    def synthetic(self) -> bool:
        """Whether any of its data are synthetic."""
        return any(table.synthetic for table in self.dictionary)

    @property
    def editions(self) -> dict[str, int]:
        """Which edition of each dataset the project works on."""
        return {table.dataset: table.edition for table in self.dictionary}


def project_page(database: Database, person: Person, project_id: str) -> ProjectPage:
    """Return a project for somebody who may see it; to anybody else it is not there (NotFound)."""
    return _page(database, person, project_for(database, person, project_id))


def pages_of(database: Database, person: Person, projects: list[Project]) -> list[ProjectPage]:
    """Return those of these projects that this person may see."""
    return [_page(database, person, project) for project in projects if can_see(project, person)]


def twin_tables(database: Database, dictionary: Sequence[DictionaryTable]) -> tuple[TwinTable, ...]:
    """Return what a synthetic twin of these tables is made from: declarations and published numbers, and no data."""
    return tuple(_twin_table(database, table) for table in dictionary)


def _twin_table(database: Database, described: DictionaryTable) -> TwinTable:
    found = edition(database, described.dataset, described.edition)
    table = found.declaration.table(described.name)
    assert table is not None
    numbers = published_numbers(database, found)
    return TwinTable(described.dataset, table, described.variables, numbers, described.scans)


def _page(database: Database, person: Person, project: Project) -> ProjectPage:
    actions = frozenset(action for action in Action if can_transition(project, action, person))
    dictionary, closed_because = _dictionary(database, project), _closed_because(database, person, project)
    with database.read() as connection:
        amendment = open_amendment(connection, project.id)
        rights = project_rights(connection, project)
        if project.is_member(person.username):
            rights += person_rights(connection, project, person.username)
    return ProjectPage(
        project=project,
        dictionary=dictionary,
        actions=actions,
        amendment=amendment if amendment and can_see_application(amendment, person) else None,
        may_amend=amendment is None and can_begin_amendment(project, person),
        closed_because=closed_because,
        rights=rights,
    )


def _dictionary(database: Database, project: Project) -> tuple[DictionaryTable, ...]:
    """Return what the project was approved for, or asks for, as the editions it is bound to describe it."""
    approved: dict[tuple[str, int], dict[str, ApprovedTable]] = {}
    for table in project.tables:
        approved.setdefault((table.dataset_id, table.edition), {})[table.table_id] = table
    return tuple(
        _as_approved(described, found, tables[described.name])
        for (dataset_id, number), tables in approved.items()
        for found in (edition(database, dataset_id, number),)
        for described in dictionary_tables(found, {name: table.variables for name, table in tables.items()})
    )


def _as_approved(described: DictionaryTable, found: Edition, approved: ApprovedTable) -> DictionaryTable:
    table = found.declaration.table(approved.table_id)
    assert table is not None
    return described.where(approved.row_filter, approved.cohort, approved.scan_kinds).generalised(table, approved.rules)


def _closed_because(database: Database, person: Person, project: Project) -> AccessRefused | None:
    try:
        check_access(database, person.username, project.id)
    except AccessRefused as refusal:
        return refusal
    return None
