"""The cells a variable's values are counted in: its declared codes, or bins of its declared range."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from data_catalog.engine import identifier, literal
from data_catalog.models import NUMERIC, Variable, VariableType

MOST = 10
"""Bins of a range."""

Edge = int | float | date


@dataclass(frozen=True)
class Bin:
    """One cell of a variable: how it is called, and the condition that finds its values."""

    label: str
    condition: str
    low: Edge | str
    high: Edge | str


def bins_of(variable: Variable) -> tuple[Bin, ...]:
    """Return a variable's cells in their order; none where neither codes nor a whole range are declared."""
    if variable.codes:
        return tuple(_code(variable, code) for code in variable.codes)
    low, high = variable.minimum, variable.maximum
    if low is None or high is None:
        return ()
    if variable.type is VariableType.DATE:
        assert isinstance(low, date)
        assert isinstance(high, date)
        return _years(variable, low, high)
    if variable.type in NUMERIC and not isinstance(low, date) and not isinstance(high, date):
        return _numbers(variable, low, high)
    return ()


def _code(variable: Variable, code: str) -> Bin:
    value = str(int(code)) if variable.has_number_codes else literal(code)
    return Bin(code, f"{identifier(variable.name)} = {value}", code, code)


def _numbers(variable: Variable, low: float, high: float) -> tuple[Bin, ...]:
    """Cut a range of numbers in bins of one width; whole numbers get whole widths, the last bin holds its end."""
    width: float = (high - low) / MOST
    if variable.type is VariableType.INTEGER:
        width = max(1, -(-(int(high) - int(low) + 1) // MOST))
    if width <= 0:
        return ()
    edges: list[float] = [low]
    while edges[-1] + width < high and len(edges) < MOST:
        edges.append(round(edges[-1] + width, 9))
    column = identifier(variable.name)
    inner = [Bin(_span(variable, a, b), f"{column} >= {a!r} AND {column} < {b!r}", a, b) for a, b in pairwise(edges)]
    last = edges[-1]
    label = f"{last:g}" if last == high else f"{last:g} to {high:g}"
    return (*inner, Bin(label, f"{column} >= {last!r} AND {column} <= {high!r}", last, high))


def _span(variable: Variable, low: float, high: float) -> str:
    if variable.type is not VariableType.INTEGER:
        return f"{low:g} to under {high:g}"
    return f"{low:g}" if high - low == 1 else f"{low:g} to {high - 1:g}"


def _years(variable: Variable, low: date, high: date) -> tuple[Bin, ...]:
    width = -(-(high.year - low.year + 1) // MOST)
    column = identifier(variable.name)
    starts = range(low.year, high.year + 1, width)
    return tuple(
        Bin(
            f"{start}" if width == 1 else f"{start} to {min(start + width - 1, high.year)}",
            f"year({column}) BETWEEN {start} AND {start + width - 1}",
            max(date(start, 1, 1), low),
            min(date(start + width - 1, 12, 31), high),
        )
        for start in starts
    )
