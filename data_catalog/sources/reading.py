"""Read a delivery's files into raw tables of text, `raw_<name>`, as a mapping names them.

Each has `_row`, which counts a file's rows from 1 (over all files, where a path is a pattern: `_file` says which), and
every column of the source under its own name. Blank is missing.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data_catalog.engine import identifier, literal
from data_catalog.mapping.expressions import columns_of, compiled
from data_catalog.report import Finding
from data_catalog.sources import binary, delimited, readers, workbook
from data_catalog.sources.delivery import TakenFile, guess
from data_catalog.sources.files import FileSpec, Format
from data_catalog.sources.parsers import Parsers
from data_catalog.sources.sdtm import domain_problems, merge_supplemental
from data_catalog.sources.texts import FILE, ROW, unfit_names


def raw_name(name: str) -> str:
    """Return the quoted name of the table a file is read into."""
    return identifier(f"raw_{name}")


def variables_name(name: str) -> str:
    """Return the quoted name of the table that says which variables each file of a domain has: `file`, `variable`."""
    return identifier(f"variables_{name}")


@dataclass(frozen=True)
class _Decoded:
    """A file as it is read: how it is written, where it lies in UTF-8, how its lines end, and what is wrong so far."""

    spec: FileSpec
    path: Path
    newline: str = ""
    problems: tuple[Finding, ...] = ()


def read_files(
    connection: duckdb.DuckDBPyConnection,
    specs: Mapping[str, FileSpec],
    taken: Mapping[str, Sequence[TakenFile]],
    work: Path,
) -> list[Finding]:
    """Read every file of a mapping; return what is wrong with their form. Where anything is, no table is to be used."""
    problems = [
        Finding(name, spec.supplemental, "named as its qualifiers, and no file of the mapping", 1)
        for name, spec in specs.items()
        if spec.supplemental and spec.supplemental not in specs
    ]
    # Decoding is Python's work on one core, and what DuckDB does with the file before leaves the other free.
    with Parsers() as parsers, ThreadPoolExecutor(1) as ahead:
        decoded = {
            name: [ahead.submit(_decode, name, spec, file, work) for file in taken[name]]
            for name, spec in specs.items()
        }
        for name, spec in specs.items():
            problems += _read(connection, name, taken[name], decoded[name], spec, parsers)
    plain_first = sorted(specs.items(), key=lambda item: bool(item[1].supplemental))  # qualifiers' own `where` is done
    return problems or [f for name, spec in plain_first for f in _finish(connection, name, spec)]


def _read(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    files: Sequence[TakenFile],
    decoded: Sequence[Future[_Decoded]],
    spec: FileSpec,
    parsers: Parsers,
) -> list[Finding]:
    """Make a file's raw table out of one part for each file that matched."""
    parts = []
    for number, (file, begun) in enumerate(zip(files, decoded, strict=True)):
        part = identifier(f"part_{name}_{number}")
        label = _label(name, file)
        if problems := _read_one(connection, label, file, begun.result(), part, parsers):
            return problems
        if problems := _count(connection, label, file, part):
            return problems
        if spec.domain:
            _capitalise(connection, part)
        parts.append(part)
    if spec.domain:
        _note_variables(connection, name, [file.sent.path for file in files], parts)
    if len(parts) == 1 and not spec.is_pattern:
        connection.execute(f"ALTER TABLE {parts[0]} RENAME TO {raw_name(name)}")
    else:
        _put_together(connection, name, [file.sent.path for file in files], parts)
    return []


def _read_one(
    connection: duckdb.DuckDBPyConnection,
    label: str,
    file: TakenFile,
    decoded: _Decoded,
    part: str,
    parsers: Parsers,
) -> list[Finding]:
    spec = decoded.spec
    if spec.format in readers.BINARY:
        return binary.load(connection, label, file.copy, spec.format, part, parsers, spec.overruled)
    if spec.format is Format.PARQUET:
        return workbook.load_parquet(connection, label, file.copy, part)
    if spec.format is Format.XLSX:
        return workbook.load_xlsx(connection, label, file.copy, spec.sheet, part, parsers)
    return _read_csv(connection, label, decoded, part)


def _decode(name: str, spec: FileSpec, file: TakenFile, work: Path) -> _Decoded:
    """Make sure a CSV file is UTF-8 and see how its lines end; files of other formats are as they are."""
    written = guess(file.copy) if spec.domain else spec
    if written.format is not Format.CSV:
        return _Decoded(written, file.copy)
    path, problems = delimited.as_utf8(_label(name, file), file.copy, written.encoding, work)
    newline, wrong = ("", []) if problems else delimited.line_ends(_label(name, file), path)
    return _Decoded(written, path, newline, (*problems, *wrong))


