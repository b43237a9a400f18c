"""The ledger of published numbers: every number about people that the catalogue has shown, as it was shown.

It is append-only, and the only place these numbers are kept: pages read them here. No count before rounding is in it.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from core.database import Transaction
from core.people.models import Person
from data_catalog.published.marginals import Number
from data_catalog.published.policy import RULE
from data_catalog.tables import published_number

_MOST_AT_ONCE = 500


class Kind(StrEnum):
    """What a number was published as."""

    MARGINAL = "marginal"
    QUALITY = "quality"
    FEASIBILITY = "feasibility"


@dataclass(frozen=True)
class Place:
    """The edition that numbers are about."""

    dataset: str
    edition: int


def enter(tx: Transaction, by: Person, place: Place, kind: Kind, numbers: Iterable[Number], rule: str = RULE) -> int:
    """Enter numbers as published now by a person, and return how many."""
    rows = [
        {
            "id": secrets.token_hex(8),
            "dataset_id": place.dataset,
            "edition": place.edition,
            "kind": kind,
            "subject": number.subject,
            "predicate": number.predicate,
            "statistic": number.statistic,
            "value": number.value,
            "rule": rule,
            "published_at": tx.now,
            "published_by": by.username,
        }
        for number in numbers
    ]
    for batch in _batches(rows):
        tx.execute(insert(published_number), batch)
    return len(rows)


def numbers_of(connection: Connection, place: Place, kind: Kind, subject: str | None = None) -> tuple[Number, ...]:
    """Return the numbers of one kind published of an edition, those of one subject where it is named."""
    table = published_number.c
    query = select(table.subject, table.predicate, table.statistic, table.value).where(
        table.dataset_id == place.dataset, table.edition == place.edition, table.kind == kind
    )
    if subject is not None:
        query = query.where(table.subject == subject)
    return tuple(Number(*row) for row in connection.execute(query))


def _batches(rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(rows), _MOST_AT_ONCE):
        yield rows[start : start + _MOST_AT_ONCE]
