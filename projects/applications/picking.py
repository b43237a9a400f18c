"""Picking variables: one choice for every dataset that shares a table, as registries share one data model. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from data_catalog.dictionary import DictionaryTable

Asked = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""What a draft asks for, as JSON has it: dataset → table → what of it."""


@dataclass(frozen=True)
class Shared:
    """A table that several datasets have, with every variable any of them has."""

    name: str
    label: str
    variables: Mapping[str, str]
    """Name → label, in the order of the first dataset that has it."""
    datasets: tuple[str, ...]

    def all_picked(self, asked: Asked) -> frozenset[str]:
        """Return the variables that are picked at every dataset that has the table."""
        picked = [frozenset(asked.get(one, {}).get(self.name, {}).get("variables", ())) for one in self.datasets]
        return frozenset.intersection(*picked)


def shared_tables(tables: Iterable[DictionaryTable]) -> tuple[Shared, ...]:
    """Return the tables that more than one dataset has, in the order they come."""
    by_name: dict[str, list[DictionaryTable]] = {}
    for table in tables:
        by_name.setdefault(table.name, []).append(table)
    return tuple(_shared(some) for some in by_name.values() if len(some) > 1)


def with_picked(
    asked: Asked, tables: Iterable[DictionaryTable], name: str, variables: Collection[str], datasets: Collection[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what is asked for with these variables of a table added at these datasets; what one has not is left out.

    What was said of the table before (people, rows, coarser values) stays.
    """
    result = {dataset: {table: dict(said) for table, said in of.items()} for dataset, of in asked.items()}
    for table in tables:
        if table.name != name or table.dataset not in datasets:
            continue
        said = result.get(table.dataset, {}).get(name, {})
        picked = {*said.get("variables", ()), *variables}
        kept = [one.name for one in table.variables if one.name in picked]
        if kept:
            result.setdefault(table.dataset, {})[name] = {**said, "variables": kept}
    return result


def _shared(tables: list[DictionaryTable]) -> Shared:
    variables = {variable.name: variable.label for table in tables for variable in table.variables}
    first = tables[0]
    return Shared(first.name, first.label, variables, tuple(table.dataset for table in tables))
