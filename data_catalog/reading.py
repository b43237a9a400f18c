"""Read a declared dataset's source file as it is: every value as text, every row kept, or why it can't be read."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.errors import InvalidInput
from core.files import sha256_file
from data_catalog.engine import identifier
from data_catalog.hints import did_you_mean
from data_catalog.models import Table
from data_catalog.report import Finding
from data_catalog.sources import delimited


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
    newline, problems = delimited.line_ends(table.name, source.path)
    if problems:
        return problems
    columns = delimited.header(source.path)
    if problems := _check_header(table, columns):
        return problems
    names = {variable.column: variable.name for variable in table.variables}
    read = {column: names[column] for column in columns}
    loaded = delimited.load(connection, table.name, source.path, raw_name(table), read, newline=newline)
    return loaded or _check_count(connection, table, source, columns)


def raw_name(table: Table) -> str:
    """Return the quoted name of the table a source is read into."""
    return identifier(f"{table.name}_raw")


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


def _check_count(
    connection: duckdb.DuckDBPyConnection, table: Table, source: SourceFile, columns: list[str]
) -> list[Finding]:
    """Have a second parser count the rows: one alone can lose some without a word (docs/adr/0007)."""
    kept = connection.execute(f"SELECT count(*) FROM {raw_name(table)}").fetchone()
    assert kept is not None
    counted = delimited.count_rows(source.path, columns)
    if not counted or counted != kept[0]:
        rule = f"its rows can't be told apart: two parsers count {kept[0]} and {counted or 'none'}"
        return [Finding(table.name, "–", rule, 1)]
    return []
