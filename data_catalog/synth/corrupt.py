"""Break a synthetic delivery in the ways a source must be refused for; for tests of what refuses it."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import NotFound
from data_catalog.synth.native import Day, Dialect, NativeFile
from data_catalog.synth.registries import REGISTRIES, Registry

Rows = list[list[str]]


@dataclass(frozen=True)
class Fault:
    """What was broken: the kind, the file, and the row (0 is the header; None where it is the whole file)."""

    kind: str
    file: str
    row: int | None


def corrupt(folder: Path, kind: str, *, seed: int = 1) -> Fault:
    """Break one thing in a registry's delivery; raises NotFound for an unknown kind or folder."""
    if kind not in KINDS:
        raise NotFound(f"There is no fault {kind}.", f"There are: {', '.join(KINDS)}.")
    registry = _registry_of(folder)
    file, row = KINDS[kind](folder, registry, np.random.default_rng(seed))
    return Fault(kind, file, row)


def _registry_of(folder: Path) -> Registry:
    for registry in REGISTRIES.values():
        if all((folder / file.path).exists() for file in registry.files):
            return registry
    raise NotFound(f"{folder} holds no synthetic delivery.", "Write one first: myelin synth.")


Broken = tuple[str, int | None]


def _unknown_code(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    return _set_cell(folder, registry, draw, "patient", "sex", lambda _: "7?")


def _future_date(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    columns = _file(registry, "visit").columns
    form = next(column.form for column in columns if isinstance(column, Day) and column.of == "visit_date")
    written = form.replace("%d", "14").replace("%m", "03").replace("%Y", "2099")
    return _set_cell(folder, registry, draw, "visit", "visit_date", lambda _: written)


def _identifier_in_text(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    """Put a person's number and a mail address where the term of an adverse event stands."""
    return _set_cell(
        folder, registry, draw, "adverse_event", "term", lambda row: f"Pneumonia, {row[0]}, nobody@example.org"
    )


def _patient_twice(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    file, rows = _read(folder, registry, "patient")
    rows.append(list(rows[int(draw.integers(1, len(rows)))]))
    _write(folder, registry, file, rows)
    return file.path, len(rows) - 1


def _swapped_columns(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    """Exchange the headers over the dates and the scores of the visits."""
    file, rows = _read(folder, registry, "visit")
    date, score = _place(file, "visit_date"), _place(file, "edss")
    rows[0][date], rows[0][score] = rows[0][score], rows[0][date]
    _write(folder, registry, file, rows)
    return file.path, None


def _wrong_encoding(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    """Write the people in UTF-16 where UTF-8 is declared, and in UTF-8 where anything else is."""
    file = _file(registry, "patient")
    path = folder / file.path
    declared = _dialect(registry, file).encoding
    other = "utf-16" if declared.startswith("utf-8") else "utf-8"
    path.write_bytes(path.read_bytes().decode(declared).encode(other))
    return file.path, None


def _truncated(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    """Cut the visits in the middle of a row."""
    file = _file(registry, "visit")
    data = (folder / file.path).read_bytes()
    end = data.index(b"\n", int(len(data) * draw.uniform(0.4, 0.8)))
    (folder / file.path).write_bytes(data[: end - 3])
    return file.path, data.count(b"\n", 0, end)


def _truncated_at_row(folder: Path, registry: Registry, draw: np.random.Generator) -> Broken:
    """Cut the visits between two rows: what is left reads as a shorter file, and only the manifest knows."""
    file, rows = _read(folder, registry, "visit")
    kept = int(len(rows) * draw.uniform(0.4, 0.8))
    _write(folder, registry, file, rows[:kept])
    return file.path, kept


KINDS: dict[str, Callable[[Path, Registry, np.random.Generator], Broken]] = {
    "unknown_code": _unknown_code,
    "future_date": _future_date,
    "patient_twice": _patient_twice,
    "swapped_columns": _swapped_columns,
    "identifier_in_text": _identifier_in_text,
    "wrong_encoding": _wrong_encoding,
    "truncated": _truncated,
    "truncated_at_row": _truncated_at_row,
}
"""The faults, by their names."""


def _set_cell(
    folder: Path,
    registry: Registry,
    draw: np.random.Generator,
    table: str,
    variable: str,
    text: Callable[[Sequence[str]], str],
) -> Broken:
    file, rows = _read(folder, registry, table)
    row = int(draw.integers(1, len(rows)))
    rows[row][_place(file, variable)] = text(rows[row])
    _write(folder, registry, file, rows)
    return file.path, row


def _file(registry: Registry, table: str) -> NativeFile:
    return next(file for file in registry.files if file.table == table)


def _of(column: object) -> str | None:
    of: str | None = getattr(column, "of", None)
    return of


def _place(file: NativeFile, variable: str) -> int:
    return next(place for place, column in enumerate(file.columns) if _of(column) == variable)


def _dialect(registry: Registry, file: NativeFile) -> Dialect:
    return file.dialect or registry.dialect


def _read(folder: Path, registry: Registry, table: str) -> tuple[NativeFile, Rows]:
    file = _file(registry, table)
    dialect = _dialect(registry, file)
    text = (folder / file.path).read_bytes().decode(dialect.encoding)
    return file, list(csv.reader(io.StringIO(text), delimiter=dialect.delimiter))


def _write(folder: Path, registry: Registry, file: NativeFile, rows: Rows) -> None:
    dialect = _dialect(registry, file)
    text = io.StringIO()
    csv.writer(text, delimiter=dialect.delimiter, lineterminator="\n").writerows(rows)
    (folder / file.path).write_bytes(text.getvalue().encode(dialect.encoding))
