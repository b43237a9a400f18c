"""Rows of a file and rows of the cut, brought together one column after the other.

Only rows of the cut that are still like some row of the file are kept, so that a join gets smaller with each column;
nothing is lost by it, for what is dropped would match no row of the file.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from egress_review.checks.columns import CodedTable, Numbers, blocks
from egress_review.checks.spelling import Spelling

Floats = npt.NDArray[np.floating]

_ALMOST_SURE = 1 - 1e-9
_TABLE_SIZE = 1 << 24  # keys looked up in a table of all that may be; beyond, in a sorted list of those that are


@dataclass(frozen=True)
class Cells:
    """A column of the file: its heading, its different cells in canonical writing, each row's, its decimal places."""

    name: str
    texts: Sequence[str]
    ids: Numbers
    places: int


@dataclass(frozen=True)
class Mapped:
    """A column of the file taken for a variable of the cut: what each code is among its cells, and each cell's share.

    Codes that are none of the column's cells are -1.
    """

    cells: Cells
    spelling: Spelling
    id_of_code: Numbers
    shares: Floats

    @property
    def variable(self) -> str:
        return self.spelling.variable


def mapped(cells: Cells, spelling: Spelling) -> Mapped:
    """Take a column of the file for a variable of the cut."""
    found = spelling.find(cells.texts)
    known = found >= 0
    id_of_cell = np.full(len(spelling.counts), -1, dtype=np.int64)
    id_of_cell[found[known]] = np.flatnonzero(known)
    shares = np.where(known, spelling.counts[found], 0) / max(int(spelling.counts.sum()), 1)
    return Mapped(cells, spelling, id_of_cell[spelling.cell_of], shares)


@dataclass(frozen=True)
class Joined:
    """The file's rows `lines` whose cells the cut has, and the cut's rows `rows` that are like one of them.

    `keys` and `cut_keys` number the combinations of the cells mapped so far; `rows` None are all rows, with one key.
    For each of the file's rows, `rarest` is the share of its rarest cell, and `chance` that of all its cells by chance.
    """

    table: CodedTable
    lines: Numbers
    keys: Numbers
    chance: Floats
    rarest: Floats
    rows: Numbers | None = None
    cut_keys: Numbers = field(default_factory=lambda: np.zeros(0, dtype=np.int32))
    columns: tuple[Mapped, ...] = ()

    @property
    def trials(self) -> int:
        """How many rows could be alike by chance: one for each person where nothing differs between their rows."""
        are_personal = all(self.table.is_of_the_person(column.variable) for column in self.columns)
        return self.table.people_count if are_personal else self.table.height

    @property
    def expected(self) -> Floats:
        """The probability of each combination of the file that anybody has it by chance: 1 - (1 - q)^k.

        k of the `trials` have its rarest cell, and each of them has the others with the probability q.
        """
        _, first = np.unique(self.keys, return_index=True)
        rarest = self.rarest[first]
        others = np.minimum(self.chance[first] / rarest, _ALMOST_SURE)
        return -np.expm1(self.trials * rarest * np.log1p(-others))


def start(table: CodedTable, lines: Numbers) -> Joined:
    """Begin with rows of the file and all rows of the cut, no column mapped."""
    return Joined(table, lines, np.zeros(len(lines), dtype=np.int64), np.ones(len(lines)), np.ones(len(lines)))


def extend(joined: Joined, column: Mapped, chance: Floats | None = None) -> Joined:
    """Map one more column; `chance` is each cell's probability where it is other than the cell's share."""
    ids = column.cells.ids[joined.lines]
    known = column.shares[ids] > 0
    size = len(column.cells.texts)
    kept, keys = np.unique(joined.keys[known] * size + ids[known], return_inverse=True)
    rows, cut_keys = _narrowed(joined, column, kept)
    by_chance = joined.chance * (column.shares[ids] if chance is None else chance)
    rarest = np.minimum(joined.rarest, column.shares[ids])[known]
    columns = (*joined.columns, column)
    return Joined(joined.table, joined.lines[known], keys, by_chance[known], rarest, rows, cut_keys, columns)


