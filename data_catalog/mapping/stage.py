"""Run a mapping: raw tables of text become typed tables of the model, and what can't be read becomes findings.

Each block of a mapping is one pass over its rows: every value is read, and a bit of `_bad` is set for each variable
whose text is there and means nothing. A row keeps its number (and its block's) as `_row`, so that whatever is found
later, in the schema or across tables, still says which row of which file it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from data_catalog.engine import identifier
from data_catalog.errors import DataRejected
from data_catalog.mapping.models import MappingFile, TableSource
from data_catalog.mapping.relations import Relation, ambiguities, relation
from data_catalog.mapping.usage import absent_variables, unused_content, used_columns
from data_catalog.mapping.values import Value, value
from data_catalog.models import Table
from data_catalog.report import SHOWN_PER_RULE, Finding, Report, Violation
from data_catalog.sources.reading import raw_name
from data_catalog.sources.texts import FILE

_DONE = {
    "refuse": "",
    "missing": "; read as missing, as the mapping says (the first row of each text)",
    "leave_out": "; its rows are left out, as the mapping says (the first row of each text)",
}
_BLOCK_SHIFT = 44
_ROW_MASK = (1 << _BLOCK_SHIFT) - 1


@dataclass(frozen=True)
class Reading:
    """How well one variable of one block was read: `unread` of `present` texts mean nothing."""

    table: str
    file: str
    variable: str
    source: str
    present: int
    unread: int

    @property
    def rate(self) -> float:
        """The unmapped rate."""
        return self.unread / self.present if self.present else 0.0


@dataclass(frozen=True)
class Staged:
    """What a mapping made: rows and left-out duplicates by table, how every variable was read, and what is wrong.

    `reported` is what refuses nothing and is to be known: texts that mean nothing, rows left out, what was not used.
    """

    rows: Mapping[str, int]
    duplicates: Mapping[str, int]
    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]
    reported: tuple[Finding, ...] = ()


def typed(table: str) -> str:
    """Return the quoted name of the typed table: the variables of the declaration, and `_row`."""
    return identifier(f"typed_{table}")


def stage(connection: duckdb.DuckDBPyConnection, mapping: MappingFile) -> Staged:
    """Make the typed table of every mapped table from the raw tables `raw_<file>`.

    Raises ExpressionRefused where the mapping names a column its file does not have, and DataRejected where an SDTM
    domain is without one.
    """
    for file in mapping.files:
        _complete(connection, mapping, file)
    columns = {file: _columns(connection, file) for file in mapping.files}
    if absent := list(absent_variables(connection, mapping, columns)):
        raise DataRejected(Report(mapping.id, tuple(absent), "mapping"))
    readings: list[Reading] = []
    findings: list[Finding] = []
    reported: list[Finding] = []
    rows, duplicates = {}, {}
    for table in mapping.declaration.tables:
        blocks = mapping.blocks(table.name)
        for number, block in enumerate(blocks):
            for refuses, ambiguous in _ambiguous(connection, block, columns):
                (findings if refuses else reported).append(ambiguous)
            made = _stage_block(connection, mapping, table, block, number, columns)
            readings += made[0]
            findings += made[1]
            reported += made[2]
        total, kept = _put_together(connection, table, blocks)
        rows[table.name], duplicates[table.name] = kept, total - kept
    reported += unused_content(connection, mapping, columns)
    return Staged(rows, duplicates, tuple(readings), tuple(findings), tuple(reported))


def located(
    connection: duckdb.DuckDBPyConnection, mapping: MappingFile, findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Return findings about typed tables with the rows as their source files number them."""
    return tuple(_located(connection, mapping, finding) for finding in findings)


def _complete(connection: duckdb.DuckDBPyConnection, mapping: MappingFile, file: str) -> None:
    """Give a file that a delivery is rightly without the columns that are asked of it; it has no rows."""
    spec, there = mapping.files[file], set(_columns(connection, file))
    if spec.optional and there.issubset(spec.columns):
        for column in sorted(used_columns(mapping, file) - there):
            connection.execute(f"ALTER TABLE {raw_name(file)} ADD COLUMN {identifier(column)} VARCHAR")


def _columns(connection: duckdb.DuckDBPyConnection, file: str) -> list[str]:
    described = connection.execute(f"DESCRIBE {raw_name(file)}").fetchall()
    return [name for name, *_ in described if name not in ("_row", FILE)]


