"""The ledger of published numbers: every number about people that the catalogue has shown, as it was shown.

It is append-only, and the only place these numbers are kept: pages read them here. No count before rounding is in it.
"""

import csv
import io
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, func, insert, select

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


@dataclass(frozen=True)
class Selection:
    """Which entries of the ledger are meant; what is not named is not narrowed."""

    dataset: str = ""
    edition: int | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class Entry:
    """One published number as it was shown: of what, when, under which rule, by whom."""

    published_at: datetime
    published_by: str
    dataset: str
    edition: int
    kind: str
    subject: str
    predicate: str
    statistic: str
    value: str
    rule: str


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


def count_entries(connection: Connection, selection: Selection) -> int:
    """Return how many entries a selection has."""
    query = select(func.count()).select_from(published_number).where(*_selected(selection))
    return connection.execute(query).scalar_one()


def entries(connection: Connection, selection: Selection, most: int | None = None, after: int = 0) -> tuple[Entry, ...]:
    """Return the entries of a selection, the newest first: up to so many, after so many."""
    table = published_number.c
    columns = (table.published_at, table.published_by, table.dataset_id, table.edition, table.kind)
    said = (table.subject, table.predicate, table.statistic, table.value, table.rule)
    order = (table.published_at.desc(), table.dataset_id, table.edition, table.kind, *said[:3], table.id)
    query = select(*columns, *said).where(*_selected(selection)).order_by(*order).limit(most).offset(after)
    return tuple(Entry(*tuple(row)) for row in connection.execute(query))


def entries_csv(shown: Iterable[Entry]) -> str:
    """Return entries as CSV, one a row, the moment in ISO 8601."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Entry))
    writer.writerows((entry.published_at.isoformat(), *astuple(entry)[1:]) for entry in shown)
    return text.getvalue()


def _selected(selection: Selection) -> Iterator[ColumnElement[bool]]:
    table = published_number.c
    if selection.dataset:
        yield table.dataset_id == selection.dataset
    if selection.edition is not None:
        yield table.edition == selection.edition
    if selection.kind is not None:
        yield table.kind == selection.kind


def _batches(rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(rows), _MOST_AT_ONCE):
        yield rows[start : start + _MOST_AT_ONCE]
