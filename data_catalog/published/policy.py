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


def published_cells(cells: Sequence[Cell], total: int, *, is_partition: bool) -> dict[str, str]:
    """Return every cell as it may be shown, beside a total that is shown too.

    Small cells are held back. Where the shown ones would tell that somebody is in those, or (each person being in one
    cell, `is_partition`) that fewer than nine are, the next smallest is held back too: it may be ten or any number.
    """
    by_size = sorted(cells, key=lambda cell: cell.people)
    held = sum(cell.people < MINIMUM_COUNT for cell in by_size)
    if 0 < held < len(cells) and not _hides([c.people for c in by_size[held:]], total, is_partition):
        held += 1
    kept = by_size[:held]
    return {cell.label: HELD if cell in kept else published(cell.people) for cell in cells}


def can_show_part(part: int, total: int) -> bool:
    """Tell whether a part may be shown beside its total though the rest is small: nobody can be found in the rest."""
    return _hides([part], total, is_partition=True)


def rest_of(shown: Sequence[str], total: str) -> tuple[int, int]:
    """Return the least and the most that can be left of a total, as a reader of these shown counts can work it out."""
    below, above = ROUNDING // 2, ROUNDING - ROUNDING // 2 - 1
    values = [int(value) for value in shown]
    least = int(total) - below - sum(value + above for value in values)
    most = int(total) + above - sum(value - below for value in values)
    return least, most


def _hides(shown: Sequence[int], total: int, is_partition: bool) -> bool:
    if total < MINIMUM_COUNT or min(shown) < MINIMUM_COUNT:
        return False
    least, most = rest_of([published(count) for count in shown], published(total))
    return least <= 0 and (most >= MINIMUM_COUNT - 1 or not is_partition)


def number(value: str) -> int | None:
    """Return a shown count as a number, or None where it was not counted or is held back."""
    return int(value) if value.isdigit() else None


def share(part: str, whole: str) -> float | None:
    """Return a share of two shown counts, or None where either is not a number; never more than 1."""
    counted, of = number(part), number(whole)
    return None if counted is None or not of else min(counted / of, 1.0)
