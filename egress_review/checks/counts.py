"""Which cells of a table are counts of people. A cell that is not recognised is never taken for checked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from egress_review.checks.numbers import composite, is_hidden, is_number, percentage, whole
from egress_review.checks.tables import Table
from egress_review.checks.vocabulary import (
    MISSING,
    OTHERS,
    PERCENT,
    REPORTED,
    SHARES,
    STATISTICS,
    names_count,
    names_total,
    words,
)

Place = tuple[int, int]


@dataclass
class Counts:
    """The cells of a table that are counts: place to people, or None where the author hid the number."""

    table: Table
    cells: dict[Place, int | None] = field(default_factory=dict)
    percentages: dict[Place, float] = field(default_factory=dict)
    is_crosstab: bool = False
    total_columns: frozenset[int] = frozenset()
    doubtful: tuple[Place, ...] = ()  # whole numbers of which no heading says what they are
    unread: tuple[Place, ...] = ()  # cells under a heading of counts that are not whole numbers

    @property
    def known(self) -> dict[Place, int]:
        return {place: people for place, people in self.cells.items() if people is not None}

    @property
    def hidden(self) -> tuple[Place, ...]:
        return tuple(sorted(place for place, people in self.cells.items() if people is None))

    @property
    def columns(self) -> frozenset[int]:
        return frozenset(column for _, column in self.cells)

    def is_missing(self, place: Place) -> bool:
        """Ask whether a cell counts the people of whom something is not known."""
        return bool((words(self.table.rows[place[0]][0]) | words(self.table.header[place[1]])) & MISSING)

    def is_total(self, place: Place) -> bool:
        return place[0] in self.total_rows or place[1] in self.total_columns

    @cached_property
    def total_rows(self) -> frozenset[int]:
        return frozenset(row for row, cells in enumerate(self.table.rows) if names_total(cells[0]))


def find_counts(table: Table, variables: Mapping[str, frozenset[str]]) -> Counts:
    """Find a table's counts: by heading of column or row, by form (`12 (30%)`), else as a cross-tabulation.

    `variables` are the cut's variables with their codes: a column of codes is a label, not a count.
    """
    counts = Counts(table, total_columns=frozenset(c for c, name in enumerate(table.header) if names_total(name)))
    unread = [*_by_column(counts), *_by_row(counts)]
    _by_form(counts)
    counts.unread = tuple(place for place in unread if place not in counts.cells)
    labels = frozenset(column for column in range(len(table.header)) if _is_label(table, column, variables))
    _complete(counts, [column for column in _whole_columns(table) if column not in labels])
    counts.doubtful = tuple(place for place in _numbers(table) if place not in counts.cells and place[1] not in labels)
    return counts


def _by_column(counts: Counts) -> Iterator[Place]:
    for column, name in enumerate(counts.table.header):
        if names_count(name):
            yield from _take(counts, [(row, column) for row in range(len(counts.table.rows))])


def _by_row(counts: Counts) -> Iterator[Place]:
    for row, cells in enumerate(counts.table.rows):
        if names_count(cells[0]) and not is_number(cells[0]):
            yield from _take(counts, [(row, column) for column, cell in enumerate(cells) if column and cell.strip()])


def _take(counts: Counts, places: Iterable[Place]) -> Iterator[Place]:
    """Take cells as counts; give back those that are neither whole numbers nor hidden."""
    for row, column in places:
        cell = counts.table.rows[row][column]
        people = whole(cell)
        if people is not None or is_hidden(cell):
            counts.cells[row, column] = people
        else:
            yield row, column


def _by_form(counts: Counts) -> None:
    for row, cells in enumerate(counts.table.rows):
        row_says = "percent" in words(cells[0])
        for column, cell in enumerate(cells):
            heading = counts.table.header[column]
            if (found := composite(cell, row_says or "percent" in words(heading))) is not None:
                counts.cells[row, column] = found.people
                counts.percentages[row, column] = found.percentage
            elif (share := _share(heading, cell)) is not None:
                counts.percentages[row, column] = share


def _share(name: str, cell: str) -> float | None:
    """Read a percentage from 0 to 100, said by the cell's own sign or by its heading."""
    if (found := percentage(cell)) is not None:
        return found
    named = words(name)
    if not named & (PERCENT | SHARES) or "ci" in named or not is_number(cell):
        return None
    return float(cell) if named & PERCENT else float(cell) * 100


def _whole_columns(table: Table) -> list[int]:
    """List the columns of whole numbers, hidden cells among them, under no heading of another statistic."""
    return [
        column
        for column in range(len(table.header))
        if all(whole(cell) is not None or is_hidden(cell) for cell in table.column(column))
        and any(whole(cell) is not None for cell in table.column(column))
        and not words(table.header[column]) & STATISTICS
    ]


def _is_label(table: Table, column: int, variables: Mapping[str, frozenset[str]]) -> bool:
    """Ask whether a column names the rows: words or an index in the first, or codes of a variable of the cut."""
    name, cells = table.header[column].casefold(), {cell for cell in table.column(column) if not names_total(cell)}
    if column == 0 and any(table.header):
        numbers = {whole(cell) for cell in cells}
        if not name or None in numbers or numbers in (set(range(len(cells))), set(range(1, len(cells) + 1))):
            return True
    codes = variables.get(name)
    return codes is not None and (not codes or {cell for cell in cells if not is_hidden(cell)} <= codes)


def _numbers(table: Table) -> Iterator[Place]:
    """List the whole numbers that are not under a statistic's heading; of other words, a column of decimals says so."""
    for column, name in enumerate(table.header):
        cells, named = table.column(column), words(name)
        is_measured = bool(named & OTHERS) and any(is_number(cell) and whole(cell) is None for cell in cells)
        if not (named & REPORTED or is_measured):
            yield from (
                (row, column)
                for row, cell in enumerate(cells)
                if whole(cell) is not None and not words(table.rows[row][0]) & REPORTED
            )


def _complete(counts: Counts, plain: Sequence[int]) -> None:
    """Take whole columns: those with a count in them already, the parts of a total, or all of a cross-tabulation."""
    started = [column for column in plain if column in counts.columns]
    rest = [column for column in plain if column not in counts.columns]
    if not counts.known:
        rest = rest[1:] if rest[:1] == [0] and any(counts.table.header) else rest
        counts.is_crosstab = bool(rest)
        started = rest
    elif (total := _total_of(counts, rest)) is not None:
        counts.is_crosstab = True
        counts.total_columns |= {total}
        started += rest
    everywhere = ((row, column) for column in started for row in range(len(counts.table.rows)))
    counts.cells.update({(row, column): whole(counts.table.rows[row][column]) for row, column in everywhere})


def _total_of(counts: Counts, parts: Sequence[int]) -> int | None:
    """Find the one column of counts that is, in every row that can be added up, the sum of the parts."""
    columns = sorted(counts.columns)
    if len(columns) != 1 or len(parts) < 2:
        return None
    sums = []
    for row, cells in enumerate(counts.table.rows):
        numbers = [whole(cells[column]) for column in parts]
        if all(number is not None for number in numbers):
            sums.append(sum(number or 0 for number in numbers) == counts.cells.get((row, columns[0])))
    return columns[0] if sums and all(sums) else None
