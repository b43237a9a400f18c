"""k-anonymity: how few people share their quasi-identifiers, counted for the committee before it decides.

A person's quasi-identifiers are those of every table in the cut: where a table has one row per person, its values;
where a table has more, how many rows, and the smallest and the largest value of each (a neighbour
knows "first seen in 2003, last seen in 2019" rather than one row). People are counted, never rows; values are
those the cut would hold, after generalisation, so that the committee sees what a coarser rule buys. Nothing but counts
comes out. A class of k people is no proof of safety: what they share beside (homogeneity), and what is no
quasi-identifier here but known to somebody, is not seen by k.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb

from data_catalog.cut_request import CutTable
from data_catalog.engine import engine, identifier
from data_catalog.generalisation import expression
from data_catalog.models import Sensitivity, Variable

SMALL = (5, 10)
"""Classes of fewer people than these are counted: 10 is the rule of output checking here, 5 a common minimum."""

MOST_TOGETHER = 3
"""Besides all quasi-identifiers together, every combination of up to so many is looked at."""

MOST_COMBINATIONS = 500


@dataclass(frozen=True)
class Anonymity:
    """One combination of quasi-identifiers: people, the smallest class, and how many people are in small classes."""

    quasi_identifiers: tuple[str, ...]
    people: int
    smallest: int
    in_small: dict[int, int]
    """k → people in classes of fewer than k."""


def anonymity(tables: Sequence[CutTable], work: Path) -> list[Anonymity]:
    """Return what every combination of quasi-identifiers tells, all together first, of one dataset's tables in a cut.

    Tables without quasi-identifiers count by whom they have: a person who is in none is not in the cut. Empty where
    there is no quasi-identifier. `work` is a private folder; dates that are moved and values under labels count as
    they stand in the vault, which is never safer.
    """
    with engine(work) as connection:
        names = _make_people(connection, tables)
        return [_measured(connection, chosen) for chosen in _combinations(names)]


def _make_people(connection: duckdb.DuckDBPyConnection, tables: Sequence[CutTable]) -> list[str]:
    """Make the table `people` with one row per person and return the names of its quasi-identifiers."""
    parts: list[str] = []
    names: list[str] = []
    for number, table in enumerate(tables):
        found = list(_quasi_identifiers(table))
        summed = dict(_summaries(connection, table, found))
        columns = "".join(f", {sql} AS {identifier(name)}" for name, sql in summed.items())
        person = identifier(table.table.person)
        rows = f"FROM {table.source} WHERE {table.condition} GROUP BY {person}"
        parts.append(f"(SELECT {person} AS person{columns} {rows}) AS t{number}")
        names += summed
    joined = parts[0] + "".join(f" FULL JOIN {part} USING (person)" for part in parts[1:])
    listed = ", ".join(["person", *map(identifier, names)])
    connection.execute(f"CREATE TEMP TABLE people AS SELECT {listed} FROM {joined}")
    return names


def _quasi_identifiers(table: CutTable) -> Iterator[Variable]:
    return (variable for variable in table.chosen if variable.sensitivity is Sensitivity.QUASI_IDENTIFIER)


def _summaries(
    connection: duckdb.DuckDBPyConnection, table: CutTable, found: Sequence[Variable]
) -> Iterator[tuple[str, str]]:
    """Give each quasi-identifier of a person as a name and an aggregate over the person's rows."""
    if not found:
        return
    person = identifier(table.table.person)
    each = f"SELECT count(*) = count(DISTINCT {person}) FROM {table.source} WHERE {table.condition}"
    one_each = connection.execute(each).fetchone() == (True,)
    as_told_apart = {name: rule for name, rule in table.generalise.items() if not (rule.shift or rule.blind)}
    for variable in found:
        value = expression(table.table, variable, as_told_apart)
        name = f"{table.table_id}.{variable.name}"
        if one_each:
            yield name, f"any_value({value})"
        else:
            yield f"{name} (least)", f"min({value})"
            yield f"{name} (most)", f"max({value})"
    if not one_each:
        yield f"{table.table_id} (rows)", "count(*)"


def _combinations(names: Sequence[str]) -> list[tuple[str, ...]]:
    found = [tuple(names)] if names else []
    for size in range(1, min(MOST_TOGETHER, len(names) - 1) + 1):
        for chosen in combinations(names, size):
            if len(found) == MOST_COMBINATIONS:
                return found
            found.append(chosen)
    return found


def _measured(connection: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> Anonymity:
    columns = ", ".join(map(identifier, names))
    small = ", ".join(f"coalesce(sum(size) FILTER (WHERE size < {k}), 0)::BIGINT" for k in SMALL)
    classes = f"SELECT count(*) AS size FROM people GROUP BY {columns}"
    found = connection.execute(f"SELECT coalesce(sum(size), 0)::BIGINT, min(size), {small} FROM ({classes})").fetchone()
    assert found is not None
    people, smallest, *in_small = found
    return Anonymity(names, people, smallest or 0, dict(zip(SMALL, in_small, strict=True)))


def facts(measured: Sequence[Anonymity], shown: int = 6) -> list[tuple[str, str]]:
    """Return, as names and values to show, all quasi-identifiers together and the combinations that tell most."""
    if not measured:
        return [("k-anonymity", "the cut has no quasi-identifier")]
    together, *parts = measured
    worst = sorted(parts, key=lambda one: (-one.in_small[SMALL[0]], len(one.quasi_identifiers)))[: shown - 1]
    return [(", ".join(one.quasi_identifiers), _in_words(one)) for one in (together, *worst)]


def _in_words(one: Anonymity) -> str:
    small = "; ".join(f"{count:,} of {one.people:,} people in classes below {k}" for k, count in one.in_small.items())
    return f"smallest class {one.smallest:,}; {small}"
