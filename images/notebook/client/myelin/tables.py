"""A small table: HTML in a notebook, plain text elsewhere, rows of named values to a program."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import overload

Cell = str | int | None
Row = Mapping[str, Cell]


@dataclass(frozen=True)
class Table(Sequence[Row]):
    """Hold rows of text and whole numbers; `pandas.DataFrame(table)` makes a frame of it."""

    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    caption: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.cells):
            raise ValueError(f"every row needs {len(self.columns)} cells")

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._row(cells) for cells in self.cells[index]]
        return self._row(self.cells[index])

    def __len__(self) -> int:
        return len(self.cells)

    def _row(self, cells: tuple[Cell, ...]) -> Row:
        return dict(zip(self.columns, cells, strict=True))

    def __repr__(self) -> str:
        lines = [self.columns, *([_text(cell) for cell in row] for row in self.cells)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.columns))]
        drawn = [_line(line, widths) for line in lines]
        return "\n".join([self.caption, *drawn] if self.caption else drawn)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{escape(column)}</th>" for column in self.columns)
        body = "".join(f"<tr>{_html_cells(row)}</tr>" for row in self.cells)
        caption = f"<caption style='text-align:left'>{escape(self.caption)}</caption>" if self.caption else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).replace("\n", " ")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _html_cells(row: tuple[Cell, ...]) -> str:
    return "".join(f"<td style='text-align:left'>{escape(_text(cell))}</td>" for cell in row)
