"""Warnings that a right ends: by mail, 60, 14 and 1 days before, to leads or to whose it is; each once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from core.database import Database
from core.outbox.records import is_queued
from core.outbox.service import queue_mail
from core.outbox.templates import Template, register
from core.people.models import SystemActor
from projects import tables
from projects.gates import lapses, person_rights, project_rights
from projects.models import Project, TeamRole
from projects.policy import RUNNING
from projects.records import find_project
from projects.rights import Right

RIGHT_ENDS = Template(
    "projects:right:ends",
    "$project: $what ends on $day",
    "$what ends on $day.\n\nFrom the day after nobody of the team gets in, servers that run are ended, and nothing can "
    "be submitted.\n\n$renewal\n\nThe project's page:\n$link",
    ("project", "what", "day", "renewal", "link"),
)
register(RIGHT_ENDS)


@dataclass(frozen=True)
class RightWarning:
    """One mail that is due: about which right of which project, under which key, to whom."""

    project_id: str
    right: Right
    key: str
    to: tuple[str, ...]


def warn_of_lapses(database: Database) -> int:
    """Queue the warnings that are due and were not queued yet; return how many mails that are."""
    with database.read() as connection:
        due = list(_due(connection, database.clock().date()))
    for warning in due:
        with database.write(SystemActor("worker")) as tx:
            queue_mail(tx, warning.key, warning.to, RIGHT_ENDS.name, _fields(warning))
            tx.record("projects:right:warn", f"project:{warning.project_id}", {"right": warning.right.kind})
    return sum(len(warning.to) for warning in due)


def _due(connection: Connection, today: date) -> Iterator[RightWarning]:
    running = select(tables.project.c.id).where(tables.project.c.state.in_(RUNNING)).order_by(tables.project.c.id)
    for project_id in connection.execute(running).scalars().all():
        project = find_project(connection, project_id)
        yield from _warnings(connection, project, project_rights(connection, project), _leads(project), today)
        for username in project.team:
            yield from _warnings(connection, project, person_rights(connection, project, username), [username], today)


def _warnings(
    connection: Connection, project: Project, rights: Sequence[Right], whom: Sequence[str], today: date
) -> Iterator[RightWarning]:
    for lapse in lapses(rights, today):
        key = f"right:{lapse.right.subject}:{lapse.right.kind}:{lapse.right.through}:{lapse.days}"
        to = tuple(name for name in whom if not is_queued(connection, key, name))
        if to:
            yield RightWarning(project.id, lapse.right, key, to)


def _leads(project: Project) -> list[str]:
    return [name for name, role in project.team.items() if role is TeamRole.LEAD]


def _fields(warning: RightWarning) -> dict[str, str]:
    right = warning.right
    assert right.through is not None
    return {
        "project": warning.project_id,
        "what": right.words[0].upper() + right.words[1:],
        "day": f"{right.through:%-d %B %Y}",
        "renewal": right.renewal,
        "link": f"/projects/{warning.project_id}",
    }
