"""XLSX and Parquet files into a table of texts."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data_catalog.engine import identifier, literal, registered
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation
from data_catalog.sources import readers
from data_catalog.sources.archive import problem_of_archive
from data_catalog.sources.parsers import NotReadable, Parsers
from data_catalog.sources.texts import float_as_text, unfit_names

_PLAIN = (
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)
_NUMBERS = ("FLOAT", "DOUBLE")
_TEXTS = ("VARCHAR", "DATE", "TIME", "TIME_NS", "UUID", '"NULL"')


def load_xlsx(
    connection: duckdb.DuckDBPyConnection, label: str, path: Path, sheet: str, table: str, parsers: Parsers
) -> list[Finding]:
    """Read one sheet into a table of texts, its first row being the names; other sheets are not read."""
    if problem := problem_of_archive(path):
        return [Finding(label, "–", f"{path.name} {problem}", 1)]
    try:
        names, rows = _named(parsers.sheet(path, sheet))
    except NotReadable as error:
        return [Finding(label, "–", f"{path.name} has no sheet {sheet or 'at all'} that can be read: {error}", 1)]
    if problems := unfit_names(label, names) or _beside(label, names, rows):
        return problems
    frame = rows.select(pl.nth(place).alias(name) for place, name in enumerate(names)).with_row_index("_row", offset=1)
    selected = ", ".join(map(identifier, names))
    with registered(connection, "_frame", frame.to_arrow()):
        connection.execute(f"CREATE TABLE {table} AS SELECT CAST(_row AS BIGINT) AS _row, {selected} FROM _frame")
    return []


def count_xlsx(path: Path, sheet: str) -> int:
    """Count the rows of a sheet below its names, in this process: its sender does, who has no vault."""
    if problem := problem_of_archive(path):
        raise ValueError(f"{path.name} {problem}")
    with path.open("rb") as file:
        return len(_named(readers.sheet(file, sheet))[1])


def load_parquet(connection: duckdb.DuckDBPyConnection, label: str, path: Path, table: str) -> list[Finding]:
    """Read a Parquet file into a table of texts; columns that hold lists or structures are refused."""
    source = f"read_parquet({literal(str(path))})"
    try:
        if problems := unfit_names(label, pq.read_schema(path).names):  # as written: DuckDB would rename them
            return problems
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        nested = [name for name, kind, *_ in described if not _as_text(name, kind)]
        if nested:
            return [Finding(label, name, "holds no plain value", 1) for name in nested]
        selected = ", ".join(f"{_as_text(name, kind)} AS {identifier(name)}" for name, kind, *_ in described)
        connection.execute(f"CREATE TABLE {table} AS SELECT row_number() OVER () AS _row, {selected} FROM {source}")
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        return [Finding(label, "–", f"{path.name} is no Parquet file: {error}", 1)]
    return []


def count_parquet(path: Path) -> int:
    """Return the rows a Parquet file says it has."""
    return int(pq.read_metadata(path).num_rows)


def _named(sheet: pl.DataFrame) -> tuple[list[str], pl.DataFrame]:
    """Return the names in a sheet's first row, and the rows below."""
    names = [name or "" for name in sheet.row(0)] if len(sheet) else []
    while names and not names[-1]:
        names.pop()
    return names, sheet.slice(1)


def _beside(label: str, names: list[str], rows: pl.DataFrame) -> list[Finding]:
    """Refuse rows with a value where the header has no name: it would be left out without a word."""
    beside = rows[:, len(names) :]
    if not beside.width:
        return []
    found = beside.select(pl.any_horizontal(pl.all().is_not_null()).arg_true() + 1).to_series().to_list()
    if not found:
        return []
    shown = tuple(Violation(number, None) for number in found[:SHOWN_PER_RULE])
    return [Finding(label, "–", "a value beside the columns the header names", len(found), shown)]


def _as_text(name: str, kind: str) -> str:
    """Return SQL of a column as text, nothing for a type that holds no plain value."""
    column = identifier(name)
    if kind in _NUMBERS:
        return float_as_text(column)
    if kind.startswith("DECIMAL"):
        return rf"regexp_replace(CAST({column} AS VARCHAR), '\.0+$', '')"
    if kind == "TIMESTAMP WITH TIME ZONE":  # in UTC: the machine's own zone is not to choose the day
        return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%S')"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S')"
    return f"nullif(rtrim(CAST({column} AS VARCHAR)), '')" if kind in (*_PLAIN, *_TEXTS) else ""
