"""The ways a value of the cut may be written in a file: its code, its label, rounded to the file's precision."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from egress_review.checks.models import CutTable
from egress_review.checks.numbers import is_number

_MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "nat", "<na>", "."})
_MIDNIGHT = re.compile(r"[ t]00:00(:00(\.0+)?)?$")
_DECIMALS = re.compile(r"[+-]?\d*\.(\d+)")
_DIGITS = 12  # significant digits kept: more than a float that went through text keeps reliably


@dataclass(frozen=True)
class Spelling:
    """One variable of the cut in one way of writing it: a cell for each row, and each value's share of the rows."""

    variable: str
    cells: pl.Series
    shares: Mapping[str, float]


def canonical(cell: str) -> str:
    """Write a cell in the one way that equal values share: 1 and 1.0, NA and nothing, a date and its midnight."""
    text = cell.strip().casefold()
    if text in _MISSING:
        return ""
    return _number(float(text)) if is_number(text) and len(text) < 40 else _MIDNIGHT.sub("", text)


def _number(value: float) -> str:
    return f"{value + 0.0:.{_DIGITS}g}"  # adding zero makes -0.0 into 0.0


def decimals(cells: Sequence[str]) -> int:
    """Count the decimal places a column of the file is written with."""
    return max((len(found[1]) for cell in cells if (found := _DECIMALS.fullmatch(cell.strip()))), default=0)


class Speller:
    """Writes one table of the cut as a file might have written it."""

    def __init__(self, table: CutTable, rows: pl.DataFrame) -> None:
        self.name = f"{table.dataset}.{table.name}"
        self.variables = tuple(rows.columns)
        self.height = rows.height
        self._table = table
        self._rows = rows
        self._written: dict[int, tuple[Spelling, ...]] = {}

    def spellings(self, places: int) -> tuple[Spelling, ...]:
        """Write every variable with numbers rounded to so many decimal places, and coded ones with labels too."""
        if places not in self._written:
            self._written[places] = tuple(
                spelling for series in self._rows for spelling in self._ways(series, min(places, _DIGITS))
            )
        return self._written[places]

    def _ways(self, series: pl.Series, places: int) -> list[Spelling]:
        values = series.unique().to_list()
        as_stored = {value: _spell(value, places) for value in values}
        codes = {canonical(code): canonical(label) for code, label in self._table.codes.get(series.name, {}).items()}
        ways = [as_stored]
        if codes:
            ways.append({value: codes.get(code, code) for value, code in as_stored.items()})
        return [_spelling(series, way) for way in ways]


def _spelling(series: pl.Series, way: Mapping[object, str]) -> Spelling:
    missing = way.get(None, "")
    pairs = {value: cell for value, cell in way.items() if value is not None}
    cells = series.replace_strict(list(pairs), list(pairs.values()), default=missing, return_dtype=pl.String)
    counts = cells.fill_null(missing).value_counts()
    shares = dict(zip(counts[:, 0], (counts[:, 1] / len(cells)), strict=True))
    return Spelling(series.name, cells.fill_null(missing), shares)


def _spell(value: object, places: int) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).casefold()
        case float():
            return _number(round(value, places)) if math.isfinite(value) else ""
        case int():
            return _number(value)
        case datetime() | date():
            return canonical(value.isoformat())
        case _:
            return canonical(str(value))
