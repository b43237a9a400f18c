"""Where people work: recorded by operations, with its history, and never by oneself."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from core.database import Database
from core.errors import InvalidInput, Refused
from core.people import permissions
from core.people.models import Affiliation, Person, Sector
from core.people.service import find_person
from core.people.tables import affiliation
from core.permissions import check_may


def record_affiliation(
    database: Database, actor: Person, username: str, organisation: str, sector: Sector
) -> Affiliation:
    """Record where somebody works from now on; raises NotFound, and Refused for oneself."""
    check_may(actor, permissions.AFFILIATION_RECORD)
    if actor.username == username:
        raise Refused("Nobody records their own affiliation.", "Ask another ops person.")
    if not organisation.strip():
        raise InvalidInput("Name the organisation.")
    with database.write(actor) as tx:
        find_person(tx.connection, username)
        made = Affiliation(username, organisation.strip(), sector, actor.username, tx.now)
        tx.execute(insert(affiliation).values(made.__dict__))
        tx.record(
            "core:affiliation:record", f"person:{username}", {"organisation": made.organisation, "sector": sector}
        )
    return made


def affiliations_of(connection: Connection, usernames: Iterable[str]) -> dict[str, Affiliation]:
    """Return where these people work, as recorded last; whom nothing is recorded of is left out."""
    wanted = affiliation.c.username.in_(list(usernames))
    rows = connection.execute(select(affiliation).where(wanted).order_by(affiliation.c.since)).mappings()
    return {row["username"]: Affiliation(**{**row, "sector": Sector(row["sector"])}) for row in rows}
