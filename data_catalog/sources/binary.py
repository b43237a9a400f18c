"""SAS, SPSS and Stata files into a table of texts, some rows at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyreadstat

from data_catalog.engine import identifier
from data_catalog.report import Finding
from data_catalog.sources import sas, transport
from data_catalog.sources.files import Format
from data_catalog.sources.texts import float_as_text, unfit_names

_ROWS_AT_ONCE = 200_000
_READERS: dict[Format, Callable[..., Any]] = {
    Format.XPT: pyreadstat.read_xport,
    Format.SAS: pyreadstat.read_sas7bdat,
    Format.SPSS: pyreadstat.read_sav,
    Format.STATA: pyreadstat.read_dta,
}
BINARY = frozenset(_READERS)
_ELSE = "windows-1252"
"""The encoding of a transport file that is not UTF-8: the format does not say, and SAS of western Europe writes it."""
_TOLD = ("UTF-8", "US-ASCII")


def load(
    connection: duckdb.DuckDBPyConnection, label: str, path: Path, kind: Format, table: str, encoding: str = ""
) -> list[Finding]:
    """Read a file into a table: `_row` from 1, then a text for each of its variables; value labels are not applied.

    `encoding` is what the file's own word for it is to be overruled with.
    """
    try:
        return _load(connection, label, frames(path, kind, encoding), table)
    except UnicodeDecodeError as error:
        if kind is Format.XPT and not encoding:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
            return load(connection, label, path, kind, table, _ELSE)
        return [_unreadable(label, path, kind, error)]
    except (pyreadstat.PyreadstatError, pyreadstat.ReadstatError, ValueError, OSError) as error:
        return [_unreadable(label, path, kind, error)]


def first_row(path: Path, kind: Format) -> tuple[str, pl.DataFrame]:
    """Return the name a file gives its table (nothing, where the format has none), and a frame of its first row."""
    try:
        frame, about = _read(path, kind, "", row_limit=1)
    except UnicodeDecodeError:
        frame, about = _read(path, kind, _ELSE, row_limit=1)
    return about.table_name or "", frame


def count_rows(path: Path, kind: Format, encoding: str = "") -> int:
    """Count the rows of a file by reading it."""
    try:
        return sum(len(frame) for frame in frames(path, kind, encoding))
    except UnicodeDecodeError:
        if kind is not Format.XPT or encoding:
            raise
        return count_rows(path, kind, _ELSE)


def frames(path: Path, kind: Format, encoding: str = "") -> Iterator[pl.DataFrame]:
    """Yield a file's rows, the first frame also where there are none; what a reader raises goes on."""
    return _transport_frames(path, encoding) if kind is Format.XPT else _frames(path, kind, encoding)


def _transport_frames(path: Path, encoding: str) -> Iterator[pl.DataFrame]:
    first, _ = _read(path, Format.XPT, encoding, row_limit=1)
    of = transport.outline(path, first.width)
    for offset in range(0, max(of.rows, 1), _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, of.rows - offset)
        with transport.part(path, of, offset, rows) as some:
            frame, _ = _read(some, Format.XPT, encoding, row_limit=rows)
        if len(frame) > rows:
            raise ValueError(f"it has {len(frame):,} rows where {rows:,} have room")
        yield frame
        if missing := rows - len(frame):  # records of blanks at the end of a part are taken for none
            yield frame.clear(missing)


def _frames(path: Path, kind: Format, encoding: str) -> Iterator[pl.DataFrame]:
    if kind is Format.SAS:
        sas.check_whole(path)
    offset = 0
    while True:
        frame, about = _read(path, kind, encoding, row_offset=offset, row_limit=_ROWS_AT_ONCE, user_missing=False)
        if not encoding:
            _check_told(frame, about.file_encoding or _TOLD[0])
        if len(frame) or not offset:
            yield frame
        if len(frame) < _ROWS_AT_ONCE:
            return
        offset += len(frame)


def _check_told(frame: pl.DataFrame, told: str) -> None:
    """Raise ValueError where a file says another encoding and its texts are UTF-8: they would turn to other letters."""
    if told in _TOLD:
        return
    texts = (text for column in frame.select(pl.col(pl.String)) for text in column.unique().drop_nulls())
    beyond = [text for text in texts if not text.isascii()]
    if beyond and all(_is_utf8(text, told) for text in beyond):
        raise ValueError(f"it says that it is {told}, and its texts are UTF-8: say so in the mapping, under encoding")


def _is_utf8(text: str, told: str) -> bool:
    try:
        text.encode(told).decode("utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


def _read(path: Path, kind: Format, encoding: str, **options: Any) -> tuple[pl.DataFrame, Any]:
    frame, about = _READERS[kind](str(path), encoding=encoding or None, output_format="polars", **options)
    assert isinstance(frame, pl.DataFrame)
    return frame, about


def _unreadable(label: str, path: Path, kind: Format, error: Exception) -> Finding:
    return Finding(label, "–", f"{path.name} can not be read as {kind}: {error}", 1)


def _load(connection: duckdb.DuckDBPyConnection, label: str, read: Iterator[pl.DataFrame], table: str) -> list[Finding]:
    done = 0
    for frame in read:
        if problems := unfit_names(label, frame.columns):
            return problems
        numbered = frame.with_row_index("_row", offset=done + 1)
        connection.complete()  # a result that was not read to its end would be in the way
        connection.register("_frame", numbered.to_arrow())
        selected = ", ".join(f"{_as_text(name, kept)} AS {identifier(name)}" for name, kept in frame.schema.items())
        rows = f"SELECT CAST(_row AS BIGINT) AS _row, {selected} FROM _frame"
        connection.execute(f"INSERT INTO {table} {rows}" if done else f"CREATE TABLE {table} AS {rows}").fetchall()
        connection.unregister("_frame")
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
