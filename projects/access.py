"""The one gate: whether a person may use a project now, and what of it."""

from datetime import datetime

from sqlalchemy import Connection

from core.database import Database
from core.errors import NotFound
from core.people.service import find_person
from projects.errors import AccessRefused
from projects.gates import check_rights, rights_in_use
from projects.models import Access
from projects.policy import check_use, not_in_team
from projects.records import find_project_in_use


def check_access(database: Database, username: str, project_id: str) -> Access:
    """Return what this person may use of this project now; raises as `check_access_in` does."""
    with database.read() as connection:
        return check_access_in(connection, username, project_id, database.clock())


def check_access_in(connection: Connection, username: str, project_id: str, now: datetime) -> Access:
    """Return what this person may use of this project as things stand in this transaction.

    Raises AccessRefused unless the account is open, the person is in the team, the project is active, today (UTC)
    lies within its dates, it has its cut, and every right that its resource's rules demand holds. A project that does
    not exist is refused like one of others.
    """
    try:
        person = find_person(connection, username)
        project = find_project_in_use(connection, project_id)
    except NotFound as error:
        raise not_in_team(project_id) from error
    check_use(project, person, now.date())
    check_rights(rights_in_use(connection, project, username, now), now.date())
    assert project.cut is not None
    assert project.subnet is not None
    return Access(username, project_id, project.team[username], project.cut, project.subnet)


def can_access(database: Database, username: str, project_id: str) -> bool:
    """Tell whether this person may use this project now."""
    try:
        check_access(database, username, project_id)
    except AccessRefused:
        return False
    return True
