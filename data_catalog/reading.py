"""Read a source file as it is: every value as text, every row kept, or a report of why it can't be read."""

import csv
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from core.errors import InvalidInput
from core.files import sha256_file
from data_catalog.engine import identifier, literal
from data_catalog.hints import did_you_mean
from data_catalog.models import Table
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

_CHUNK = 1 << 20
_LONGEST_HEADER = 1 << 16


@dataclass(frozen=True)
class SourceFile:
    """A source file's own copy, which nobody else can change while it is read."""

    name: str
    path: Path
    sha256: str
    bytes: int


def take_source(table: Table, sources: Path, folder: Path) -> SourceFile:
    """Copy a table's source file into a private folder; raises InvalidInput where there is none."""
    original = sources / table.file
    if not original.is_file():
        raise InvalidInput(f"There is no file {table.file} in {sources}.", f"It holds the table {table.name}.")
    copy = folder / f"{table.name}.csv"
    shutil.copyfile(original, copy)
    return SourceFile(table.file, copy, sha256_file(copy), copy.stat().st_size)


def read_source(connection: duckdb.DuckDBPyConnection, table: Table, source: SourceFile) -> list[Finding]:
    """Read a source file into the table `<name>_raw` (`_row` from 1, then texts); return what is wrong with its form.

    Blank lines are passed over. Where anything is returned, the table is not to be used.
    """
    newline, problems = _line_ends(table, source)
    if not problems:
        columns = _header(source.path)
        problems = _check_header(table, columns) or _load(connection, table, source, columns, newline)
    return problems


def _line_ends(table: Table, source: SourceFile) -> tuple[str, list[Finding]]:
    """Tell how lines end (DuckDB drops rows silently when told wrong), and refuse NUL bytes and mixed line ends."""
    nul = feeds = returns = pairs = 0
    last = b""
    with source.path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            nul += chunk.count(b"\0")
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += (last + chunk).count(b"\r\n")
            last = chunk[-1:] if chunk.endswith(b"\r") else b""
    problems = []
    if nul:
        problems.append(Finding(table.name, "–", f"{source.name} has NUL bytes and is no text file in UTF-8", nul))
    if returns not in (0, pairs) or (returns and feeds != pairs):
        rule = f"{source.name} must end its lines all with LF or all with CR LF, and use neither otherwise"
        problems.append(Finding(table.name, "–", rule, 1))
    return ("\\r\\n" if returns else "\\n"), problems


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        first = file.readline(_LONGEST_HEADER)
    text = first.decode("utf-8-sig", errors="replace")
    return next(csv.reader(io.StringIO(text)), [])


def _check_header(table: Table, columns: list[str]) -> list[Finding]:
    declared = [variable.column for variable in table.variables]
    problems = [
        Finding(table.name, column, f"missing from the header of {table.file}{did_you_mean(column, columns)}", 1)
        for column in declared
        if column not in columns
    ]
    for column in dict.fromkeys(columns):
        if column not in declared:
            problems.append(Finding(table.name, repr(column), f"not declared{did_you_mean(column, declared)}", 1))
        elif columns.count(column) > 1:
            problems.append(Finding(table.name, column, "in the header more than once", columns.count(column)))
    return problems


def _load(
    connection: duckdb.DuckDBPyConnection, table: Table, source: SourceFile, columns: list[str], newline: str
) -> list[Finding]:
    names = {variable.column: variable.name for variable in table.variables}
    kinds = ", ".join(f"{literal(names[column])}: 'VARCHAR'" for column in columns)
    options = (
        f"columns = {{{kinds}}}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"new_line = '{newline}', encoding = 'utf-8', store_rejects = true, rejects_limit = 0"
    )
    try:
        connection.execute(
            f"CREATE TABLE {raw_name(table)} AS SELECT row_number() OVER () AS _row, * "
            f"FROM read_csv({literal(str(source.path))}, {options})"
        )
    except duckdb.Error:
        return [Finding(table.name, "–", f"{source.name} is no CSV file: commas between, double quotes around", 1)]
    return _rejects(connection, table) or _check_count(connection, table, source, columns)


def _check_count(
    connection: duckdb.DuckDBPyConnection, table: Table, source: SourceFile, columns: list[str]
) -> list[Finding]:
    """Have a second parser count the rows: one alone can lose some without a word (docs/adr/0007)."""
    kept = connection.execute(f"SELECT count(*) FROM {raw_name(table)}").fetchone()
    assert kept is not None
    parsing = pa.csv.ParseOptions(newlines_in_values=True)
    converting = pa.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.binary()))
    try:
        with pa.csv.open_csv(source.path, parse_options=parsing, convert_options=converting) as batches:
            counted = sum(batch.num_rows for batch in batches)
    except pa.ArrowInvalid:
        counted = None
    if not counted or counted != kept[0]:
        rule = f"its rows can't be told apart: two parsers count {kept[0]} and {counted or 'none'}"
        return [Finding(table.name, "–", rule, 1)]
    return []


def _rejects(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Finding]:
    """Turn the rows DuckDB could not take into findings, and empty its list for the next file."""
    totals = connection.execute(
        "SELECT error_type, count(*), list(line ORDER BY line) FROM reject_errors GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return [
        Finding(
            table.name,
            "–",
            f"{_FORM_RULES.get(kind, kind.lower())}; rows here count the header as 1",
            total,
            tuple(Violation(line, None) for line in lines[:SHOWN_PER_RULE]),
        )
        for kind, total, lines in totals
    ]


_FORM_RULES = {
    "MISSING COLUMNS": "fewer values than the header has columns",
    "TOO MANY COLUMNS": "more values than the header has columns",
    "UNQUOTED VALUE": "a quotation mark that is not closed, or stands in the middle of a value",
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": "a line of over two million bytes",
}


def raw_name(table: Table) -> str:
    """Return the quoted name of the table a source is read into."""
    return identifier(f"{table.name}_raw")
