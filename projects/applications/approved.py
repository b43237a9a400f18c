"""What a project is approved for, said as an application says it: an amendment begins there and is compared with it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from core.people.affiliations import affiliations_of
from core.people.models import Sector
from projects.applications import tables
from projects.applications.models import Applicant, ApplicationFile, ApplicationState
from projects.models import ApprovedTable, Project, TableRequest, TeamRole


def approved_file(connection: Connection, project: Project, number: int, at: datetime) -> ApplicationFile | None:
    """Return what a project was approved for before its application `number`, or None where no application was.

    Its words are those of the newest one approved before, its data what was given, its team who was in it at `at`.
    """
    file = newest_approved(connection, project.id, number)
    if file is None:
        return None
    asked = {"datasets": as_requests(project.tables_before(number)), "amendment_reason": "", "newest_editions": False}
    known = {member.username: member for member in file.team}
    return file.model_copy(update={**asked, "team": tuple(_team(connection, known, project.team_at(at)))})


def newest_approved(connection: Connection, project_id: str, before: int | None = None) -> ApplicationFile | None:
    """Return what was submitted with the newest approved application of a project, or the newest before a number."""
    columns, of = tables.submission.c, tables.application.c
    same = (columns.project_id == of.project_id) & (columns.number == of.number)
    this = [of.project_id == project_id, of.state == ApplicationState.APPROVED]
    query = select(columns.content).join(tables.application, same).order_by(of.number.desc(), columns.round.desc())
    content = connection.execute(query.where(*this, *([of.number < before] if before else []))).scalars().first()
    return ApplicationFile.model_validate_json(content) if content else None


def as_requests(approved: Iterable[ApprovedTable]) -> dict[str, dict[str, TableRequest]]:
    """Return approved tables as a file asks for them."""
    datasets: dict[str, dict[str, TableRequest]] = {}
    for table in approved:
        asked = TableRequest(
            variables=table.variables,
            row_filter=table.row_filter,
            cohort=table.cohort,
            generalise=table.rules,
            scans=table.scan_kinds,
        )
        datasets.setdefault(table.dataset_id, {})[table.table_id] = asked
    return datasets


def _team(connection: Connection, known: Mapping[str, Applicant], team: Mapping[str, TeamRole]) -> Iterator[Applicant]:
    """Yield a team as an application names it: as the newest one did, or as operations recorded where people work."""
    recorded = affiliations_of(connection, team)
    for username, role in team.items():
        where = known.get(username) or recorded.get(username)
        organisation, sector = (where.organisation, where.sector) if where else ("not recorded", Sector.NONE)
        yield Applicant(username=username, role=role, organisation=organisation, sector=sector)