def _stage_block(
    connection: duckdb.DuckDBPyConnection,
    mapping: MappingFile,
    table: Table,
    block: TableSource,
    number: int,
    columns: Mapping[str, Sequence[str]],
) -> tuple[list[Reading], list[Finding], list[Finding]]:
    """Read a block's rows; return how, and what is found: what refuses, and what is reported."""
    rows = relation(block, columns)
    values = list(_values(table, block, rows, mapping.files[block.from_].decimal))
    staged = _staged(table.name, number)
    connection.execute(f"CREATE TABLE {staged} AS {_reading_query(table, rows, values, number)}")
    counted = connection.execute(_counting_query(staged, values)).fetchone()
    assert counted is not None
    readings = [
        Reading(table.name, block.from_, v.name, block.variables[v.name].to_text(), there + bad, bad)
        for v, there, bad in zip(values, counted[::2], counted[1::2], strict=True)
    ]
    findings: list[Finding] = []
    reported: list[Finding] = []
    for bit, (made, reading) in enumerate(zip(values, readings, strict=True)):
        refuses = block.variables[made.name].unknown == "refuse"
        if reading.unread:
            found = _unread(connection, mapping, block, staged, rows, (bit, made), reading)
            (findings if refuses else reported).append(found)
    for made in values:
        if block.variables[made.name].unknown == "leave_out":
            reported += _leave_out(connection, mapping, block, staged, made)
    return readings, findings, reported


