"""Tables inside JSON values and Python literals, in the shapes data frames are written in."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from egress_review.checks.limits import MAX_CELLS
from egress_review.checks.tables import Table, table
from egress_review.checks.vocabulary import says_number


def is_leaf(value: object) -> bool:
    """Ask whether a value fits one cell."""
    return value is None or isinstance(value, str | int | float)


def cell(value: object) -> str:
    """Write a leaf as a cell; nothing at all for null."""
    return "" if value is None else str(value)


def strings(value: object) -> Iterator[str]:
    """Walk every string of a JSON value, keys included."""
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
            waiting.extend(item.keys())
        elif isinstance(item, Sequence) and not isinstance(item, bytes):
            waiting.extend(item)


def tables_in_value(where: str, value: object) -> Iterator[Table]:
    """Find every table of a JSON value: records, columns, rows, and a frame split into columns and data."""
    waiting: list[tuple[str, object]] = [(where, value)]
    while waiting:
        place, item = waiting.pop()
        grid = _grid(item)
        if grid is not None and (found := table(place, grid)) is not None:
            yield found
        elif isinstance(item, Mapping):
            waiting.extend((f"{place}, {key}", part) for key, part in item.items() if not is_leaf(part))
        elif isinstance(item, Sequence) and not isinstance(item, str | bytes):
            waiting.extend((place, part) for part in item if not is_leaf(part))


def is_all_tables(value: object) -> bool:
    """Ask whether every leaf of a JSON value stands in a table, and no key on the way to one says a number."""
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if (grid := _grid(item)) is not None:
            if Counter(_leaves(item)) - Counter(part for line in grid for part in line):
                return False
        elif isinstance(item, Mapping):
            if any(says_number(str(key)) for key in item):
                return False
            waiting.extend(item.values())
        elif isinstance(item, Sequence) and not isinstance(item, str | bytes):
            waiting.extend(item)
        elif item is not None:
            return False
    return True


def _leaves(value: object) -> Iterator[str]:
    """Walk every leaf as a cell, and the keys of a column's own mapping unless they only number its rows."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _leaves(part)
            if isinstance(part, Mapping) and list(part) != [str(number) for number in range(len(part))]:
                yield from map(str, part)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for part in value:
            yield from _leaves(part)
    elif written := cell(value):
        yield written


def _grid(value: object) -> list[list[str]] | None:
    if isinstance(value, Mapping):
        return _grid_of_mapping(value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and value:
        return _grid_of_sequence(value)
    return None


def _grid_of_sequence(items: Sequence[Any]) -> list[list[str]] | None:
    if all(isinstance(item, Mapping) and all(map(is_leaf, item.values())) for item in items):
        names = list(dict.fromkeys(str(name) for item in items for name in item))
        _check_size(len(items), len(names))
        return [names, *([cell(item.get(name)) for name in names] for item in items)] if names else None
    if all(isinstance(item, list | tuple) and item and all(map(is_leaf, item)) for item in items):
        return [[cell(part) for part in item] for item in items]
    return None


def _grid_of_mapping(value: Mapping[str, Any]) -> list[list[str]] | None:
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        rows = _grid(value["data"])
        return [[cell(name) for name in value["columns"]], *rows] if rows else None
    columns = {str(name): list(part.values()) if isinstance(part, Mapping) else part for name, part in value.items()}
    series = {name: part for name, part in columns.items() if isinstance(part, list | tuple)}
    lengths = {len(part) for part in series.values()}
    if len(lengths) != 1 or lengths == {0} or len(series) != len(columns):
        return _grid_of_axes(series)
    if not all(is_leaf(item) for part in series.values() for item in part):
        return None
    return _of_columns(series)


def _grid_of_axes(series: Mapping[str, Sequence[Any]]) -> list[list[str]] | None:
    """Take the equally long lists of a mapping that holds other things too: the axes of a Plotly trace."""
    flat = {name: part for name, part in series.items() if len(part) > 1 and all(map(is_leaf, part))}
    longest = max((len(part) for part in flat.values()), default=0)
    axes = {name: part for name, part in flat.items() if len(part) == longest}
    return _of_columns(axes) if len(axes) > 1 else None


def _of_columns(series: Mapping[str, Sequence[Any]]) -> list[list[str]]:
    length = max(map(len, series.values()))
    _check_size(length, len(series))
    return [list(series), *([cell(part[row]) for part in series.values()] for row in range(length))]


def _check_size(rows: int, columns: int) -> None:
    if rows * columns > MAX_CELLS:
        raise ValueError(f"more than {MAX_CELLS:,} cells")


def literals(source: str) -> Iterator[object]:
    """Read the outermost lists, tuples and dictionaries of constants, and the strings, of Python source."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.List | ast.Tuple | ast.Dict):
            try:
                yield ast.literal_eval(node)
                continue
            except ValueError:
                pass  # holds names or calls: look at its parts
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        waiting.extend(ast.iter_child_nodes(node))
