"""Count an edition's tables and variables, and let out only what may be shown. The unit of every rule is the person."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_catalog.editions import EditionManifest
from data_catalog.engine import identifier, literal
from data_catalog.models import DatasetDeclaration, Sensitivity, Table, Variable
from data_catalog.published.bins import bins_of
from data_catalog.published.policy import HELD, MINIMUM_COUNT, Cell, published, published_cells, published_rows

PEOPLE = "people"
ROWS = "rows"
WITH_VALUE = "rows with a value"
NO_VALUE = "no value"


@dataclass(frozen=True)
class Number:
    """One number as it is shown: about what, under which condition, counted how."""

    subject: str
    """`patient`, or `patient.sex`."""
    predicate: str
    """The cell's label, empty where everything is counted."""
    statistic: str
    value: str


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
            yield from _count_variable(connection, table, variable, source)


def _count_variable(
    connection: duckdb.DuckDBPyConnection, table: Table, variable: Variable, source: str
) -> Iterator[Number]:
    """Count the cells of a variable and its missing values, and hold all of them against one another."""
    column, bins = identifier(variable.name), bins_of(variable)
    conditions = [*(one.condition for one in bins), f"{column} IS NULL", f"{column} IS NOT NULL"]
    counted = ", ".join(f"{_people(table)} FILTER (WHERE {condition})" for condition in conditions)
    *cells, with_value, rows = _fetch(connection, f"SELECT {counted}, count({column}) FROM {source}")
    labels = [*(one.label for one in bins), NO_VALUE] if bins else [NO_VALUE, "any value"]
    counts = cells if bins else [*cells, with_value]
    shown = published_cells([Cell(label, people) for label, people in zip(labels, counts, strict=True)])
    subject = f"{table.name}.{variable.name}"
    for label, value in shown.items():
        if bins or label == NO_VALUE:
            yield Number(subject, label, PEOPLE, value)
    # How many rows have a value, beside how many there are, tells how many have none.
    is_held = shown[NO_VALUE] == HELD
    yield Number(subject, "", WITH_VALUE, HELD if is_held else published_rows(rows, with_value))


def _people(table: Table) -> str:
    return f"count(DISTINCT {identifier(table.person)})"


def _fetch(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
