"""Signing in, the same at every door, and the sessions of the portal and the command line: opened, looked up, ended."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, insert, select, update

from core.database import Database
from core.errors import NotFound, Refused
from core.files import sha256_bytes
from core.people.models import Person, SystemActor
from core.people.policy import check_active
from core.people.service import person_by_subject, person_by_username
from core.people.tables import session


@dataclass(frozen=True)
class Session:
    """One sign-in that has not ended: at which door, since when, and how long at most."""

    kind: Literal["web", "cli"]
    opened_at: datetime
    expires_at: datetime


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


def open_sessions(connection: Connection, username: str, now: datetime) -> list[Session]:
    """Return the sessions somebody is signed in with at a moment, oldest first."""
    mine = (session.c.username == username, session.c.ended_at.is_(None), session.c.expires_at > now)
    columns = (session.c.kind, session.c.opened_at, session.c.expires_at)
    rows = connection.execute(select(*columns).where(*mine).order_by(session.c.opened_at)).mappings()
    return [Session(**row) for row in rows]


def end_session(database: Database, person: Person, token: str) -> None:
    """Sign out."""
    mine = (session.c.token_hash == sha256_bytes(token.encode()), session.c.username == person.username)
    with database.write(person) as tx:
        tx.execute(update(session).where(*mine, session.c.ended_at.is_(None)).values(ended_at=tx.now))
        tx.record("core:session:end", f"person:{person.username}")
