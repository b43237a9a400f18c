"""What is done with projects: change the team, stop, resume; and how they are found."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from core.database import Database
from core.people.models import Person
from core.people.tables import person as person_table
from core.permissions import check_may
from data_catalog.hints import did_you_mean
from projects import permissions, tables
from projects.activation import activate_project
from projects.amending import end_open_amendment
from projects.closeout.mails import tell_begun
from projects.errors import ProjectRejected
from projects.gates import check_may_run, project_rights
from projects.models import Project, ProjectState, TeamRole
from projects.policy import Action, check_add_member, check_remove_member, check_transition, check_version
from projects.records import change_state, end_membership, find_project, insert_member

__all__ = [
    "activate_project",
    "add_member",
    "all_projects",
    "close_project",
    "project",
    "projects_of",
    "remove_member",
    "resume_project",
    "suspend_project",
]


def suspend_project(database: Database, actor: Person, project_id: str) -> Project:
    """Stop a project until it is resumed; the hub kills its servers, which takes its data away."""
    return _move(database, actor, project_id, Action.SUSPEND)


def resume_project(database: Database, actor: Person, project_id: str) -> Project:
    """Open a suspended project again, on the cut it had; raises ActionRefused where a right of its own has lapsed."""
    return _move(database, actor, project_id, Action.RESUME)


def close_project(database: Database, actor: Person, project_id: str, version: str | None = None) -> Project:
    """End a project for good: nobody gets in from now on; `projects.closeout` takes away what there is of it.

    Raises StaleProject where the project is no longer what `version` was of.
    """
    return _move(database, actor, project_id, Action.CLOSE, version)


def add_member(
    database: Database, actor: Person, project_id: str, username: str, role: TeamRole = TeamRole.RESEARCHER
) -> Project:
    """Take somebody into a team; raises ProjectRejected for an unknown person, ActionRefused for a conflict."""
    check_may(actor, permissions.MEMBER_ADD)
    with database.write(actor) as tx:
        check_add_member(find_project(tx.connection, project_id), username, actor)
        problems = list(unknown_people(tx.connection, [username]))
        if problems:
            raise ProjectRejected(problems)
        insert_member(tx, project_id, username, role)
        tx.record("projects:member:add", f"project:{project_id}", {"username": username, "role": role})
    return project(database, project_id)


def remove_member(database: Database, actor: Person, project_id: str, username: str) -> Project:
    """Take somebody out of a team; their server is killed and their requests are refused from now on."""
    check_may(actor, permissions.MEMBER_REMOVE)
    with database.write(actor) as tx:
        check_remove_member(find_project(tx.connection, project_id), username)
        end_membership(tx, project_id, username)
        tx.record("projects:member:remove", f"project:{project_id}", {"username": username})
    return project(database, project_id)


def project(database: Database, project_id: str) -> Project:
    """Return a project as it stands; raises NotFound."""
    with database.read() as connection:
        return find_project(connection, project_id)


def all_projects(database: Database) -> list[Project]:
    """Return every project, in order of id."""
    with database.read() as connection:
        ids = connection.execute(select(tables.project.c.id).order_by(tables.project.c.id)).scalars().all()
        return [find_project(connection, project_id) for project_id in ids]


def projects_of(database: Database, person: Person) -> list[Project]:
    """Return the projects whose team a person is in now, in order of id."""
    return [found for found in all_projects(database) if found.is_member(person.username)]


def unknown_people(connection: Connection, usernames: Iterable[str]) -> Iterator[str]:
    """Name everybody in a team who has no open account here."""
    active = select(person_table.c.username).where(person_table.c.active)
    known = connection.execute(active.order_by(person_table.c.username)).scalars().all()
    for username in usernames:
        if username not in known:
            yield f"team: there is nobody called {username!r} here{did_you_mean(username, known)}"


def _move(database: Database, actor: Person, project_id: str, action: Action, version: str | None = None) -> Project:
    with database.write(actor) as tx:
        found = find_project(tx.connection, project_id)
        to = check_transition(found, action, actor)
        check_version(found, version)
        if to is ProjectState.ACTIVE:
            check_may_run(project_rights(tx.connection, found), tx.now.date())
        change_state(tx, found, action, to)
        if to is ProjectState.CLOSED:
            end_open_amendment(tx, project_id)
            tell_begun(tx, found)
    return project(database, project_id)
