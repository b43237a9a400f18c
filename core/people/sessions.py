"""Signing in, the same at every door, and the sessions of the portal and the command line: opened, looked up, ended."""

import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, insert, select, update

from core.database import Database
from core.errors import NotFound, Refused
from core.files import sha256_bytes
from core.people.models import Person, Session, SystemActor
from core.people.policy import check_active
from core.people.service import person_by_subject, person_by_username
from core.people.tables import session


def admit(database: Database, issuer: str, subject: str, door: Literal["portal", "hub", "cli"]) -> Person:
    """Return the person a sign-in provider vouches for at one of the doors, on record either way.

    Raises NotFound for somebody without an account, and Refused where the account is closed.
    """
    # Whom we do not know, we do not keep the name of; the hash lets operations compare.
    who = f"subject:{sha256_bytes(subject.encode())[:16]}"
    try:
        person = person_by_subject(database, issuer, subject)
        who = person.audit_name
        check_active(person)
    except (NotFound, Refused):
        with database.write(SystemActor(door)) as tx:
            tx.record("core:sign-in:refuse", who, {"issuer": issuer})
        raise
    with database.write(person) as tx:
        tx.record("core:sign-in:accept", who, {"door": door})
    return person


def open_session(database: Database, person: Person, kind: Literal["web", "cli"], hours: int) -> str:
    """Sign a person in and return the session's token; only its hash is kept."""
    check_active(person)
    token = secrets.token_urlsafe(32)
    with database.write(person) as tx:
        values = {
            "token_hash": sha256_bytes(token.encode()),
            "username": person.username,
            "kind": kind,
            "opened_at": tx.now,
            "expires_at": tx.now + timedelta(hours=hours),
        }
        tx.execute(insert(session).values(values))
        tx.record("core:session:open", f"person:{person.username}", {"kind": kind})
    return token


def person_in_session(database: Database, token: str) -> Person | None:
    """Return who is signed in with this token, or nobody: ended, expired, unknown, or the account is closed."""
    with database.read() as connection:
        row = connection.execute(select(session).where(session.c.token_hash == sha256_bytes(token.encode()))).first()
    if row is None or row.ended_at is not None or row.expires_at <= database.clock():
        return None
    try:
        person = person_by_username(database, row.username)
    except NotFound:
        return None
    return person if person.active else None


def open_sessions(database: Database, person: Person) -> list[Session]:
    """Return the sessions a person is signed in with now, the newest first."""
    with database.read() as connection:
        rows = connection.execute(
            select(session.c.token_hash.label("id"), session.c.kind, session.c.opened_at, session.c.expires_at)
            .where(*_open(person), session.c.expires_at > database.clock())
            .order_by(session.c.opened_at.desc())
        ).mappings()
        return [Session(**row) for row in rows]


def session_id(token: str) -> str:
    """Return what names the session of a token."""
    return sha256_bytes(token.encode())


def end_session(database: Database, person: Person, token: str) -> None:
    """Sign out."""
    _end(database, person, session.c.token_hash == session_id(token))


def end_one_session(database: Database, person: Person, id_: str) -> None:
    """End one of a person's own open sessions by its id; raises NotFound for any other."""
    if not _end(database, person, session.c.token_hash == id_):
        raise NotFound("You have no such session open.", "It may have ended: open your page anew.")


def end_other_sessions(database: Database, person: Person, token: str) -> int:
    """End every open session of a person but the one of this token; return how many that were."""
    return _end(database, person, session.c.token_hash != session_id(token))


def _end(database: Database, person: Person, which: ColumnElement[bool]) -> int:
    with database.write(person) as tx:
        ended = tx.execute(update(session).where(*_open(person), which).values(ended_at=tx.now)).rowcount
        tx.record("core:session:end", f"person:{person.username}", {"sessions": ended})
    return int(ended)


def _open(person: Person) -> tuple[ColumnElement[bool], ...]:
    return (session.c.username == person.username, session.c.ended_at.is_(None))
