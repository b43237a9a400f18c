"""Signing in, the same at every door, and the sessions of the portal and the command line: opened, looked up, ended."""

import secrets
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from core.database import Database
from core.errors import NotFound, Refused
from core.files import sha256_bytes
from core.people.models import Person, Session, SystemActor
from core.people.policy import check_active
from core.people.second_factor import check_second_factor
from core.people.service import person_by_subject, person_by_username
from core.people.tables import session
from core.settings import Settings

Door = Literal["portal", "hub", "cli"]
Kind = Literal["web", "cli", "hub"]


def admit(
    database: Database, settings: Settings, issuer: str, subject: str, door: Door, *, second_factor: bool
) -> Person:
    """Return the person a sign-in provider vouches for at one of the doors, on record either way.

    Raises NotFound for somebody without an account, Refused where the account is closed, and SecondFactorMissing for
    whoever has to sign in with a second factor and did not.
    """
    # Whom we do not know, we do not keep the name of; the hash lets operations compare.
    who = f"subject:{sha256_bytes(subject.encode())[:16]}"
    try:
        person = person_by_subject(database, issuer, subject)
        who = person.audit_name
        check_active(person)
        with database.read() as connection:
            check_second_factor(connection, settings, person, used=second_factor)
    except (NotFound, Refused) as error:
        with database.write(SystemActor(door)) as tx:
            tx.record("core:sign-in:refuse", who, {"issuer": issuer, "reason": type(error).__name__})
        raise
    with database.write(person) as tx:
        tx.record("core:sign-in:accept", who, {"door": door})
    return person


def open_session(database: Database, person: Person, kind: Kind, hours: int, *, second_factor: bool = False) -> str:
    """Sign a person in and return the session's token; only its hash is kept."""
    check_active(person)
    token = secrets.token_urlsafe(32)
    with database.write(person) as tx:
        values = {
            "token_hash": session_id(token),
            "username": person.username,
            "kind": kind,
            "opened_at": tx.now,
            "expires_at": tx.now + timedelta(hours=hours),
            "second_factor": second_factor,
        }
        tx.execute(insert(session).values(values))
        tx.record("core:session:open", f"person:{person.username}", {"kind": kind, "second_factor": second_factor})
    return token


def person_in_session(database: Database, token: str) -> Person | None:
    """Return who is signed in with this token, or nobody: ended, expired, unknown, or the account is closed."""
    found = signed_in_with(database, token)
    return found[0] if found else None


def signed_in_with(database: Database, token: str) -> tuple[Person, Session] | None:
    """Return who is signed in with this token, and their session, or None: as `person_in_session` says."""
    with database.read() as connection:
        row = connection.execute(select(session).where(session.c.token_hash == session_id(token))).mappings().first()
    if row is None or row["ended_at"] is not None or row["expires_at"] <= database.clock():
        return None
    try:
        person = person_by_username(database, row["username"])
    except NotFound:
        return None
    return (person, _session(row)) if person.active else None


def check_session(database: Database, settings: Settings, person: Person, open_: Session) -> None:
    """Refuse a session without the second factor that its person's roles or projects ask for by now."""
    with database.read() as connection:
        check_second_factor(connection, settings, person, used=open_.second_factor)


def has_second_factor(connection: Connection, username: str, now: datetime) -> bool:
    """Tell whether somebody has a session open that began with a second factor, at any door."""
    mine = (session.c.username == username, session.c.ended_at.is_(None), session.c.expires_at > now)
    found = select(session.c.token_hash).where(*mine, session.c.second_factor)
    return connection.execute(found.limit(1)).first() is not None


def newest_session(database: Database, person: Person, kind: Kind) -> Session | None:
    """Return the session of a kind that a person opened last, be it over or not."""
    mine = select(session).where(session.c.username == person.username, session.c.kind == kind)
    with database.read() as connection:
        row = connection.execute(mine.order_by(session.c.opened_at.desc()).limit(1)).mappings().first()
    return _session(row) if row else None


def session_id(token: str) -> str:
    """Return what names the session of a token."""
    return sha256_bytes(token.encode())


def open_sessions(connection: Connection, username: str, now: datetime) -> list[Session]:
    """Return the sessions somebody is signed in with at a moment, oldest first."""
    mine = (session.c.username == username, session.c.ended_at.is_(None), session.c.expires_at > now)
    rows = connection.execute(select(session).where(*mine).order_by(session.c.opened_at)).mappings()
    return [_session(row) for row in rows]


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


def _session(row: RowMapping) -> Session:
    fields = {name: value for name, value in row.items() if name not in ("token_hash", "username")}
    return Session(id=row["token_hash"], **fields)
