"""Whom somebody may find to put into a team: everybody with an open account, by name, user name or organisation."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.database import Database
from core.people.tables import affiliation
from core.people.tables import person as person_table

SHORTEST_SEARCH = 2
"""Characters of a search: nobody lists everybody by asking for nothing."""


@dataclass(frozen=True)
class Listed:
    """What everybody signed in may know of somebody else: no mail address, no role."""

    username: str
    name: str
    organisation: str
    """As operations recorded it last; empty where nothing is recorded."""


def find_people(database: Database, text: str, most: int = 20) -> list[Listed]:
    """Return people with an open account in whose name, user name and organisation every word of the text is.

    Upper and lower case and accents make no difference. The first `most` in order of name; nobody for a text under
    SHORTEST_SEARCH characters.
    """
    if len(text.strip()) < SHORTEST_SEARCH:
        return []
    columns = (person_table.c.username, person_table.c.name, affiliation.c.organisation)
    with_affiliation = person_table.outerjoin(affiliation, affiliation.c.username == person_table.c.username)
    query = select(*columns).select_from(with_affiliation).where(person_table.c.active).order_by(affiliation.c.since)
    with database.read() as connection:
        everybody = {row.username: _listed(row) for row in connection.execute(query)}
    found = [one for one in everybody.values() if matches(text, one.username, one.name, one.organisation)]
    return sorted(found, key=lambda one: (_plain(one.name), one.username))[:most]


def matches(text: str, *said: str) -> bool:
    """Tell whether every word of a text is in what is said of somebody, without regard to case and accents."""
    whole = _plain("\n".join(said))
    return all(word in whole for word in _plain(text).split())


def _listed(row: Any) -> Listed:
    return Listed(row.username, row.name, row.organisation or "")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
