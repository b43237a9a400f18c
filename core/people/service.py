"""What is done with people: add, give and take roles, close accounts; and how they are found."""

import secrets
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from core.database import Database, Transaction
from core.errors import NotFound, Refused
from core.people import permissions
from core.people.models import Person, Role, RoleGrant, SystemActor
from core.people.policy import (
    check_add_person,
    check_close_person,
    check_confirm_role,
    check_propose_role,
    check_reopen_person,
    check_revoke_role,
    needs_second_word,
)
from core.people.tables import person as person_table
from core.people.tables import role_grant, session
from core.permissions import check_may
from core.tokens.tables import api_token


def bootstrap_ops(database: Database, first: Person) -> Person:
    """Make the first ops person of an installation, once and on record; raises Refused where there is one."""
    with database.write(SystemActor("setup")) as tx:
        if tx.execute(select(func.count()).select_from(role_grant)).scalar_one():
            raise Refused("This installation has its first ops person.", "Ask one of the ops to add you.")
        _insert_person(tx, first)
        tx.execute(insert(role_grant).values(_grant_values(tx, first.username, Role.OPS, "setup", confirmed=True)))
        tx.record("core:person:bootstrap", f"person:{first.username}", {"role": Role.OPS})
    return person_by_username(database, first.username)


def add_person(database: Database, actor: Person, new: Person) -> Person:
    """Add somebody who may then sign in; roles are given separately."""
    check_may(actor, permissions.PERSON_ADD)
    with database.write(actor) as tx:
        enter_person(tx, new)
    return person_by_username(database, new.username)


def enter_person(tx: Transaction, new: Person) -> None:
    """Add somebody in a transaction that may do more; raises Refused for a second account of one person."""
    check_add_person(new, _everybody(tx.connection))
    _insert_person(tx, new)
    tx.record("core:person:add", f"person:{new.username}")


def close_person(database: Database, actor: Person, username: str) -> None:
    """Close an account and end its sessions and API tokens; its servers end with the next check."""
    check_may(actor, permissions.PERSON_CLOSE)
    open_sessions = (session.c.username == username, session.c.ended_at.is_(None))
    open_tokens = (api_token.c.username == username, api_token.c.ended_at.is_(None))
    with database.write(actor) as tx:
        check_close_person(actor, find_person(tx.connection, username), holders(tx.connection, Role.OPS))
        tx.execute(update(person_table).where(person_table.c.username == username).values(active=False))
        tx.execute(update(session).where(*open_sessions).values(ended_at=tx.now))
        tx.execute(update(api_token).where(*open_tokens).values(ended_at=tx.now))
        tx.record("core:person:close", f"person:{username}")


def reopen_person(database: Database, actor: Person, username: str) -> Person:
    """Open a closed account again, with the roles that were not revoked; its holder signs in anew."""
    check_may(actor, permissions.PERSON_REOPEN)
    with database.write(actor) as tx:
        check_reopen_person(actor, find_person(tx.connection, username))
        tx.execute(update(person_table).where(person_table.c.username == username).values(active=True))
        tx.record("core:person:reopen", f"person:{username}")
        return find_person(tx.connection, username)


def propose_role(database: Database, actor: Person, username: str, role: Role) -> RoleGrant:
    """Give a role, or propose it where the role takes a second person's word."""
    check_may(actor, permissions.ROLE_GRANT)
    with database.write(actor) as tx:
        held = find_person(tx.connection, username).roles
        waiting = {grant.role for grant in grants_of(tx.connection, username) if grant.waits}
        check_propose_role(actor, username, role, held, waiting)
        alone = not needs_second_word(role, ops_ever(tx.connection))
        values = _grant_values(tx, username, role, actor.username, confirmed=alone)
        tx.execute(insert(role_grant).values(values))
        step = "grant" if values["confirmed_by"] else "propose"
        tx.record(f"core:role:{step}", f"person:{username}", {"role": role, "grant": values["id"]})
    return RoleGrant(**values)


def confirm_role(database: Database, actor: Person, grant_id: str) -> RoleGrant:
    """Say the second word on a proposed role."""
    check_may(actor, permissions.ROLE_CONFIRM)
    with database.write(actor) as tx:
        grant = _find_grant(tx.connection, grant_id)
        check_confirm_role(actor, grant)
        check_propose_role(actor, grant.username, grant.role, find_person(tx.connection, grant.username).roles)
        values = {"confirmed_by": actor.username, "confirmed_at": tx.now}
        tx.execute(update(role_grant).where(role_grant.c.id == grant_id).values(values))
        tx.record("core:role:grant", f"person:{grant.username}", {"role": grant.role, "grant": grant_id})
        return _find_grant(tx.connection, grant_id)


