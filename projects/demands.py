"""What running projects demand of their people, for those who keep trainings: which rights end soon or do not hold."""

from dataclasses import dataclass

from core.database import Database
from core.people.models import Person
from core.people.service import find_person
from core.permissions import check_may
from projects.gates import courses_of, ending, person_rights
from projects.policy import RUNNING
from projects.resource_rules.service import all_in_force
from projects.rights import Right
from projects.service import all_projects
from projects.training.permissions import TRAINING_READ


@dataclass(frozen=True)
class PressingRight:
    """A right of somebody that ends soon or does not hold, and the running projects that demand it."""

    username: str
    right: Right
    project_ids: tuple[str, ...]


def pressing_rights(database: Database, actor: Person) -> list[PressingRight]:
    """Return what people in running projects must hold and lack, or lose by the first warning's day; soonest first.

    Closed accounts are left out.
    """
    check_may(actor, TRAINING_READ)
    today = database.clock().date()
    found: dict[tuple[str, Right], list[str]] = {}
    running = [project for project in all_projects(database) if project.state in RUNNING]
    with database.read() as connection:
        members = ((project, username) for project in running for username in project.team)
        for project, username in members:
            if find_person(connection, username).active:
                for right in ending(person_rights(connection, project, username), today):
                    found.setdefault((username, right), []).append(project.id)
    pressing = [PressingRight(username, right, tuple(project_ids)) for (username, right), project_ids in found.items()]
    return sorted(pressing, key=lambda one: (one.right.days_left(today), one.username))


def projects_asking(database: Database, actor: Person, username: str, course: str) -> list[str]:
    """Return the running projects somebody is in that demand a course of its team, in order of id."""
    check_may(actor, TRAINING_READ)
    mine = [one for one in all_projects(database) if one.state in RUNNING and one.is_member(username)]
    with database.read() as connection:
        return [project.id for project in mine if course in courses_of(connection, project)]


def courses_asked_for(database: Database) -> list[str]:
    """Return the courses that rules in force demand, in order of name."""
    with database.read() as connection:
        return sorted({course for one in all_in_force(connection) for course in one.rules.people.courses})