def _label(name: str, file: TakenFile) -> str:
    return f"{name} ({file.sent.path})"


def _read_csv(connection: duckdb.DuckDBPyConnection, label: str, decoded: _Decoded, part: str) -> list[Finding]:
    if decoded.problems:
        return list(decoded.problems)
    spec, path = decoded.spec, decoded.path
    columns = delimited.header(path, spec.delimiter, spec.quote)
    if problems := unfit_names(label, columns):
        return problems
    names = {column: column for column in columns}
    return delimited.load(
        connection, label, path, part, names, newline=decoded.newline, delimiter=spec.delimiter, quote=spec.quote
    )


def _count(connection: duckdb.DuckDBPyConnection, label: str, file: TakenFile, part: str) -> list[Finding]:
    """Hold the rows that were read against those the sender counted, with another parser (docs/adr/0007)."""
    counted = connection.execute(f"SELECT count(*) FROM {part}").fetchone()
    assert counted is not None
    if counted[0] == file.sent.rows:
        return []
    return [Finding(label, "–", f"{counted[0]:,} rows were read, and {file.sent.rows:,} were sent", 1)]


def _put_together(connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[str], parts: Sequence[str]) -> None:
    if not parts:
        connection.execute(f"CREATE TABLE {raw_name(name)} ({ROW} BIGINT, {FILE} VARCHAR)")
        return
    rows = " UNION ALL BY NAME ".join(
        f"SELECT * REPLACE ({ROW} + {_rows(connection, parts[:number])} AS {ROW}), {literal(path)} AS {FILE} "
        f"FROM {part}"
        for number, (path, part) in enumerate(zip(paths, parts, strict=True))
    )
    connection.execute(f"CREATE TABLE {raw_name(name)} AS {rows}")
    connection.execute("; ".join(f"DROP TABLE {part}" for part in parts))


def _capitalise(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Write the names of an SDTM dataset's variables in capitals, as the standard does; some writers do not."""
    for column in _columns(connection, table):
        if column != column.upper():
            connection.execute(
                f"ALTER TABLE {table} RENAME COLUMN {identifier(column)} TO {identifier(column.upper())}"
            )


def _note_variables(
    connection: duckdb.DuckDBPyConnection, name: str, paths: Sequence[str], parts: Sequence[str]
) -> None:
    """Keep which file has which variables: put together, one that lacks a variable seems to have it, always missing."""
    connection.execute(f"CREATE TABLE {variables_name(name)} (file VARCHAR, variable VARCHAR)")
    for path, part in zip(paths, parts, strict=True):
        described = f"SELECT {literal(path)}, column_name FROM (DESCRIBE {part})"
        connection.execute(f"INSERT INTO {variables_name(name)} {described}")


def _rows(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> int:
    """Return how many rows these have."""
    return sum(connection.execute(f"SELECT count(*) FROM {part}").fetchall()[0][0] for part in tables)


def _finish(connection: duckdb.DuckDBPyConnection, name: str, spec: FileSpec) -> list[Finding]:
    """Put qualifiers on a file's rows, add the columns it may be without, and keep the rows the mapping wants."""
    table = raw_name(name)
    if problems := domain_problems(connection, name, table, spec.domain) if spec.domain else []:
        return problems
    has_qualifiers = spec.supplemental and _rows(connection, [raw_name(spec.supplemental)])
    label = f"{name}, qualifiers of {spec.supplemental}"
    problems = merge_supplemental(connection, label, table, raw_name(spec.supplemental)) if has_qualifiers else []
    if problems:
        return problems
    present = {column.lower() for column in _columns(connection, table)}
    for column in spec.columns:
        if column.lower() not in present:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {identifier(column)} VARCHAR")
    if spec.domain and present and (absent := _absent_from(spec.where, _columns(connection, table))):
        return [Finding(f"{spec.named} ({name})", ", ".join(absent), "not there, and its rows are chosen by it", 1)]
    if spec.where and present:  # a file that may be absent, and is, has no rows to choose from
        condition = compiled(spec.where, _columns(connection, table))
        connection.execute(f"DELETE FROM {table} WHERE ({condition}) IS NOT TRUE")
    return []


def _absent_from(condition: str, columns: Sequence[str]) -> list[str]:
    return sorted(columns_of(condition) - set(columns)) if condition else []


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    return [name for name, *_ in described if name not in (ROW, FILE)]
