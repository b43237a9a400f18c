"""What is done with trainings: record, revoke, list; and the rights that come of them."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, func, insert, select, update

from core.database import Database
from core.errors import InvalidInput, NotFound, Refused
from core.people.models import Person, check_slug
from core.people.service import find_person
from core.permissions import check_may
from projects.rights import Right, RightKind
from projects.training import permissions
from projects.training.models import Training
from projects.training.tables import training


def record_training(
    database: Database, actor: Person, username: str, course: str, *, passed_on: date, through: date, evidence: str
) -> Training:
    """Record that somebody passed a course, and through when it counts; raises Refused for oneself.

    `evidence` is what shows it, such as the certificate's number.
    """
    check_may(actor, permissions.TRAINING_RECORD)
    check_slug(course, "course")
    if actor.username == username:
        raise Refused("Nobody records their own training.", "Ask another ops person.")
    if through < passed_on:
        raise InvalidInput("A training counts from the day it was passed: the last day lies before it.")
    if not evidence.strip():
        raise InvalidInput("Say what shows it, such as the certificate's number.")
    with database.write(actor) as tx:
        find_person(tx.connection, username)
        days = {"passed_on": passed_on, "through": through}
        key = {"username": username, "course": course, "recorded_at": tx.now}
        tx.execute(insert(training).values(**key, **days, evidence=evidence.strip()[:200], recorded_by=actor.username))
        tx.record("projects:training:record", f"person:{username}", {"course": course, "through": str(through)})
        return _trainings(tx.connection, username)[-1]


def revoke_training(database: Database, actor: Person, username: str, course: str) -> None:
    """Take back every training of somebody in a course; who is in a project that asks for it is out within seconds."""
    check_may(actor, permissions.TRAINING_RECORD)
    mine = (training.c.username == username, training.c.course == course, training.c.revoked_at.is_(None))
    with database.write(actor) as tx:
        if not tx.execute(update(training).where(*mine).values(revoked_at=tx.now)).rowcount:
            raise NotFound(f"{username} has no training in {course}.")
        tx.record("projects:training:revoke", f"person:{username}", {"course": course})


def trainings_for(database: Database, actor: Person, username: str) -> list[Training]:
    """Return somebody's trainings, oldest first, to themselves and to those who may see everybody's."""
    if actor.username != username:
        check_may(actor, permissions.TRAINING_READ)
    with database.read() as connection:
        return _trainings(connection, username)


def training_rights(connection: Connection, username: str, courses: Collection[str]) -> tuple[Right, ...]:
    """Return the right somebody has from each of these courses: through the last day of the best training in it."""
    through = _through(connection, username) if courses else {}
    return tuple(_right(username, course, through.get(course)) for course in courses)


def _through(connection: Connection, username: str) -> dict[str, date]:
    """Return the last day of the best training somebody holds, by course."""
    held = (training.c.username == username, training.c.revoked_at.is_(None))
    query = (
        select(training.c.course, func.max(training.c.through).label("through"))
        .where(*held)
        .group_by(training.c.course)
    )
    return {row.course: row.through for row in connection.execute(query)}


def _right(username: str, course: str, through: date | None) -> Right:
    words, renewal = f"the training {course} of {username}", "Take the course, and give operations its certificate."
    return Right(RightKind.TRAINING, f"person:{username}", through, words, renewal)


def _trainings(connection: Connection, username: str) -> list[Training]:
    query = select(training).where(training.c.username == username).order_by(training.c.recorded_at)
    return [Training(**row) for row in connection.execute(query).mappings()]
