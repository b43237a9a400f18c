"""SDTM's datasets put together: one domain of many files, and supplemental qualifiers back on the rows they qualify.

A SUPP-- row says: of the parent row of this person whose variable IDVAR is IDVARVAL (of every one, where IDVAR is
blank), the qualifier QNAM is QVAL.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import duckdb

from data_catalog.engine import identifier, literal
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation
from data_catalog.sources.texts import FILE, ROW

_NEEDED = ("USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
_PERSON = "USUBJID"
_STUDY = "STUDYID"
_QUALIFIERS = "SUPP"


def domain_problems(connection: duckdb.DuckDBPyConnection, label: str, table: str, domain: str) -> list[Finding]:
    """Return why the files that hold a domain are not that domain once: another's rows, or a record of two files.

    `table` is the quoted name of their rows, with `_file`. Qualifiers are held against their parents' rows instead.
    """
    columns = _columns(connection, table)
    if domain.startswith(_QUALIFIERS):
        return []
    if "DOMAIN" in columns:
        rows = f"FROM {table} WHERE upper(DOMAIN) <> {literal(domain)}"
        rule = f"a row of another domain than {domain}, which the file's first row is of"
        if found := list(_found(connection, label, rows, rule, column="DOMAIN")):
            return found
    return list(_in_two_files(connection, label, table, domain, columns))


def _in_two_files(
    connection: duckdb.DuckDBPyConnection, label: str, table: str, domain: str, columns: Sequence[str]
) -> Iterator[Finding]:
    """Yield that files of one study hold the same record: one is a copy or another state, and not a part."""
    study = _STUDY if _STUDY in columns else "''"
    studies = f"SELECT {study} FROM {table} GROUP BY ALL HAVING count(DISTINCT {FILE}) > 1"
    shared = connection.execute(f"SELECT count(*) FROM ({studies})").fetchone()
    sequence = f"{domain}SEQ"
    keys = [name for name in (_STUDY, _PERSON, sequence) if name in columns]
    if not shared or not shared[0]:
        return
    by = ", ".join(map(identifier, keys)) or "true"
    found = connection.execute(
        f"SELECT min(_row), string_agg(DISTINCT {FILE}, ', ' ORDER BY {FILE}), count(*) OVER () FROM {table} "
        f"GROUP BY {by} HAVING count(DISTINCT {FILE}) > 1 ORDER BY 1 LIMIT 1"
    ).fetchone()
    if found:
        told = f"{' and '.join(keys) or 'no key'} (a record of a split domain is in one of its files alone)"
        yield Finding(label, "–", f"{found[1]} hold records of the same {told}", found[2])


def merge_supplemental(
    connection: duckdb.DuckDBPyConnection, label: str, parent: str, supplemental: str
) -> list[Finding]:
    """Give the parent table a column for each qualifier; both are quoted names of tables of texts with `_row`.

    Returns qualifiers that say two things of one row, that have no row, that are a column of the parent already, or
    that are another domain's.
    """
    problems = list(_unlike(connection, label, parent, supplemental))
    if problems:
        return problems
    pairs = connection.execute(f"SELECT DISTINCT coalesce(IDVAR, ''), QNAM FROM {supplemental} ORDER BY ALL").fetchall()
    names, keys = sorted({name for _, name in pairs}), sorted({key for key, _ in pairs})
    problems = list(_misnamed(label, names, keys, _columns(connection, parent)))
    problems = problems or [f for key in keys for f in _unfit(connection, label, parent, supplemental, key)]
    if not problems and len(pairs) > len(names):
        problems = list(_contradicting(connection, label, parent, supplemental, keys))
    if not problems and names:
        _merge(connection, parent, supplemental, keys, names)
    return problems


def _merge(
    connection: duckdb.DuckDBPyConnection, parent: str, supplemental: str, keys: Sequence[str], names: Sequence[str]
) -> None:
    joins = ""
    for number, key in enumerate(keys):
        wide = ", ".join(f"min(QVAL) FILTER (WHERE QNAM = {literal(name)}) AS {identifier(name)}" for name in names)
        rows = f"SELECT {_PERSON}, _at, {wide} FROM ({_own(supplemental, key)}) GROUP BY ALL"
        joins += f" LEFT JOIN ({rows}) AS s{number} ON {_match(f's{number}', key)}"
    made = ", ".join(
        f"coalesce({', '.join(f's{number}.{identifier(name)}' for number in range(len(keys)))}) AS {identifier(name)}"
        for name in names
    )
    merged = identifier(parent.strip('"') + "_merged")
    connection.execute(f"CREATE TABLE {merged} AS SELECT p.*, {made} FROM {parent} AS p{joins} ORDER BY p._row")
    connection.execute(f"DROP TABLE {parent}; ALTER TABLE {merged} RENAME TO {parent}")


def _unlike(connection: duckdb.DuckDBPyConnection, label: str, parent: str, supplemental: str) -> Iterator[Finding]:
    """Yield why these can not be qualifiers of that parent."""
    own, columns = _columns(connection, supplemental), _columns(connection, parent)
    missing = [name for name in _NEEDED if name not in own]
    yield from (Finding(label, name, "missing from the supplemental qualifiers", 1) for name in missing)
    if _PERSON not in columns:
        yield Finding(label, _PERSON, "missing from the rows that are qualified", 1)
    if not missing:
        yield from _found(connection, label, f"FROM {supplemental} WHERE QNAM IS NULL", "a qualifier without a name")
    if not missing and "RDOMAIN" in own and "DOMAIN" in columns:
        other = f"FROM {supplemental} WHERE RDOMAIN NOT IN (SELECT DOMAIN FROM {parent} WHERE DOMAIN IS NOT NULL)"
        rule = "a qualifier of another domain: the mapping may choose with where = \"RDOMAIN = '…'\""
        yield from _found(connection, label, other, rule)


def _misnamed(label: str, names: Sequence[str], keys: Sequence[str], columns: Sequence[str]) -> Iterator[Finding]:
    """Yield qualifiers that would be a second column of one name, DuckDB taking no account of case."""
    taken = {column.lower() for column in (*columns, ROW, FILE)}
    times = Counter(name.lower() for name in names)
    for name in names:
        if name.lower() in taken:
            yield Finding(label, name, "a qualifier, and a column too", 1)
        elif times[name.lower()] > 1:
            yield Finding(label, name, "a qualifier that differs from another in upper and lower case alone", 1)
    yield from (Finding(label, key, "named by IDVAR, and no column", 1) for key in keys if key and key not in columns)


def _unfit(
    connection: duckdb.DuckDBPyConnection, label: str, parent: str, supplemental: str, key: str
) -> Iterator[Finding]:
    own = _own(supplemental, key)
    two = f"FROM ({own}) QUALIFY row_number() OVER (PARTITION BY {_PERSON}, _at, QNAM ORDER BY _row) > 1"
    alone = f"FROM ({own}) AS s WHERE NOT EXISTS (FROM {parent} AS p WHERE {_match('s', key)})"
    yield from _found(connection, label, two, "a second value of one qualifier for one row")
    yield from _found(connection, label, alone, "a qualifier of a row that is not there")


def _contradicting(
    connection: duckdb.DuckDBPyConnection, label: str, parent: str, supplemental: str, keys: Sequence[str]
) -> Iterator[Finding]:
    """Yield qualifiers that reach a row a second time by another IDVAR."""
    reached = " UNION ALL ".join(
        f"SELECT s._row, QNAM, p._row AS _of FROM ({_own(supplemental, key)}) AS s JOIN {parent} AS p "
        f"ON {_match('s', key)}"
        for key in keys
    )
    second = f"FROM ({reached}) QUALIFY row_number() OVER (PARTITION BY _of, QNAM ORDER BY _row) > 1"
    rule = "a second value of one qualifier for one row, by another IDVAR"
    yield from _found(connection, label, f"FROM (SELECT DISTINCT _row, QNAM {second})", rule)


def _found(
    connection: duckdb.DuckDBPyConnection, label: str, rows: str, rule: str, column: str = "QNAM"
) -> Iterator[Finding]:
    """Yield one finding of all these rows, if there are any."""
    found = connection.execute(
        f"SELECT _row, {column}, count(*) OVER () FROM (SELECT * {rows}) ORDER BY _row LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if found:
        yield Finding(label, column, rule, found[0][2], tuple(Violation(row, name) for row, name, _ in found))


def _own(supplemental: str, key: str) -> str:
    """Return SQL of the qualifiers of one IDVAR, `_at` being the value they name; without an IDVAR they name none."""
    at = _plain("IDVARVAL") if key else "CAST(NULL AS VARCHAR)"
    of = f"IDVAR = {literal(key)}" if key else "IDVAR IS NULL"
    return f"SELECT _row, {_PERSON}, {at} AS _at, QNAM, QVAL FROM {supplemental} WHERE {of}"


def _match(alias: str, key: str) -> str:
    person = f"p.{_PERSON} = {alias}.{_PERSON}"
    return f"{person} AND {_plain(f'p.{identifier(key)}')} = {alias}._at" if key else person


def _plain(text: str) -> str:
    """Return SQL of a number written one way: IDVARVAL is text, and pads or points numbers as it likes.

    As a decimal number, for a floating one takes two long numbers for one.
    """
    return f"coalesce(CAST(TRY_CAST(trim({text}) AS DECIMAL(38, 9)) AS VARCHAR), trim({text}))"


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
