"""Foreign bytes into frames, by libraries that are not ours: what `parsers` runs in a process of its own.

Every function takes an open file and no path; what a library raises goes on. Nothing here knows the database.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

import polars as pl
import pyreadstat
from python_calamine import CalamineError, CalamineWorkbook

from data_catalog.sources import sas, transport
from data_catalog.sources.files import Format

ROWS_AT_ONCE = 200_000
_READERS: dict[Format, Callable[..., Any]] = {
    Format.XPT: pyreadstat.read_xport,
    Format.SAS: pyreadstat.read_sas7bdat,
    Format.SPSS: pyreadstat.read_sav,
    Format.STATA: pyreadstat.read_dta,
}
BINARY = frozenset(_READERS)
UNREADABLE = (pyreadstat.PyreadstatError, pyreadstat.ReadstatError, CalamineError, ValueError, OSError, LookupError)
"""What these raise for a file that is none."""

ELSE = "windows-1252"
"""The encoding of a transport file that is not UTF-8: the format does not say, and SAS of western Europe writes it."""
_TOLD = ("UTF-8", "US-ASCII")


def first_row(file: BinaryIO, kind: Format) -> tuple[str, pl.DataFrame]:
    """Return the name a file gives its table (nothing, where the format has none), and a frame of its first row."""
    try:
        frame, about = _read(file, kind, "", row_limit=1)
    except UnicodeDecodeError:
        frame, about = _read(file, kind, ELSE, row_limit=1)
    return about.table_name or "", frame


def frames(file: BinaryIO, kind: Format, encoding: str = "", rows: int = ROWS_AT_ONCE) -> Iterator[pl.DataFrame]:
    """Yield a file's rows, so many at a time, the first frame also where there are none.

    `encoding` is what the file's own word for it is to be overruled with.
    """
    return _transport_frames(file, encoding, rows) if kind is Format.XPT else _frames(file, kind, encoding, rows)


def sheet(file: BinaryIO, name: str) -> pl.DataFrame:
    """Return a sheet's rows as texts, its first row being one of them; columns are named by their number."""
    with CalamineWorkbook.from_filelike(file) as workbook:
        chosen = workbook.get_sheet_by_name(name) if name else workbook.get_sheet_by_index(0)
        cells = [[_cell(value) for value in row] for row in chosen.to_python(skip_empty_area=False)]
    while cells and not any(cells[-1]):
        cells.pop()
    width = len(cells[0]) if cells else 0
    return pl.DataFrame({str(place): [row[place] for row in cells] for place in range(width)}, _texts(width))


def _texts(width: int) -> dict[str, type[pl.String]]:
    return {str(place): pl.String for place in range(width)}


def _transport_frames(file: BinaryIO, encoding: str, at_once: int) -> Iterator[pl.DataFrame]:
    first, _ = _read(file, Format.XPT, encoding, row_limit=1)
    of = transport.outline(file, first.width)
    for offset in range(0, max(of.rows, 1), at_once):
        rows = min(at_once, of.rows - offset)
        frame, _ = _read(transport.part(file, of, offset, rows), Format.XPT, encoding, row_limit=rows)
        if len(frame) > rows:
            raise ValueError(f"it has {len(frame):,} rows where {rows:,} have room")
        yield frame
        if missing := rows - len(frame):  # records of blanks at the end of a part are taken for none
            yield frame.clear(missing)


def _frames(file: BinaryIO, kind: Format, encoding: str, at_once: int) -> Iterator[pl.DataFrame]:
    if kind is Format.SAS:
        sas.check_whole(file)
    offset = 0
    while True:
        frame, about = _read(file, kind, encoding, row_offset=offset, row_limit=at_once, user_missing=False)
        if not encoding:
            _check_told(frame, about.file_encoding or _TOLD[0])
        if len(frame) or not offset:
            yield frame
        if len(frame) < at_once:
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


def _read(file: BinaryIO, kind: Format, encoding: str, **options: Any) -> tuple[pl.DataFrame, Any]:
    file.seek(0)
    frame, about = _READERS[kind](file, encoding=encoding or None, output_format="polars", **options)
    assert isinstance(frame, pl.DataFrame)
    return frame, about


def _cell(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).strip()
    return text or None
