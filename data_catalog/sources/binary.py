"""SAS, SPSS and Stata files into a table of texts, some rows at a time."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from data_catalog.engine import identifier, registered
from data_catalog.report import Finding
from data_catalog.sources import readers
from data_catalog.sources.files import Format
from data_catalog.sources.parsers import NotReadable, NotUtf8, Parsers
from data_catalog.sources.texts import float_as_text, unfit_names


def load(
    connection: duckdb.DuckDBPyConnection,
    label: str,
    path: Path,
    kind: Format,
    table: str,
    parsers: Parsers,
    encoding: str = "",
) -> list[Finding]:
    """Read a file into a table: `_row` from 1, then a text for each of its variables; value labels are not applied.

    `encoding` is what the file's own word for it is to be overruled with.
    """
    try:
        return _load(connection, label, parsers.frames(path, kind, encoding, readers.ROWS_AT_ONCE), table)
    except NotUtf8 as error:
        if kind is not Format.XPT or encoding:
            return [_unreadable(label, path, kind, error)]
    except NotReadable as error:
        return [_unreadable(label, path, kind, error)]
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    return load(connection, label, path, kind, table, parsers, readers.ELSE)


def count_rows(path: Path, kind: Format, encoding: str = "") -> int:
    """Count the rows of a file by reading it, in this process: its sender does, who has no vault."""
    try:
        with path.open("rb") as file:
            return sum(len(frame) for frame in readers.frames(file, kind, encoding, readers.ROWS_AT_ONCE))
    except UnicodeDecodeError:
        if kind is not Format.XPT or encoding:
            raise
        return count_rows(path, kind, readers.ELSE)


def _unreadable(label: str, path: Path, kind: Format, error: Exception) -> Finding:
    return Finding(label, "–", f"{path.name} can not be read as {kind}: {error}", 1)


def _load(connection: duckdb.DuckDBPyConnection, label: str, read: Iterator[pl.DataFrame], table: str) -> list[Finding]:
    done = 0
    for frame in read:
        if problems := unfit_names(label, frame.columns):
            return problems
        numbered = frame.with_row_index("_row", offset=done + 1)
        selected = ", ".join(f"{_as_text(name, kept)} AS {identifier(name)}" for name, kept in frame.schema.items())
        rows = f"SELECT CAST(_row AS BIGINT) AS _row, {selected} FROM _frame"
        with registered(connection, "_frame", numbered.to_arrow()):
            connection.execute(f"INSERT INTO {table} {rows}" if done else f"CREATE TABLE {table} AS {rows}")
        done += len(frame)
    return []


def _as_text(name: str, kept: pl.DataType) -> str:
    """Return SQL of a column as text: whole numbers without `.0`, dates as ISO 8601, padding taken off."""
    column = identifier(name)
    if kept.is_float():
        return float_as_text(column)
    if kept == pl.Datetime:
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S')"
    return f"nullif(rtrim(CAST({column} AS VARCHAR)), '')"
