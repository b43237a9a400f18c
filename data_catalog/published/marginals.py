"""Count an edition's tables and variables, and let out only what may be shown. The unit of every rule is the person."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_catalog.editions import EditionManifest
from data_catalog.engine import identifier, literal
from data_catalog.models import DatasetDeclaration, Sensitivity, Table, Variable
from data_catalog.published.bins import bins_of
from data_catalog.published.policy import (
    HELD,
    MINIMUM_COUNT,
    Cell,
    can_show_part,
    published,
    published_cells,
    published_rows,
)

PEOPLE = "people"
ROWS = "rows"
WITH_VALUE = "rows with a value"
NO_VALUE = "no value"


_ANY = "any value"


@dataclass(frozen=True)
class Number:
    """One number as it is shown: about what, under which condition, counted how."""

    subject: str
    """`patient`, or `patient.sex`."""
    predicate: str
    """The cell's label, empty where everything is counted."""
    statistic: str
    value: str


@dataclass(frozen=True)
class _Counted:
    """A table in the vault, with its exact counts: they go no further than this module."""

    table: Table
    source: str
    people: int
    rows: int


def count_edition(
    connection: duckdb.DuckDBPyConnection, declaration: DatasetDeclaration, manifest: EditionManifest, folder: Path
) -> Iterator[Number]:
    """Give every number of an edition that is shown in the catalogue; no other leaves this function."""
    for table in declaration.tables:
        source = f"read_parquet({literal(str(folder / manifest.table(table.name).path))})"
        yield from _count_table(connection, table, source)


def _count_table(connection: duckdb.DuckDBPyConnection, table: Table, source: str) -> Iterator[Number]:
    people, rows = _fetch(connection, f"SELECT {_people(table)}, count(*) FROM {source}")
    yield Number(table.name, "", PEOPLE, published(people))
    yield Number(table.name, "", ROWS, published_rows(rows, people))
    if people < MINIMUM_COUNT:
        return
    for variable in table.variables:
        if variable.sensitivity is not Sensitivity.IDENTIFIER:
            yield from _count_variable(connection, _Counted(table, source, people, rows), variable)


def _count_variable(connection: duckdb.DuckDBPyConnection, counted: "_Counted", variable: Variable) -> Iterator[Number]:
    """Count the cells of a variable and its missing values, and hold all of them against one another."""
    column, bins = identifier(variable.name), bins_of(variable)
    parts = [*((one.label, one.condition) for one in bins), (NO_VALUE, f"{column} IS NULL")]
    counts = ", ".join(f"{_people(counted.table)} FILTER (WHERE {condition})" for _, condition in parts)
    *people, with_value = _fetch(connection, f"SELECT {counts}, count({column}) FROM {counted.source}")
    cells = [Cell(label, count) for (label, _), count in zip(parts, people, strict=True)]
    if not bins:
        cells.append(Cell(_ANY, _fetch(connection, f"SELECT {_with(counted.table, column)} FROM {counted.source}")[0]))
    subject = f"{counted.table.name}.{variable.name}"
    is_partition = counted.table.unique == (counted.table.person,)
    shown = published_cells(cells, counted.people, is_partition=is_partition)
    yield from (Number(subject, label, PEOPLE, value) for label, value in shown.items() if label != _ANY)
    # How many rows have a value, beside how many there are, tells how many have none.
    may_show = shown[NO_VALUE] != HELD or can_show_part(with_value, counted.rows)
    yield Number(subject, "", WITH_VALUE, published(with_value) if may_show else HELD)


def _with(table: Table, column: str) -> str:
    return f"{_people(table)} FILTER (WHERE {column} IS NOT NULL)"


def _people(table: Table) -> str:
    return f"count(DISTINCT {identifier(table.person)})"


def _fetch(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
