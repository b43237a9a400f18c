"""Where people work: recorded by operations, with its history, and never by oneself."""

from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, insert, select

from core.database import Database, Transaction
from core.errors import InvalidInput, Refused
from core.people import permissions
from core.people.models import Affiliation, Person, Sector
from core.people.service import enter_person, find_person
from core.people.tables import affiliation
from core.permissions import check_may

LONGEST_ORGANISATION = 200
"""Characters of an organisation's name."""


def add_person_at(database: Database, actor: Person, new: Person, organisation: str, sector: Sector) -> Affiliation:
    """Add somebody together with where they work; raises Refused for a second account of one person."""
    check_may(actor, permissions.PERSON_ADD)
    check_may(actor, permissions.AFFILIATION_RECORD)
    with database.write(actor) as tx:
        enter_person(tx, new)
        return _record(tx, actor, new.username, organisation, sector)


def record_affiliation(
    database: Database, actor: Person, username: str, organisation: str, sector: Sector
) -> Affiliation:
    """Record where somebody works from now on; raises NotFound, and Refused for oneself."""
    check_may(actor, permissions.AFFILIATION_RECORD)
    with database.write(actor) as tx:
        find_person(tx.connection, username)
        return _record(tx, actor, username, organisation, sector)


def affiliation_history(connection: Connection, username: str) -> list[Affiliation]:
    """Return everywhere somebody was recorded to work, oldest first; the last counts."""
    mine = select(affiliation).where(affiliation.c.username == username).order_by(affiliation.c.since)
    return [_to_affiliation(row) for row in connection.execute(mine).mappings()]


def affiliations_of(connection: Connection, usernames: Iterable[str]) -> dict[str, Affiliation]:
    """Return where these people work, as recorded last; whom nothing is recorded of is left out."""
    wanted = affiliation.c.username.in_(list(usernames))
    rows = connection.execute(select(affiliation).where(wanted).order_by(affiliation.c.since)).mappings()
    return {row["username"]: _to_affiliation(row) for row in rows}


def _record(tx: Transaction, actor: Person, username: str, organisation: str, sector: Sector) -> Affiliation:
    if actor.username == username:
        raise Refused("Nobody records their own affiliation.", "Ask another ops person.")
    if not 0 < len(organisation.strip()) <= LONGEST_ORGANISATION:
        raise InvalidInput(f"Name the organisation, in up to {LONGEST_ORGANISATION} characters.")
    made = Affiliation(username, organisation.strip(), sector, actor.username, tx.now)
    tx.execute(insert(affiliation).values(made.__dict__))
    tx.record("core:affiliation:record", f"person:{username}", {"organisation": made.organisation, "sector": sector})
    return made


def _to_affiliation(row: RowMapping) -> Affiliation:
    return Affiliation(**{**row, "sector": Sector(row["sector"])})
