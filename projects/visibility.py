"""Who sees which projects: the team sees its own, the committee, operations and auditors see all."""

from core.database import Database
from core.errors import NotFound
from core.people.models import Person
from core.permissions import may
from projects import permissions, service
from projects.models import Project


def can_see(project: Project, person: Person) -> bool:
    """Tell whether a project is this person's to see."""
    return project.is_member(person.username) or may(person, permissions.READ_ALL)


def project_for(database: Database, person: Person, project_id: str) -> Project:
    """Return a project for somebody who may see it.

    Raises the same NotFound for a project that is not there and for one that is not this person's to see.
    """
    try:
        found = service.project(database, project_id)
    except NotFound:
        found = None
    if found is None or not can_see(found, person):
        raise NotFound(f"There is no project {project_id} here for you.", "Your projects are on the projects page.")
    return found


def projects_visible_to(database: Database, person: Person) -> list[Project]:
    """Return the projects a person may see, in order of id."""
    return [project for project in service.all_projects(database) if can_see(project, person)]
