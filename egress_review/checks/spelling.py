"""The ways a value of the cut may be written in a file: its code, its label, rounded to the file's precision."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from egress_review.checks.columns import CodedTable, Column, Numbers
from egress_review.checks.numbers import is_number

_MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "nat", "<na>", "."})
_MIDNIGHT = re.compile(r"[ t]00:00(:00(\.0+)?)?$")
_DECIMALS = re.compile(r"[+-]?\d*\.(\d+)")
_DIGITS = 12  # significant digits kept: more than a float that went through text keeps reliably
_MAX_PLACES = 17  # decimal places a float is written with at most; digits decide what is the same
_CLOSE = 5e-12  # numbers that differ by less have the same digits


@dataclass(frozen=True)
class Spelling:
    """One variable of the cut in one way of writing it.

    `cell_of` gives for each code of the column the number of its cell, `counts` the rows of each cell, and `find` the
    numbers of the cells that are written as the given texts, -1 for what nobody has.
    """

    column: Column
    cell_of: Numbers
    counts: Numbers
    find: Callable[[Sequence[str]], Numbers]

    @property
    def variable(self) -> str:
        return self.column.variable


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

    def __init__(self, rows: CodedTable) -> None:
        self.name = f"{rows.table.dataset}.{rows.table.name}"
        self.rows = rows
        self._written: dict[tuple[str, int], list[Spelling]] = {}

    def spellings(self, variable: str, places: int) -> list[Spelling]:
        """Write a variable with numbers rounded to so many decimal places, and a coded one with labels too."""
        column = self.rows.column(variable)
        key = (variable, min(places, _MAX_PLACES) if pa.types.is_floating(column.values.type) else 0)
        if key not in self._written:
            self._written[key] = self._ways(column, key[1])
        return self._written[key]

    def _ways(self, column: Column, places: int) -> list[Spelling]:
        codes = self.rows.table.codes.get(column.variable, {})
        if pa.types.is_floating(column.values.type) and not codes:
            return [_rounded(column, places)]
        cells = [_spell(value) for value in column.values.to_pylist()]
        labels = {canonical(code): canonical(label) for code, label in codes.items()}
        ways = [cells, [labels.get(cell, cell) for cell in cells]] if labels else [cells]
        return [_written(column, way) for way in ways]


def _written(column: Column, cells: Sequence[str]) -> Spelling:
    number_of = {cell: number for number, cell in enumerate(dict.fromkeys(cells))}

    def find(texts: Sequence[str]) -> Numbers:
        return np.array([number_of.get(text, -1) for text in texts], dtype=np.int64)

    return _spelling(column, np.array([number_of[cell] for cell in cells], dtype=np.int64), find)


def _rounded(column: Column, places: int) -> Spelling:
    """Write decimal numbers without ever making texts of them: a column may have as many as it has rows."""
    numbers = np.round(column.values.to_numpy(zero_copy_only=False), places)
    kept, cell_of = np.unique(np.where(np.isfinite(numbers), numbers, np.nan), return_inverse=True)

    def find(texts: Sequence[str]) -> Numbers:
        asked = np.array([_as_number(text) for text in texts], dtype=np.float64)
        least = asked - np.where(np.isinf(asked), 0, abs(asked) * _CLOSE)
        near = np.minimum(np.searchsorted(kept, least), len(kept) - 1)
        return np.where(np.isclose(kept[near], asked, rtol=_CLOSE, atol=0, equal_nan=True), near, -1)

    return _spelling(column, cell_of, find)


def _as_number(text: str) -> float:
    """Read a canonical text as a number; nothing is NaN, and what is no number is infinite, which nobody has."""
    return float(text) if is_number(text) else float("inf") if text else float("nan")


def _spelling(column: Column, cell_of: Numbers, find: Callable[[Sequence[str]], Numbers]) -> Spelling:
    counts = np.bincount(cell_of, weights=column.counts, minlength=1).astype(np.int64)
    return Spelling(column, cell_of, counts, find)


def _spell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).casefold()
        case int() | float():
            return _number(value) if math.isfinite(value) else ""
        case datetime() | date():
            return canonical(value.isoformat())
        case _:
            return canonical(str(value))
