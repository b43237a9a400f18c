"""SAS, SPSS and Stata files into a table of texts, some rows at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyreadstat

from data_catalog.engine import identifier
from data_catalog.report import Finding
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


def load(connection: duckdb.DuckDBPyConnection, label: str, path: Path, kind: Format, table: str) -> list[Finding]:
    """Read a file into a table: `_row` from 1, then a text for each of its variables; value labels are not applied."""
    done = 0
    try:
        for frame in _frames(path, kind):
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
    except (pyreadstat.PyreadstatError, pyreadstat.ReadstatError, UnicodeDecodeError, ValueError, OSError) as error:
        return [Finding(label, "–", f"{path.name} can not be read as {kind}: {error}", 1)]
    return []


def first_row(path: Path, kind: Format) -> tuple[str, pl.DataFrame]:
    """Return the name a file gives its table (nothing, where the format has none), and a frame of its first row."""
    frame, about = _READERS[kind](str(path), row_limit=1, output_format="polars")
    assert isinstance(frame, pl.DataFrame)
    return about.table_name or "", frame


def count_rows(path: Path, kind: Format) -> int:
    """Count the rows of a file by reading it."""
    return sum(len(frame) for frame in _frames(path, kind))


def _frames(path: Path, kind: Format) -> Iterator[pl.DataFrame]:
    """Yield a file's rows, the first frame also where there are none; XPT files do not say how many rows they have."""
    offset = 0
    while True:
        frame = _read(path, kind, offset)
        if len(frame) or not offset:
            yield frame
        if len(frame) < _ROWS_AT_ONCE:
            return
        offset += len(frame)


def _read(path: Path, kind: Format, offset: int) -> pl.DataFrame:
    options: dict[str, Any] = {} if kind is Format.XPT else {"user_missing": False}
    frame, _ = _READERS[kind](str(path), row_offset=offset, row_limit=_ROWS_AT_ONCE, output_format="polars", **options)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _as_text(name: str, kept: pl.DataType) -> str:
    """Return SQL of a column as text: whole numbers without `.0`, dates as ISO 8601, padding taken off."""
    column = identifier(name)
    if kept.is_float():
        return float_as_text(column)
    if kept == pl.Datetime:
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S')"
    return f"nullif(rtrim(CAST({column} AS VARCHAR)), '')"
