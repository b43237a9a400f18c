"""What of a table no rule judged: named, so that `pass` never covers what nobody looked at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from egress_review.checks.counts import Counts
from egress_review.checks.numbers import whole
from egress_review.checks.vocabulary import COUNTS, STATISTICS, says_number, words

MAX_LENGTH = 40  # characters of a label; what is longer says more than a group's name
MAX_LABELS = 50  # different labels in one column; more are rather people than groups
_QUARTILES = frozenset({"25%", "50%", "75%"})
_AGES = re.compile(r"(?P<low>\d{2,3})\s*[-–]\s*(?P<high>\d{2,3})|[≥>]=?\s*(?P<over>\d{2,3})|(?P<more>\d{2,3})\s*\+")


@dataclass(frozen=True)
class Terms:
    """The cut's own words: variables with their codes, their names and labels; and the fewest people of a group."""

    variables: Mapping[str, frozenset[str]]
    labels: frozenset[str]
    minimum: int

    def is_plain(self, text: str) -> bool:
        """Ask whether a text is a plain label: a word of the cut or of statistics, or short and without a number."""
        said = text.strip()
        if said.casefold() in self.labels or said in _QUARTILES:
            return True
        if not says_number(said):
            return len(said) <= MAX_LENGTH and (len(said) < 2 or any(map(str.isalpha, said)))  # no tallies: ***
        is_term = said.isascii() and "%" not in said and words(said) <= STATISTICS | COUNTS  # p25, chi2
        return is_term or self._is_age_group(said)

    def is_plain_heading(self, text: str) -> bool:
        """Ask whether a heading is a plain label, or a code of the cut: the columns of a cross-tabulation."""
        codes = frozenset[str]().union(*self.variables.values(), {"0"})
        return text.strip() in codes or self.is_plain(text)

    def _is_age_group(self, text: str) -> bool:
        found = _AGES.fullmatch(text)
        numbers = [int(number) for number in found.groups() if number] if found else []
        return bool(numbers) and min(numbers) >= self.minimum and sorted(set(numbers)) == numbers


def unjudged(counts: Counts, terms: Terms) -> Sequence[int]:
    """List the columns whose heading, or any cell, is neither a count or percentage nor a label."""
    table = counts.table
    judged = counts.cells.keys() | counts.percentages.keys()
    labels = _labels(counts, terms)
    return [
        column
        for column, name in enumerate(table.header)
        if not terms.is_plain_heading(name)
        or (
            column not in labels
            and any(cell.strip() and (row, column) not in judged for row, cell in enumerate(table.column(column)))
        )
    ]


def repeated_rows(counts: Counts, terms: Terms) -> Sequence[int]:
    """List the rows with the very labels of an earlier row, or none: a table of groups has each group once."""
    labels = _labels(counts, terms)
    columns = [column for column in labels if not _is_index(counts.table.column(column))]
    seen: dict[tuple[str, ...], int] = {}
    for row, cells in enumerate(counts.table.rows):
        seen.setdefault(tuple(cells[column].strip() for column in columns), row)
    return sorted(set(range(len(counts.table.rows))) - set(seen.values())) if columns or not labels else ()


def _labels(counts: Counts, terms: Terms) -> Sequence[int]:
    """List the columns that name the rows: codes of a variable, plain labels, or an index in the first."""
    judged = {column for _, column in counts.cells.keys() | counts.percentages.keys()}
    return [
        column
        for column, name in enumerate(counts.table.header)
        if column not in judged and _are_labels(column, counts.table.column(column), name, terms)
    ]


def _are_labels(column: int, cells: Sequence[str], name: str, terms: Terms) -> bool:
    codes = terms.variables.get(name.strip().casefold(), frozenset())
    are_plain = all(cell.strip() in codes or terms.is_plain(cell) for cell in cells)
    return (are_plain and len(set(cells)) <= MAX_LABELS) or (column == 0 and _is_index(cells))


def _is_index(cells: Sequence[str]) -> bool:
    """Ask whether cells only number the rows, from 0 or from 1."""
    numbers = [whole(cell) for cell in cells]
    return numbers in (list(range(len(cells))), list(range(1, len(cells) + 1)))
