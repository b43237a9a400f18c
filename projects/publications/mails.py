"""Mails about publications: a manuscript is shown to those who decide, and a team is reminded of what it owes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from core.database import Database, Transaction
from core.outbox.records import is_queued
from core.outbox.service import queue_mail
from core.outbox.templates import Template, register
from core.people.models import SystemActor
from projects import tables
from projects.committee.records import seats_of
from projects.gates import WARN_DAYS
from projects.models import Project
from projects.publications.models import Obligation, Publication
from projects.publications.policy import answerable
from projects.publications.records import obligations_of
from projects.records import find_project
from projects.resource_rules.service import rules_by_hash

MANUSCRIPT_SHOWN = Template(
    "projects:publication:shown",
    "$project shows a manuscript",
    "The team of $project means to submit\n\n$title\n\nand shows it to you first. Where it is read is said on the page "
    "of the project's publications:\n$link",
    ("project", "title", "link"),
)
OBLIGATION_DUE = Template(
    "projects:publication:due",
    "$project: $when",
    "$words\n\nIt is $when. Nothing is closed for it: it is asked of you because the data are other people's.\n\n"
    "Say it on the page of the project's publications:\n$link",
    ("project", "words", "when", "link"),
)
for _template in (MANUSCRIPT_SHOWN, OBLIGATION_DUE):
    register(_template)

OVERDUE = -1
"""Stands for the days after an obligation's last one."""


@dataclass(frozen=True)
class Reminder:
    """One mail that is due: of which obligation, under which key, to whom."""

    obligation: Obligation
    key: str
    when: str
    to: tuple[str, ...]


def tell_shown(tx: Transaction, project: Project, publication: Publication) -> None:
    """Tell the members who decide on a project's data that a manuscript is shown to them."""
    rules = rules_by_hash(tx.connection, project.rules_sha256) if project.rules_sha256 else None
    used = {table.dataset_id for table in project.tables}
    bodies = [body.id for body in rules.bodies if any(map(body.decides_on, used))] if rules else []
    to = sorted({name for body in bodies for name in seats_of(tx.connection, project.resource, body)})
    fields = {"project": project.id, "title": publication.title, "link": _page(project.id)}
    queue_mail(tx, f"publication:{project.id}:{publication.number}:shown", to, MANUSCRIPT_SHOWN.name, fields)


def remind_of_obligations(database: Database) -> int:
    """Queue the reminders that are due and were not queued yet; return how many mails that are."""
    with database.read() as connection:
        due = list(_due(connection, database.clock().date()))
    for reminder in due:
        obligation = reminder.obligation
        with database.write(SystemActor("worker")) as tx:
            queue_mail(tx, reminder.key, reminder.to, OBLIGATION_DUE.name, _fields(reminder))
            facts = {"obligation": obligation.kind, "publication": obligation.number}
            tx.record("projects:obligation:remind", f"project:{obligation.project_id}", facts)
    return sum(len(reminder.to) for reminder in due)


def _due(connection: Connection, today: date) -> Iterator[Reminder]:
    for project_id in connection.execute(select(tables.project.c.id).order_by(tables.project.c.id)).scalars().all():
        project = find_project(connection, project_id)
        for obligation in obligations_of(connection, project):
            stage = _stage(obligation.days_left(today))
            if stage is None:
                continue
            key = f"obligation:{project_id}:{obligation.kind}:{obligation.number}:{obligation.due}:{stage}"
            to = tuple(name for name in answerable(project) if not is_queued(connection, key, name))
            if to:
                yield Reminder(obligation, key, _when(obligation.due, stage), to)


def _stage(left: int) -> int | None:
    """Return the day of the list of warnings that was reached, OVERDUE after the last one, or None before the first."""
    return OVERDUE if left < 0 else min((days for days in WARN_DAYS if left <= days), default=None)


def _when(due: date, stage: int) -> str:
    return f"overdue since {due:%-d %B %Y}" if stage == OVERDUE else f"due by {due:%-d %B %Y}"


def _fields(reminder: Reminder) -> dict[str, str]:
    one = reminder.obligation
    return {"project": one.project_id, "words": one.words, "when": reminder.when, "link": _page(one.project_id)}


def _page(project_id: str) -> str:
    return f"/projects/{project_id}/publications"
