"""Sessions of signed-in people, for the portal and the command line alike: opened, looked up, ended."""

import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import insert, select, update

from core.database import Database
from core.errors import NotFound
from core.files import sha256_bytes
from core.people.models import Person
from core.people.policy import check_active
from core.people.service import person_by_username
from core.people.tables import session


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


def end_session(database: Database, person: Person, token: str) -> None:
    """Sign out."""
    mine = (session.c.token_hash == sha256_bytes(token.encode()), session.c.username == person.username)
    with database.write(person) as tx:
        tx.execute(update(session).where(*mine, session.c.ended_at.is_(None)).values(ended_at=tx.now))
        tx.record("core:session:end", f"person:{person.username}")