def revoke_role(database: Database, actor: Person, username: str, role: Role) -> None:
    """Take a role away; it counts from the next request on."""
    check_may(actor, permissions.ROLE_GRANT)
    mine = (role_grant.c.username == username, role_grant.c.role == role, role_grant.c.revoked_at.is_(None))
    with database.write(actor) as tx:
        check_revoke_role(actor, find_person(tx.connection, username), role, holders(tx.connection, Role.OPS))
        values = {"revoked_by": actor.username, "revoked_at": tx.now}
        if not tx.execute(update(role_grant).where(*mine).values(values)).rowcount:
            raise NotFound(f"{username} does not hold the role {role}.")
        tx.record("core:role:revoke", f"person:{username}", {"role": role})


def pending_grants(database: Database, actor: Person) -> list[RoleGrant]:
    """Return proposed roles that wait for a second person, oldest first, to those who may say the second word."""
    check_may(actor, permissions.ROLE_CONFIRM)
    waiting = select(role_grant).where(role_grant.c.confirmed_at.is_(None), role_grant.c.revoked_at.is_(None))
    with database.read() as connection:
        return [_to_grant(row) for row in connection.execute(waiting.order_by(role_grant.c.proposed_at))]


def person_by_username(database: Database, username: str) -> Person:
    """Return a person with the roles in force; raises NotFound."""
    with database.read() as connection:
        return find_person(connection, username)


def find_person(connection: Connection, username: str) -> Person:
    """Return a person as they stand in this transaction; raises NotFound."""
    return _find(connection, person_table.c.username == username)


def person_by_subject(database: Database, issuer: str, subject: str) -> Person:
    """Return the person the sign-in provider means; raises NotFound."""
    with database.read() as connection:
        return _find(connection, person_table.c.issuer == issuer, person_table.c.subject == subject)


def people_for(database: Database, actor: Person) -> list[Person]:
    """Return everybody, in order of user name, to somebody who may see them."""
    check_may(actor, permissions.PERSON_READ)
    return all_people(database)


def all_people(database: Database) -> list[Person]:
    """Return everybody, in order of user name."""
    with database.read() as connection:
        return _everybody(connection)


def grants_of(connection: Connection, username: str) -> list[RoleGrant]:
    """Return every role ever given to somebody or proposed for them, oldest first."""
    mine = select(role_grant).where(role_grant.c.username == username)
    return [_to_grant(row) for row in connection.execute(mine.order_by(role_grant.c.proposed_at, role_grant.c.id))]


def holders(connection: Connection, role: Role) -> frozenset[str]:
    """Return the user names of everybody who holds a role now, in this transaction; closed accounts hold none."""
    grants = person_table.join(role_grant, role_grant.c.username == person_table.c.username)
    in_force = (role_grant.c.confirmed_at.is_not(None), role_grant.c.revoked_at.is_(None))
    held = select(person_table.c.username).select_from(grants).where(role_grant.c.role == role, *in_force)
    return frozenset(connection.execute(held.where(person_table.c.active)).scalars())


def _find(connection: Connection, *conditions: Any) -> Person:
    row = connection.execute(select(person_table).where(*conditions)).first()
    if row is None:
        raise NotFound("There is no such person here.", "Operations adds people: `myelin person add`.")
    return _to_person(row, grants_of(connection, row.username))


def _everybody(connection: Connection) -> list[Person]:
    grants: dict[str, list[RoleGrant]] = {}
    for grant in map(_to_grant, connection.execute(select(role_grant))):
        grants.setdefault(grant.username, []).append(grant)
    rows = connection.execute(select(person_table).order_by(person_table.c.username))
    return [_to_person(row, grants.get(row.username, [])) for row in rows]


def _to_person(row: Any, grants: Iterable[RoleGrant]) -> Person:
    fields = {key: value for key, value in row._mapping.items() if key != "created_at"}
    return Person(**fields, roles=frozenset(grant.role for grant in grants if grant.in_force))


def ops_ever(connection: Connection) -> int:
    """Count ops grants ever confirmed; a revoked one counts, so that revoking gives nobody the first one's power."""
    confirmed = (role_grant.c.role == Role.OPS, role_grant.c.confirmed_at.is_not(None))
    return connection.execute(select(func.count()).select_from(role_grant).where(*confirmed)).scalar_one()


def _find_grant(connection: Connection, grant_id: str) -> RoleGrant:
    row = connection.execute(select(role_grant).where(role_grant.c.id == grant_id)).first()
    if row is None:
        raise NotFound(f"There is no grant {grant_id}.", "`myelin person grants` lists those that wait.")
    return _to_grant(row)


def _to_grant(row: Any) -> RoleGrant:
    fields = dict(row._mapping)
    return RoleGrant(**{**fields, "role": Role(fields["role"])})


def _insert_person(tx: Transaction, new: Person) -> None:
    fields = {key: value for key, value in new.__dict__.items() if key != "roles"}
    tx.execute(insert(person_table).values(**fields, created_at=tx.now))


def _grant_values(tx: Transaction, username: str, role: Role, by: str, *, confirmed: bool) -> dict[str, Any]:
    second = {"confirmed_by": by, "confirmed_at": tx.now} if confirmed else {"confirmed_by": None, "confirmed_at": None}
    return {
        "id": secrets.token_hex(8),
        "username": username,
        "role": role,
        "proposed_by": by,
        "proposed_at": tx.now,
        **second,
    }
