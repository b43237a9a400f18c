"""Tables, wherever they stand: delimited files, and tables drawn in running text."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from egress_review.checks.limits import MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from egress_review.checks.numbers import is_number
from egress_review.checks.text import quote

_DELIMITERS = (",", "\t", ";", "|")
_RULE = re.compile(r"[\s\-=+|:─━═┌┐└┘├┤┬┴┼╞╡╪╭╮╰╯]+")
_DRAWN = re.compile(r"[│┆║|]")
_GAP = re.compile(r"\s{2,}|\t")


@dataclass(frozen=True)
class Table:
    """A table as text: where it stands in the file, its header, its rows; every row as wide as the header."""

    where: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_output: bool = True  # false for a table written into code, which is looked at for rows of the cut only
    is_whole: bool = True  # false for the first rows of a table that has more than are read

    def column(self, index: int) -> tuple[str, ...]:
        return tuple(row[index] for row in self.rows)

    def place(self, row: int, column: int) -> str:
        """Say which cell is meant, by number and by name, as a checker would look for it."""
        name = quote(self.header[column]) if self.header[column] else str(column + 1)
        return f"row {row + 1} ({quote(self.rows[row][0])}), column {name}"


class TooLarge(ValueError):
    """A table has more cells than are read."""


def table(where: str, grid: Sequence[Sequence[str]]) -> Table | None:
    """Make a table of a grid of cells, telling its header from its rows; None for an empty grid."""
    width = max(map(len, grid), default=0)
    if not width:
        return None
    if len(grid) > MAX_ROWS or width > MAX_COLUMNS or len(grid) * width > MAX_CELLS:
        raise TooLarge(f"more than {MAX_ROWS:,} rows, {MAX_COLUMNS:,} columns or {MAX_CELLS:,} cells")
    padded = [tuple(line) + ("",) * (width - len(line)) for line in grid]
    depth = _header_depth([tuple(map(str.strip, line)) for line in padded[:4]])
    header = tuple(" ".join(" ".join(parts).split()) for parts in zip(*padded[:depth], strict=True)) or ("",) * width
    return Table(where, header, tuple(padded[depth:]))


def _header_depth(lines: Sequence[tuple[str, ...]]) -> int:
    """Count the header's lines: none if the first line is numbers only; further ones name an index or a level."""
    if all(is_number(cell) for cell in lines[0] if cell) and lines[0][0]:
        return 0
    depth = 1
    while depth < min(3, len(lines) - 1) and _continues_header(lines, depth):
        depth += 1
    return depth


def _continues_header(lines: Sequence[tuple[str, ...]], depth: int) -> bool:
    rest = lines[depth][1:]
    if not rest:
        return False
    names_the_index = bool(lines[depth][0]) and not any(rest)
    has_numbers_below = any(is_number(cell) for line in lines[depth + 1 :] for cell in line[1:])
    names_a_level = not lines[0][0] and not any(map(is_number, rest)) and has_numbers_below
    return names_the_index or names_a_level


def delimiter(text: str, named: str | None = None) -> str:
    """Find the character that splits the first lines into most cells of equal number."""
    if named:
        return named
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    counts = {mark: [line.count(mark) for line in lines] for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: (min(counts[mark], default=0), sum(counts[mark])))


def delimited(where: str, text: str, mark: str) -> tuple[Table | None, tuple[str, ...]]:
    """Read a delimited file, or its first rows; also say which lines have another number of cells than the first."""
    csv.field_size_limit(MAX_CELLS)
    lines: list[list[str]] = []
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True):
            if line and len(lines) == _most_lines(lines):
                return _first_rows(where, lines)
            if line:
                lines.append(line)
    except csv.Error as error:
        return table(where, lines), (f"line {len(lines) + 1} can't be read as cells: {error}",)
    return table(where, lines), _ragged(lines)


def _most_lines(lines: Sequence[Sequence[str]]) -> int:
    width = len(lines[0]) if lines else 1
    return min(MAX_ROWS, max(MAX_CELLS // width, 1))


def _first_rows(where: str, lines: Sequence[Sequence[str]]) -> tuple[Table | None, tuple[str, ...]]:
    found = table(where, lines)
    fault = f"more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells: only the first {len(lines):,} lines were read"
    return (replace(found, is_whole=False) if found else None), (fault,)


def _ragged(lines: Sequence[Sequence[str]]) -> tuple[str, ...]:
    width = len(lines[0]) if lines else 0
    odd = [number for number, line in enumerate(lines, 1) if len(line) != width]
    return (f"{len(odd)} lines don't have {width} cells, the first is line {odd[0]}",) if odd else ()


def tables_in_text(where: str, text: str) -> Iterator[Table]:
    """Find tables drawn with marks or spaces in running text: data frames, Markdown tables, printed rows."""
    for grid in _grids(text):
        if _is_drawn(grid) and (found := table(where, grid)):
            yield found


def is_all_tables(text: str) -> bool:
    """Ask whether every line of a running text belongs to a table that is found in it."""
    return len(text.splitlines()) <= MAX_ROWS and all(map(_is_drawn, _grids(text)))


def _is_drawn(grid: Sequence[Sequence[str]]) -> bool:
    return len(grid) > 1 and any(is_number(cell) for line in grid for cell in line)


def _grids(text: str) -> Iterator[list[list[str]]]:
    """Cut a text into grids of even width; a line that belongs to none is one by itself."""
    lines = (_split_line(line) for line in text.splitlines()[:MAX_ROWS] if not _is_rule(line))
    for is_text, block in groupby(lines, key=bool):
        if is_text:
            yield from _even(block)


def _is_rule(line: str) -> bool:
    return bool(line.strip()) and _RULE.fullmatch(line) is not None


def _split_line(line: str) -> list[str]:
    """Split one line into cells: by drawn marks, by the commonest delimiter, or by gaps; a blank line gives none."""
    if _DRAWN.search(line):
        cells = _DRAWN.split(line.strip().strip("│║|"))
    else:
        mark = max(",;\t", key=line.count)
        cells = line.split(mark) if line.count(mark) else _GAP.split(line.rstrip())
    return [cell.strip() for cell in cells] if line.strip() else []


def _even(lines: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    """Cut a block into grids of even width; a line of one cell is a grid by itself.

    A header may be one cell short, for want of an index name; a single cell under the header is that name.
    """
    grid: list[list[str]] = []
    for line in lines:
        if len(grid) == 1 and len(line) == len(grid[0]) + 1:
            grid[0].insert(0, "")
        if len(grid) == 1 and len(line) == 1:
            line = line + [""] * (len(grid[0]) - 1)
        if grid and len(line) != len(grid[0]):
            yield grid
            grid = []
        if len(line) > 1:
            grid.append(line)
        else:
            yield [line]
    if grid:
        yield grid
