"""The data dictionary of a project: every approved variable, with its label, unit and codes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myelin.errors import DataUnavailable
from myelin.tables import Table

COLUMNS = ("dataset", "table", "variable", "label", "type", "unit", "codes", "description")


@dataclass(frozen=True)
class Variable:
    """Describe one approved variable."""

    name: str
    label: str
    type: str
    unit: str
    codes: tuple[tuple[str, str], ...]
    description: str

    @property
    def codes_text(self) -> str:
        """The codes in one line: `0 = negative, 1 = positive`."""
        return ", ".join(f"{code} = {meaning}" for code, meaning in self.codes)


@dataclass(frozen=True)
class DescribedTable:
    """Describe one table of the cut."""

    dataset: str
    name: str
    label: str
    rows: int
    variables: tuple[Variable, ...]

    @property
    def full_name(self) -> str:
        """The table as it is written in SQL."""
        return f"{self.dataset}.{self.name}"


@dataclass(frozen=True)
class Dictionary:
    """Describe all a project was approved for."""

    project: str
    synthetic: bool
    tables: tuple[DescribedTable, ...]


def read_dictionary(path: Path) -> Dictionary:
    """Read the dictionary of the cut; raises DataUnavailable where it is missing or not in the expected form."""
    try:
        content = json.loads(path.read_text("utf-8"))
        tables = tuple(_table(entry) for entry in content["tables"])
        return Dictionary(str(content["project"]), bool(content["synthetic"]), tables)
    except OSError as error:
        raise DataUnavailable(f"There is no {path}.", "Restart your server from the portal.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataUnavailable(f"{path} is not a data dictionary: {error!r}.", "Tell the operators.") from error


def show(dictionary: Dictionary, table: str | None = None, search: str | None = None) -> Table:
    """List the variables of one table (or of all) of which every word searched for is said.

    Raises DataUnavailable for a table that is not in the project.
    """
    rows = [
        (chosen.dataset, chosen.name, v.name, v.label, v.type, v.unit, v.codes_text, v.description)
        for chosen in _chosen(dictionary, table)
        for v in chosen.variables
    ]
    words = (search or "").casefold().split()
    found = tuple(row for row in rows if all(word in "\n".join(row).casefold() for word in words))
    return Table(COLUMNS, found, _caption(dictionary, len(found)))


def _chosen(dictionary: Dictionary, table: str | None) -> tuple[DescribedTable, ...]:
    if table is None:
        return dictionary.tables
    chosen = tuple(entry for entry in dictionary.tables if table in (entry.name, entry.full_name))
    if not chosen:
        names = ", ".join(entry.full_name for entry in dictionary.tables)
        raise DataUnavailable(f"This project has no table {table!r}.", f"Its tables are: {names}.")
    return chosen


def _caption(dictionary: Dictionary, count: int) -> str:
    sizes = ", ".join(f"{entry.full_name} ({entry.rows:,} rows)" for entry in dictionary.tables)
    warning = "SYNTHETIC DATA, no real people · " if dictionary.synthetic else ""
    return f"{warning}Project {dictionary.project} · {sizes} · {count} variable{'' if count == 1 else 's'} shown"


def _table(entry: Mapping[str, Any]) -> DescribedTable:
    return DescribedTable(
        dataset=str(entry["dataset"]),
        name=str(entry["table"]),
        label=str(entry["label"]),
        rows=int(entry["rows"]),
        variables=tuple(_variable(variable) for variable in entry["variables"]),
    )


def _variable(entry: Mapping[str, Any]) -> Variable:
    return Variable(
        name=str(entry["name"]),
        label=str(entry["label"]),
        type=str(entry["type"]),
        unit=str(entry.get("unit") or ""),
        codes=_in_order({str(code): str(meaning) for code, meaning in (entry.get("codes") or {}).items()}),
        description=str(entry.get("description") or ""),
    )


def _in_order(codes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Put codes in the order people count in: 2 before 10."""
    return tuple(sorted(codes.items(), key=lambda code: (len(code[0]), code[0])))