def _leave_out(
    connection: duckdb.DuckDBPyConnection, mapping: MappingFile, block: TableSource, staged: str, made: Value
) -> Iterator[Finding]:
    """Take the rows without a value that a mapping asks for out of a block; say how many they were."""
    without = f"{identifier(made.name)} IS NULL"
    found = connection.execute(
        f"SELECT _row & {_ROW_MASK}, count(*) OVER () FROM {staged} WHERE {without} ORDER BY 1 LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if found:
        connection.execute(f"DELETE FROM {staged} WHERE {without}").fetchall()
        rule = f"rows left out, as the mapping says: they have no {made.name}"
        shown = tuple(Violation(row, None) for row, _ in found)
        yield _in_file(connection, mapping, block, Finding(block.table, made.name, rule, found[0][1], shown))


def _values(table: Table, block: TableSource, rows: Relation, decimal: str) -> Iterator[Value]:
    for variable in table.variables:
        if variable.name in block.variables:
            yield value(variable, block.variables[variable.name], rows.columns, decimal)


def _reading_query(table: Table, rows: Relation, values: Sequence[Value], number: int) -> str:
    """Return the query that reads each text once, and marks in `_bad` which of them mean nothing."""
    read = [f"_row + {number << _BLOCK_SHIFT} AS _row"]
    for made in values:
        read += [f"{made.text} AS {_text_of(made)}", f"{made.typed} AS {identifier(made.name)}"]
        if made.precision:
            name, precision = made.precision
            read.append(f"CASE WHEN {made.typed} IS NOT NULL THEN {precision} END AS {identifier(name)}")
    names = {made.name for made in values} | {made.precision[0] for made in values if made.precision}
    kept = [
        identifier(v.name) if v.name in names else f"CAST(NULL AS {v.sql_type}) AS {identifier(v.name)}"
        for v in table.variables
    ]
    bad = " + ".join(
        f"({_text_of(made)} IS NOT NULL AND {identifier(made.name)} IS NULL)::BIGINT * {1 << bit}"
        for bit, made in enumerate(values)
    )
    return f"SELECT _row, {', '.join(kept)}, {bad} AS _bad FROM (SELECT {', '.join(read)} FROM ({rows.sql}))"


def _text_of(made: Value) -> str:
    return identifier(f"{made.name}_text")


def _counting_query(staged: str, values: Sequence[Value]) -> str:
    counts = ", ".join(
        f"count({identifier(made.name)}), count(*) FILTER (WHERE _bad & {1 << bit} <> 0)"
        for bit, made in enumerate(values)
    )
    return f"SELECT {counts} FROM {staged}"


def _unread(
    connection: duckdb.DuckDBPyConnection,
    mapping: MappingFile,
    block: TableSource,
    staged: str,
    rows: Relation,
    made: tuple[int, Value],
    reading: Reading,
) -> Finding:
    bit, compiled = made
    variable = block.variables[compiled.name]
    bad = f"SELECT _row & {_ROW_MASK} AS _row FROM {staged} WHERE _bad & {1 << bit} <> 0"
    first = f"{bad} ORDER BY _row LIMIT {SHOWN_PER_RULE}" if variable.unknown == "refuse" else bad
    told = f"SELECT _row, {compiled.text} AS _text FROM ({rows.sql}) WHERE _row IN (SELECT _row FROM ({first}))"
    if variable.unknown != "refuse":  # what is not known is to be seen, not each row of it
        told = f"SELECT min(_row) AS _row, _text FROM ({told}) GROUP BY _text"
    texts = connection.execute(f"{told} ORDER BY _row LIMIT {SHOWN_PER_RULE}").fetchall()
    if variable.codes:
        rule = "no code of the mapping; say what it means under codes, or list it under missing"
    elif variable.dates:
        rule = f"no date of the form {' or '.join(variable.dates)}; dates lists the forms, missing what means none"
    else:
        rule = f"can not be read as {compiled.name} of {block.table}"
    rule += _DONE[variable.unknown]
    shown = tuple(Violation(row, text) for row, text in texts)
    finding = Finding(block.table, variable.column or compiled.name, rule, reading.unread, shown)
    return _in_file(connection, mapping, block, finding)


def _ambiguous(
    connection: duckdb.DuckDBPyConnection, block: TableSource, columns: Mapping[str, Sequence[str]]
) -> Iterator[tuple[bool, Finding]]:
    """Yield what a block can not choose between, and whether that refuses the delivery."""
    for ambiguity in ambiguities(block, columns):
        found = connection.execute(
            f"SELECT _row, count(*) OVER () FROM ({ambiguity.sql}) ORDER BY _row LIMIT {SHOWN_PER_RULE}"
        ).fetchall()
        if found:
            shown = tuple(Violation(row, None) for row, _ in found)
            yield ambiguity.refuses, Finding(block.table, "–", ambiguity.words, found[0][1], shown)


def _put_together(
    connection: duckdb.DuckDBPyConnection, table: Table, blocks: Sequence[TableSource]
) -> tuple[int, int]:
    """Make the typed table of all blocks, without the repeated rows a mapping says to leave out."""
    names = ", ".join(["_row", *(identifier(v.name) for v in table.variables)])
    parts = " UNION ALL ".join(f"SELECT {names} FROM {_staged(table.name, number)}" for number in range(len(blocks)))
    repeated = ""
    if table.unique and any(block.duplicates == "first" for block in blocks):
        keys = ", ".join(map(identifier, table.unique))
        repeated = f" QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY _row) = 1"
    kind = "TABLE" if repeated else "VIEW"  # looked at many times; which row is first is not to be found out each time
    connection.execute(f"CREATE {kind} {typed(table.name)} AS SELECT {names} FROM ({parts}){repeated}")
    counted = connection.execute(
        f"SELECT (SELECT count(*) FROM ({parts})), (SELECT count(*) FROM {typed(table.name)})"
    ).fetchone()
    assert counted is not None
    return int(counted[0]), int(counted[1])


def _staged(table: str, number: int) -> str:
    return identifier(f"staged_{table}_{number}")


def _located(connection: duckdb.DuckDBPyConnection, mapping: MappingFile, finding: Finding) -> Finding:
    """Say rows as the file of the first violation numbers them; violations of other files are counted only."""
    blocks = mapping.blocks(finding.table)
    if not blocks or not finding.first:
        return finding
    number = finding.first[0].row >> _BLOCK_SHIFT
    shown = tuple(
        Violation(violation.row & _ROW_MASK, violation.value)
        for violation in finding.first
        if violation.row >> _BLOCK_SHIFT == number
    )
    return _in_file(connection, mapping, blocks[number], Finding(**{**finding.__dict__, "first": shown}))


def _in_file(
    connection: duckdb.DuckDBPyConnection, mapping: MappingFile, block: TableSource, finding: Finding
) -> Finding:
    """Name the file in the finding; of a file given as a pattern, the one that the first row shown is in."""
    spec = mapping.files[block.from_]
    name, first, last = spec.named, 1, None
    if finding.first and _has_files(connection, block.from_):
        name, first, last = _file_of(connection, block.from_, finding.first[0].row)
    shown = tuple(
        Violation(violation.row - first + 1, violation.value)
        for violation in finding.first
        if last is None or first <= violation.row <= last
    )
    return Finding(f"{finding.table} from {name}", finding.column, finding.rule, finding.total, shown)


def _has_files(connection: duckdb.DuckDBPyConnection, file: str) -> bool:
    described = connection.execute(f"DESCRIBE {raw_name(file)}").fetchall()
    return any(name == FILE for name, *_ in described)


def _file_of(connection: duckdb.DuckDBPyConnection, file: str, row: int) -> tuple[str, int, int]:
    found = connection.execute(
        f"SELECT any_value({FILE}), min(_row), max(_row) FROM {raw_name(file)} "
        f"WHERE {FILE} = (SELECT {FILE} FROM {raw_name(file)} WHERE _row = {int(row)})"
    ).fetchone()
    assert found is not None
    return str(found[0]), int(found[1]), int(found[2])
