"""What the catalogue's pages show: the shelf of resources, one dataset, one variable with its published numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.database import Database
from core.errors import NotFound
from data_catalog.dictionary import DictionaryTable, dictionary_tables, search
from data_catalog.editions import Edition
from data_catalog.hints import did_you_mean
from data_catalog.models import Table, Variable
from data_catalog.published.bins import bins_of
from data_catalog.published.marginals import NO_VALUE, PEOPLE, ROWS, WITH_VALUE, Number
from data_catalog.published.policy import number, share
from data_catalog.published.service import published_numbers
from data_catalog.resources import Member, Shelf, shelves
from data_catalog.service import edition, newest_editions

FEWEST = 2
"""Characters a search across everything begins with."""


@dataclass(frozen=True)
class TableNumbers:
    """How many people and rows a table holds, as published; None before anything was."""

    table: Table
    people: str | None
    rows: str | None


@dataclass(frozen=True)
class Bar:
    """One cell of a plot: label, meaning, the number as published, and its length as a share of the longest."""

    label: str
    meaning: str
    value: str
    length: float | None


@dataclass(frozen=True)
class CatalogPage:
    """Every resource with its datasets, and how many people each holds here as published."""

    shelves: tuple[Shelf, ...]
    people: dict[str, str | None]

    def held(self, member: Member) -> str | None:
        """Return how many people a registry's newest edition holds here; None where there is no edition."""
        return self.people[member.edition.dataset] if member.edition else None


@dataclass(frozen=True)
class DatasetPage:
    """A dataset's newest edition, its dictionary, and what was published of its tables."""

    edition: Edition
    tables: tuple[DictionaryTable, ...]
    numbers: tuple[TableNumbers, ...]

    @property
    def has_numbers(self) -> bool:
        """Whether anything was published of this edition."""
        return any(table.people is not None for table in self.numbers)


@dataclass(frozen=True)
class Found:
    """What a search across everything found."""

    editions: tuple[Edition, ...]
    tables: tuple[DictionaryTable, ...]


@dataclass(frozen=True)
class VariablePage:
    """A variable with its definition, its way from the source, and what was published of it."""

    edition: Edition
    table: Table
    variable: Variable
    rows: str | None
    missing: float | None
    """The share of rows without a value, from published counts; None where it is held back or not published."""
    bars: tuple[Bar, ...]

    @property
    def has_numbers(self) -> bool:
        """Whether anything was published of this edition."""
        return self.rows is not None

    @property
    def one_row_each(self) -> bool:
        """Whether the table has one row for each person."""
        return self.table.unique == (self.table.person,)


def catalog_page(database: Database) -> CatalogPage:
    """Return what the installation holds."""
    editions = newest_editions(database)
    people = {one.dataset: _people(database, one) for one in editions}
    return CatalogPage(shelves(editions), people)


def dataset_page(database: Database, dataset_id: str, words: str) -> DatasetPage:
    """Return a dataset and the variables these words are said of; raises EditionNotFound."""
    found = edition(database, dataset_id)
    numbers = published_numbers(database, found)
    return DatasetPage(
        found,
        search(dictionary_tables(found), words),
        tuple(
            TableNumbers(one, _value(numbers, one.name, PEOPLE), _value(numbers, one.name, ROWS))
            for one in found.declaration.tables
        ),
    )


def variable_page(database: Database, dataset_id: str, table_id: str, name: str) -> VariablePage:
    """Return a variable; raises EditionNotFound, and NotFound with close names."""
    found = edition(database, dataset_id)
    table, variable = _find(found, table_id, name)
    subject = f"{table.name}.{variable.name}"
    of_table = published_numbers(database, found, table.name)
    of_variable = published_numbers(database, found, subject)
    rows = _value(of_table, table.name, ROWS)
    with_value = share(_value(of_variable, subject, WITH_VALUE) or "", rows or "")
    missing = None if with_value is None else 1 - with_value
    return VariablePage(found, table, variable, rows, missing, _bars(variable, of_variable))


def search_everywhere(database: Database, words: str) -> Found:
    """Return every dataset, and every variable of the newest editions, that these words are said of."""
    if len(words.strip()) < FEWEST:
        return Found((), ())
    editions = newest_editions(database)
    tables = [table for one in editions for table in dictionary_tables(one)]
    return Found(tuple(one for one in editions if _is_called(one, words)), search(tables, words))


def _is_called(one: Edition, words: str) -> bool:
    declaration = one.declaration
    country = declaration.registry.country if declaration.registry else ""
    said = f"{declaration.id} {declaration.label} {declaration.description} {country}".casefold()
    return all(word in said for word in words.casefold().split())


def _find(found: Edition, table_id: str, name: str) -> tuple[Table, Variable]:
    table = found.declaration.table(table_id)
    if table is None:
        close = did_you_mean(table_id, [one.name for one in found.declaration.tables])
        raise NotFound(f"{found.dataset} has no table {table_id!r}{close or '.'}")
    variable = next((v for v in dictionary_tables(found)[_place(found, table)].variables if v.name == name), None)
    if variable is None:
        close = did_you_mean(name, [one.name for one in table.variables])
        raise NotFound(f"{found.dataset}.{table_id} has no variable {name!r}{close or '.'}")
    return table, variable


def _place(found: Edition, table: Table) -> int:
    return found.declaration.tables.index(table)


def _bars(variable: Variable, numbers: Sequence[Number]) -> tuple[Bar, ...]:
    values = {one.predicate: one.value for one in numbers if one.statistic == PEOPLE}
    if not bins_of(variable) or not values:
        return ()
    labels = [*(one.label for one in bins_of(variable)), NO_VALUE]
    longest = max((number(value) or 0 for value in values.values()), default=0)
    return tuple(
        Bar(label, variable.codes.get(label, ""), values[label], _length(values[label], longest)) for label in labels
    )


def _length(value: str, longest: int) -> float | None:
    counted = number(value)
    return counted / longest if counted is not None and longest else None


def _people(database: Database, one: Edition) -> str | None:
    """Return how many people an edition holds: those of its first table, which is the table of people in the model."""
    first = one.declaration.tables[0].name
    return _value(published_numbers(database, one, first), first, PEOPLE)


def _value(numbers: Sequence[Number], subject: str, statistic: str) -> str | None:
    found = (one.value for one in numbers if (one.subject, one.predicate, one.statistic) == (subject, "", statistic))
    return next(found, None)
