"""What of a count may be shown: facts in, a text out. No rule here looks at data.

The thresholds are those of the house's appetite (`egress_review/risk_appetite.toml`), which this room can't import; a
test holds the two together. Counts are rounded as the quality report rounds them: the same count under two roundings
would tell more than under either.
"""

from collections.abc import Sequence
from dataclasses import dataclass

RULE = "2026.1"
"""The version of these rules, kept with every number; it changes when a rule does."""

MINIMUM_COUNT = 10
"""People: fewer are not counted, zero included."""

ROUNDING = 10
"""Counts are rounded to multiples of it, half up."""

SMALL = f"<{MINIMUM_COUNT}"
HELD = "held back"
"""Stands for a count that is small, or from which a small one could be computed."""


@dataclass(frozen=True)
class Cell:
    """One cell of a distribution: how many people it counts, before anything is held back."""

    label: str
    people: int


def published(count: int) -> str:
    """Return a count as it may be shown: `<10`, or rounded to tens."""
    if count < MINIMUM_COUNT:
        return SMALL
    return str((count + ROUNDING // 2) // ROUNDING * ROUNDING)


def published_rows(rows: int, people: int) -> str:
    """Return a count of rows as it may be shown: rows of fewer than ten people are not counted."""
    return SMALL if people < MINIMUM_COUNT else published(rows)


def published_cells(cells: Sequence[Cell]) -> dict[str, str]:
    """Return every cell as it may be shown.

    Where a person is in one cell only, the cells add up to a total that is shown. So what is held back must be
    two cells or more, of ten people or more together: the smallest of the others are held back until it is.
    """
    by_size = sorted(cells, key=lambda cell: cell.people)
    held = [cell for cell in by_size if cell.people < MINIMUM_COUNT]
    while held and len(held) < len(cells) and (len(held) < 2 or sum(c.people for c in held) < MINIMUM_COUNT):
        held.append(by_size[len(held)])
    return {cell.label: HELD if cell in held else published(cell.people) for cell in cells}


def number(value: str) -> int | None:
    """Return a shown count as a number, or None where it was not counted or is held back."""
    return int(value) if value.isdigit() else None


def share(part: str, whole: str) -> float | None:
    """Return a share of two shown counts, or None where either is not a number; never more than 1."""
    counted, of = number(part), number(whole)
    return None if counted is None or not of else min(counted / of, 1.0)
