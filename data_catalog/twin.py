"""The synthetic twin of what a project was approved for: the same tables, columns, types and codes, and nobody in them.

It is made from the dictionary and the published numbers alone: this module never opens an edition. Every value is drawn
on its own, so nothing that goes together in the data goes together here; code that runs on the twin runs on the cut.
"""

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_catalog.imaging.names import ScanKinds
from data_catalog.models import PSEUDONYM, SCAN_FILE, Table, Variable, VariableType
from data_catalog.published.bins import Bin, bins_of
from data_catalog.published.marginals import PEOPLE, ROWS, WITH_VALUE, Number
from data_catalog.published.policy import MINIMUM_COUNT, number, share
from data_catalog.synthetic import LABEL
from data_catalog.twin_scans import scan_files, scan_tree

SEED = 20260601
MOST_PEOPLE = 500
MOST_ROWS = 5000
_FEW_ROWS = 100
_DAYS = (date(2000, 1, 1), date(2024, 12, 31))
_NUMBERS = (0, 100)
_HELD_WEIGHT = MINIMUM_COUNT / 2
"""How much a cell weighs that was held back."""

_STAMP = (2026, 1, 1, 0, 0, 0)
_KINDS = {"BIGINT": pa.int64(), "INTEGER": pa.int32(), "DOUBLE": pa.float64(), "DATE": pa.date32()}
_TEXT = (
    "These data are synthetic. They describe nobody: every value was drawn at random and on its own, from the\n"
    "dictionary and from rounded counts that the catalogue publishes. Write code against them; find nothing in them.\n"
)

Value = int | float | str | date | None
Draw = Callable[[], Value]


@dataclass(frozen=True)
class TwinTable:
    """One table to make a twin of: what is declared, the approved variables, what was published of it."""

    dataset: str
    table: Table
    variables: tuple[Variable, ...]
    numbers: tuple[Number, ...]
    scans: ScanKinds | None = None

    @property
    def path(self) -> str:
        """Where the table's files are, without their endings."""
        return f"{self.dataset}/{self.table.name}"

    def people(self) -> int:
        """Return how many people the twin's table is made for."""
        return min(self._published(PEOPLE) or MOST_PEOPLE, MOST_PEOPLE)

    def rows(self) -> int:
        """Return how many rows the twin's table has: one for each person, or as many for each as was published."""
        if self.table.unique == (self.table.person,):
            return self.people()
        people, rows = self._published(PEOPLE), self._published(ROWS)
        each = rows / people if rows and people else _FEW_ROWS / MOST_PEOPLE
        return max(1, min(round(self.people() * each), MOST_ROWS))

    def shown(self, variable: Variable) -> dict[tuple[str, str], str]:
        """Return what was published of a variable, by cell and statistic."""
        subject = f"{self.table.name}.{variable.name}"
        return {(one.predicate, one.statistic): one.value for one in self.numbers if one.subject == subject}

    def missing(self, variable: Variable) -> float:
        """Return the share of rows without a value, 0 where it was held back."""
        whole = next((n.value for n in self.numbers if (n.subject, n.statistic) == (self.table.name, ROWS)), "")
        there = share(self.shown(variable).get(("", WITH_VALUE), ""), whole)
        return 0.0 if there is None or not variable.may_be_missing else 1 - there

    def _published(self, statistic: str) -> int | None:
        found = (n.value for n in self.numbers if (n.subject, n.statistic) == (self.table.name, statistic))
        return number(next(found, ""))


