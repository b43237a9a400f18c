"""What is done with tokens of the API: make one, take it, list one's own, end it."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.database import Database
from core.errors import NotFound
from core.files import sha256_bytes
from core.people.models import Person
from core.people.policy import check_active
from core.people.service import find_person
from core.tokens.models import ApiToken, TokenScope
from core.tokens.policy import check_make, is_to_note
from core.tokens.tables import api_token

PREFIX = "myelin_"
"""What every token begins with, so that one that was left in a file is found by searching."""


def make_token(
    database: Database, actor: Person, name: str, scope: TokenScope, days: int, *, second_factor: bool = False
) -> tuple[str, ApiToken]:
    """Make a token for a program of one's own, and return it with what is kept of it: only its hash is.

    `second_factor` tells whether it is made in a session that began with one: the token stands for that session.
    Raises InvalidInput where it has no name or too many days, Refused for a closed account or one token too many.
    """
    check_active(actor)
    token = PREFIX + secrets.token_urlsafe(32)
    with database.write(actor) as tx:
        check_make(name, days, _tokens_of(tx.connection, actor.username), tx.now)
        made = ApiToken(secrets.token_hex(8), actor.username, name.strip(), scope, days, tx.now, second_factor)
        tx.execute(insert(api_token).values(**made.__dict__, token_hash=_hash(token)))
        tx.record("core:token:make", actor.audit_name, {"token": made.id, "scope": scope, "days": days})
    return token, made


def take_token(database: Database, token: str) -> tuple[Person, ApiToken] | None:
    """Return whose token this is, with the roles they have now, or None: unknown, ended, or the account is closed.

    Its use is noted, once an hour.
    """
    with database.read() as connection:
        row = connection.execute(select(api_token).where(api_token.c.token_hash == _hash(token))).mappings().first()
        person = find_person(connection, row["username"]) if row else None
    if row is None or person is None:
        return None
    found = _to_token(row)
    if not (person.active and found.counts(database.clock())):
        return None
    if is_to_note(found, database.clock()):
        _note_use(database, person, found)
    return person, found


def tokens_of(database: Database, person: Person) -> list[ApiToken]:
    """Return a person's own tokens, newest first."""
    with database.read() as connection:
        return _tokens_of(connection, person.username)


def end_token(database: Database, actor: Person, token_id: str) -> ApiToken:
    """End a token of one's own, at once and for good; raises NotFound for one that is not there or has ended."""
    mine = (api_token.c.id == token_id, api_token.c.username == actor.username, api_token.c.ended_at.is_(None))
    with database.write(actor) as tx:
        if not tx.execute(update(api_token).where(*mine).values(ended_at=tx.now)).rowcount:
            raise NotFound("There is no such token of yours.", "It may have been ended already.")
        tx.record("core:token:end", actor.audit_name, {"token": token_id})
        return next(one for one in _tokens_of(tx.connection, actor.username) if one.id == token_id)


def _note_use(database: Database, person: Person, token: ApiToken) -> None:
    this = (api_token.c.id == token.id, api_token.c.ended_at.is_(None))
    with database.write(person) as tx:
        tx.execute(update(api_token).where(*this).values(last_used_at=tx.now))
        tx.record("core:token:use", person.audit_name, {"token": token.id})


def _tokens_of(connection: Connection, username: str) -> list[ApiToken]:
    mine = select(api_token).where(api_token.c.username == username)
    rows = connection.execute(mine.order_by(api_token.c.made_at.desc(), api_token.c.id)).mappings()
    return [_to_token(row) for row in rows]


def _to_token(row: Mapping[Any, Any]) -> ApiToken:
    fields = {name: value for name, value in row.items() if name != "token_hash"}
    return ApiToken(**{**fields, "scope": TokenScope(fields["scope"])})


def _hash(token: str) -> str:
    return sha256_bytes(token.encode())
