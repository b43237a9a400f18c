"""SDTM's supplemental qualifiers, put back on the rows they qualify.

A SUPP-- row says: of the parent row of this person whose variable IDVAR is IDVARVAL (of every one, where IDVAR is
blank), the qualifier QNAM is QVAL.
"""

from collections.abc import Iterator

import duckdb

from data_catalog.engine import identifier, literal
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

_NEEDED = ("USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
_PERSON = "USUBJID"


def merge_supplemental(
    connection: duckdb.DuckDBPyConnection, label: str, parent: str, supplemental: str
) -> list[Finding]:
    """Give the parent table a column for each qualifier; both are quoted names of tables of texts with `_row`.

    Returns qualifiers that say two things of one row, that have no row, or that are a column of the parent already.
    """
    columns = _columns(connection, parent)
    if missing := [name for name in _NEEDED if name not in _columns(connection, supplemental)]:
        return [Finding(label, name, "missing from the supplemental qualifiers", 1) for name in missing]
    pairs = connection.execute(f"SELECT DISTINCT coalesce(IDVAR, ''), QNAM FROM {supplemental} ORDER BY ALL").fetchall()
    names = sorted({name for _, name in pairs})
    problems = [Finding(label, name, "a qualifier, and a column too", 1) for name in names if name in columns]
    keys = sorted({key for key, _ in pairs})
    problems += [Finding(label, key, "named by IDVAR, and no column", 1) for key in keys if key and key not in columns]
    problems = problems or [f for key in keys for f in _unfit(connection, label, parent, supplemental, key)]
    if not problems and names:
        _merge(connection, parent, supplemental, keys, names)
    return problems


def _merge(
    connection: duckdb.DuckDBPyConnection, parent: str, supplemental: str, keys: list[str], names: list[str]
) -> None:
    joins = ""
    for number, key in enumerate(keys):
        wide = ", ".join(f"min(QVAL) FILTER (WHERE QNAM = {literal(name)}) AS {identifier(name)}" for name in names)
        rows = (
            f"SELECT {_PERSON}, {_plain('IDVARVAL')} AS _at, {wide} FROM {supplemental} WHERE {_of(key)} GROUP BY ALL"
        )
        joins += f" LEFT JOIN ({rows}) AS s{number} ON {_match(f's{number}', key)}"
    made = ", ".join(
        f"coalesce({', '.join(f's{number}.{identifier(name)}' for number in range(len(keys)))}) AS {identifier(name)}"
        for name in names
    )
    merged = identifier(parent.strip('"') + "_merged")
    connection.execute(f"CREATE TABLE {merged} AS SELECT p.*, {made} FROM {parent} AS p{joins} ORDER BY p._row")
    connection.execute(f"DROP TABLE {parent}; ALTER TABLE {merged} RENAME TO {parent}")


def _unfit(
    connection: duckdb.DuckDBPyConnection, label: str, parent: str, supplemental: str, key: str
) -> Iterator[Finding]:
    own = f"SELECT _row, {_PERSON}, {_plain('IDVARVAL')} AS _at, QNAM, QVAL FROM {supplemental} WHERE {_of(key)}"
    two = f"FROM ({own}) QUALIFY row_number() OVER (PARTITION BY {_PERSON}, _at, QNAM ORDER BY _row) > 1"
    alone = f"FROM ({own}) AS s WHERE NOT EXISTS (FROM {parent} AS p WHERE {_match('s', key)})"
    for rows, rule in (
        (two, "a second value of one qualifier for one row"),
        (alone, "a qualifier of a row that is not there"),
    ):
        found = connection.execute(
            f"SELECT _row, QNAM, count(*) OVER () FROM (SELECT * {rows}) ORDER BY _row LIMIT {SHOWN_PER_RULE}"
        ).fetchall()
        if found:
            shown = tuple(Violation(row, name) for row, name, _ in found)
            yield Finding(label, "QNAM", rule, found[0][2], shown)


def _of(key: str) -> str:
    return f"IDVAR = {literal(key)}" if key else "IDVAR IS NULL"


def _match(alias: str, key: str) -> str:
    person = f"p.{_PERSON} = {alias}.{_PERSON}"
    return f"{person} AND {_plain(f'p.{identifier(key)}')} = {alias}._at" if key else person


def _plain(text: str) -> str:
    """Return SQL of a number written one way: IDVARVAL is text, and pads or points numbers as it likes."""
    return f"coalesce(CAST(TRY_CAST(trim({text}) AS DOUBLE) AS VARCHAR), trim({text}))"


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