def make_twin(tables: Sequence[TwinTable], seed: int = SEED) -> bytes:
    """Return the twin as a ZIP of Parquet, CSV, scans, dictionary and label; the same tables give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, LABEL, _TEXT.encode())
        _add(archive, "dictionary.json", json.dumps(_dictionary(tables), indent=1).encode())
        for table in tables:
            made = twin_table(table, seed)
            _add(archive, f"{table.path}.parquet", _parquet(made))
            _add(archive, f"{table.path}.csv", _csv(made))
            if table.scans:
                for path, content in scan_tree(table.dataset, made[SCAN_FILE].to_pylist()).items():
                    _add(archive, path, content)
    return packed.getvalue()


def twin_table(table: TwinTable, seed: int = SEED) -> pa.Table:
    """Return one table of the twin: the pseudonym and the approved variables, in the types of a cut, by pseudonym."""
    draw = random.Random(f"{seed}/{table.path}")  # noqa: S311  (likeness, not secrecy)
    names = [_pseudonym(place) for place in range(table.people())]
    rows = table.rows()
    whose = names if rows == len(names) else sorted(draw.choice(names) for _ in range(rows))
    columns: dict[str, list[Value]] = {PSEUDONYM: list(whose)}
    for variable in table.variables:
        column = draw_values(table, variable, draw)
        columns[variable.name] = [column() for _ in range(rows)]
    fields = [(PSEUDONYM, pa.string()), *((v.name, _KINDS.get(v.sql_type, pa.string())) for v in table.variables)]
    if table.scans:
        columns[SCAN_FILE] = list(scan_files(table.dataset, table.scans, whose, columns, draw))
        fields.append((SCAN_FILE, pa.string()))
    return pa.table(columns, schema=pa.schema(fields, metadata={"label": LABEL}))


def draw_values(table: TwinTable, variable: Variable, draw: random.Random) -> Draw:
    """Return what draws one value of a variable after another."""
    missing, shown = table.missing(variable), table.shown(variable)
    cells = [*bins_of(variable)]
    weights = [_weight(shown.get((cell.label, PEOPLE), "")) for cell in cells]

    def value() -> Value:
        if draw.random() < missing:
            return None
        return _inside(variable, draw.choices(cells, weights)[0] if cells else None, draw)

    return value


def _weight(shown: str) -> float:
    return float(number(shown) or _HELD_WEIGHT)


def _inside(variable: Variable, cell: Bin | None, draw: random.Random) -> Value:
    """Draw a value that the declaration allows, inside a cell where there is one."""
    if variable.type is VariableType.CODE and cell:
        return int(cell.label) if variable.has_number_codes else cell.label
    if variable.type is VariableType.DATE:
        low, high = (cell.low, cell.high) if cell else (variable.minimum or _DAYS[0], variable.maximum or _DAYS[1])
        assert isinstance(low, date)
        assert isinstance(high, date)
        return low + timedelta(days=draw.randint(0, max(0, (high - low).days)))
    if variable.type in (VariableType.INTEGER, VariableType.DECIMAL):
        return _number(variable, cell, draw)
    return f"synthetic {draw.randint(1, 9)}"


def _number(variable: Variable, cell: Bin | None, draw: random.Random) -> Value:
    low, high = (cell.low, cell.high) if cell else _open_range(variable)
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if variable.type is VariableType.INTEGER:
        found: float = draw.randint(int(low), int(high))
    else:
        found = round(draw.uniform(low, high), 2)
    if variable.step is not None and isinstance(variable.minimum, int | float):
        found = variable.minimum + round((found - variable.minimum) / variable.step) * variable.step
    return _number(variable, cell, draw) if found in variable.never else found


def _open_range(variable: Variable) -> tuple[Any, Any]:
    """Return a range for a number that declares one end of it, or none."""
    low, high = variable.minimum, variable.maximum
    if low is not None:
        return low, max(_NUMBERS[1], low + 1)  # type: ignore[operator]
    return _NUMBERS if high is None else (min(_NUMBERS[0], high - 1), high)  # type: ignore[operator]


def _pseudonym(place: int) -> str:
    return f"PSYNTHETIC{place:07}"


def _dictionary(tables: Sequence[TwinTable]) -> dict[str, Any]:
    shown = {"name", "label", "type", "unit", "codes", "description", "sensitivity"}
    shown |= {"unblinds", "unblinds_because", "unblinds_where"}
    return {
        "synthetic": True,
        "twin": True,
        "tables": [
            {
                "dataset": one.dataset,
                "table": one.table.name,
                "label": one.table.label,
                "rows": one.rows(),
                "variables": [v.model_dump(mode="json", include=shown) for v in one.variables],
            }
            for one in tables
        ],
    }


def _parquet(made: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(made, sink, compression="zstd")
    return sink.getvalue()


def _csv(made: pa.Table) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(made.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in made.columns), strict=True))
    return text.getvalue().encode()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _STAMP), content, zipfile.ZIP_DEFLATED)
