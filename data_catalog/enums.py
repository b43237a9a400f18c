"""Texts of few values as DuckDB enums: a byte a row to sort, and Parquet's dictionary without a look-up per row."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from data_catalog.engine import identifier, literal

MOST_VALUES = 255
"""As many as a byte counts; a text of more values stays a text."""


def make_enums(
    connection: duckdb.DuckDBPyConnection, table: str, path: Path, condition: str, names: Sequence[str]
) -> dict[str, str]:
    """Make an enum for each text column of few values; return by name the expression that stands for the text.

    An enum goes into the Parquet whole. So it holds the values of the rows under the condition and no other, in their
    own order. Columns that are left out of the answer, as many-valued ones are, are read as the texts they are.
    """
    kept = _kept_as_few(connection, path, names)
    if not kept:
        return {}
    lists = (
        f"list_sort(list(DISTINCT {name}) FILTER ({name} IS NOT NULL)) AS {name}" for name in map(identifier, kept)
    )
    connection.execute(
        f"CREATE TEMP TABLE found AS SELECT {', '.join(lists)} FROM read_parquet({literal(str(path))}) "
        f"WHERE {condition}"
    )
    counts = connection.execute("SELECT coalesce(len(COLUMNS(*)), 0) FROM found").fetchall()[0]
    few = [name for name, count in zip(kept, counts, strict=True) if count <= MOST_VALUES]
    types = {name: identifier(f"{table}.{name}") for name in few}
    for name, kind in types.items():
        connection.execute(f"CREATE TYPE {kind} AS ENUM (SELECT unnest({identifier(name)}) FROM found)")
    connection.execute("DROP TABLE found")
    return {name: _of_text(identifier(name), kind) for name, kind in types.items()}


def _kept_as_few(connection: duckdb.DuckDBPyConnection, path: Path, names: Sequence[str]) -> list[str]:
    """Return the columns that have few values in every row group, by the count DuckDB keeps of its dictionaries."""
    found = connection.execute(
        f"SELECT path_in_schema FROM parquet_metadata({literal(str(path))}) GROUP BY path_in_schema "
        f"HAVING count(*) = count(stats_distinct_count) AND max(stats_distinct_count) <= {MOST_VALUES}"
    ).fetchall()
    few = {name for (name,) in found}
    return [name for name in names if name in few]


def _of_text(column: str, kind: str) -> str:
    """Return the enum of a text: looked up once per dictionary of the file, where a cast would do so for every row.

    A text that is not among the values would become missing; the cast behind it refuses that.
    """
    texts = f"enum_range(NULL::{kind})"
    return f"coalesce(({texts}::{kind}[])[list_position({texts}, {column})], {column}::{kind})"