def _narrowed(joined: Joined, column: Mapped, kept: Numbers) -> tuple[Numbers, Numbers]:
    """Keep the rows of the cut whose combination is one of `kept`, and number it by its place there."""
    size, codes = len(column.cells.texts), column.spelling.column.codes
    find = _finder(kept)
    found = []
    for block in blocks(len(codes if joined.rows is None else joined.rows)):
        ids = column.id_of_code[codes[block] if joined.rows is None else codes[joined.rows[block]]]
        keys = ids if joined.rows is None else joined.cut_keys[block].astype(np.int64) * size + ids
        places = np.where(ids >= 0, find(keys), -1)
        here = np.flatnonzero(places >= 0)
        rows = (here + block.start).astype(np.uint32) if joined.rows is None else joined.rows[block][here]
        found.append((rows, places[here].astype(np.int32)))
    rows, keys = zip(*found, strict=True)
    return np.concatenate(rows), np.concatenate(keys)


def _finder(kept: Numbers) -> Callable[[Numbers], Numbers]:
    """Find keys in a sorted list without doubles: the place of each, -1 for those it doesn't hold."""
    if not len(kept):
        return lambda keys: np.full(len(keys), -1)
    last = int(kept[-1])
    if last >= _TABLE_SIZE:
        return lambda keys: _sought(keys, kept)
    table = np.full(last + 1, -1, dtype=np.int32)
    table[kept] = np.arange(len(kept))
    return lambda keys: np.where(keys <= last, table[np.clip(keys, 0, last)], -1)


def _sought(keys: Numbers, kept: Numbers) -> Numbers:
    near = np.minimum(np.searchsorted(kept, keys), len(kept) - 1)
    return np.where(kept[near] == keys, near, -1)


def holders(joined: Joined, minimum: int) -> Numbers:
    """Count the people who have each combination of the file; from `minimum` on, a number that is not less."""
    combinations = int(joined.keys.max(initial=-1)) + 1
    rows = np.bincount(joined.cut_keys, minlength=combinations)
    # So many rows are of enough people, whoever has most; fewer rows than the minimum may still be one person's.
    unsure = (rows > 1) & (rows < minimum * joined.table.most_rows)
    looked_at = np.flatnonzero(unsure[joined.cut_keys])
    of = joined.cut_keys[looked_at].astype(np.int64)
    who = joined.table.people[joined.rows[looked_at]].astype(np.int64) if joined.rows is not None else of
    pairs = np.unique(of * joined.table.people_count + who)
    people = np.bincount(pairs // max(joined.table.people_count, 1), minlength=combinations)
    return np.where(unsure, people, np.minimum(rows, minimum))


def likeliest(joined: Joined, column: Mapped, minimum: int) -> Floats:
    """Give the probability of each line's cell of a further column, given the mapped column that tells it best.

    The share among the people with the same cell there counts where at least `minimum` people have both: what so many
    share is known of a group and surprises nobody. Elsewhere it is the cell's own share. Estimated from one row each
    of at most `NULL_PEOPLE` people.
    """
    ids = column.cells.ids[joined.lines]
    own = column.shares[ids]
    given = [_given(joined, other, column, own, minimum) for other in joined.columns]
    floor = np.finfo(np.float64).tiny
    return max([own, *given], key=lambda chance: float(np.log(np.maximum(chance, floor)).sum()))


def _given(joined: Joined, other: Mapped, column: Mapped, own: Floats, minimum: int) -> Floats:
    rows, size = joined.table.one_row_each, len(column.cells.texts)
    firsts = other.id_of_code[other.spelling.column.codes[rows]]
    seconds = column.id_of_code[column.spelling.column.codes[rows]]
    people = np.bincount(firsts[firsts >= 0], minlength=len(other.cells.texts))
    are_both = (firsts >= 0) & (seconds >= 0)
    kept, both = np.unique(firsts[are_both] * size + seconds[are_both], return_counts=True)
    asked = other.cells.ids[joined.lines]
    places = _finder(kept)(asked * size + column.cells.ids[joined.lines])
    together = both[places] if len(both) else np.zeros(len(places))
    is_shared = (places >= 0) & (together >= minimum)
    return np.where(is_shared, np.maximum(own, together / np.maximum(people[asked], 1)), own)
