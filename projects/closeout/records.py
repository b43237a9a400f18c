"""Close-outs as they are kept: rows in, values out."""

import json

from sqlalchemy import Connection, insert, select

from core import canonical
from core.audit.log import entries
from core.database import Transaction
from projects import tables as project_tables
from projects.closeout.models import ORDER, CloseOut, Said, Step, StepTaken
from projects.closeout.tables import closeout_step
from projects.models import ProjectState
from projects.policy import Action


def find_closeout(connection: Connection, project_id: str) -> CloseOut:
    """Return where a project's close-out stands; without a step where none was taken."""
    rows = connection.execute(select(closeout_step).where(closeout_step.c.project_id == project_id)).all()
    taken = [StepTaken(row.project_id, Step(row.step), row.at, row.taken_by, json.loads(row.facts)) for row in rows]
    return CloseOut(project_id, tuple(sorted(taken, key=lambda one: ORDER.index(one.step))))


def unproven(connection: Connection) -> list[str]:
    """Return the closed projects whose deletion is not proven yet, in order of id."""
    project = project_tables.project
    proven = select(closeout_step.c.project_id).where(closeout_step.c.step == Step.PROVEN)
    waiting = select(project.c.id).where(project.c.state == ProjectState.CLOSED, project.c.id.not_in(proven))
    return list(connection.execute(waiting.order_by(project.c.id)).scalars())


def close_outs(connection: Connection) -> list[CloseOut]:
    """Return every close-out that has come to some step, in order of project."""
    some = select(closeout_step.c.project_id).distinct().order_by(closeout_step.c.project_id)
    return [find_closeout(connection, project_id) for project_id in connection.execute(some).scalars().all()]


def closing_of(connection: Connection, project_id: str) -> Said:
    """Return who closed a project and when, from the audit log."""
    of_project = entries(connection, subject=f"project:{project_id}")
    [closing] = [entry for entry, _ in of_project if entry.action == f"projects:project:{Action.CLOSE}"]
    return Said(by=closing.actor, at=closing.at)


def insert_step(tx: Transaction, project_id: str, step: Step, facts: dict[str, object]) -> None:
    """Put a step on record, of the actor of this transaction, now."""
    written = canonical.dumps(facts).decode()
    values = {"project_id": project_id, "step": step, "at": tx.now, "taken_by": tx.actor.audit_name, "facts": written}
    tx.execute(insert(closeout_step).values(values))
