"""Draft a mapping file from a delivery: its files as they are, every column with what stands in it, the model beside.

A draft is for the data manager's eyes: it quotes codes of the source. It is no mapping yet, and says what to do next.
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import duckdb

from data_catalog.cdm import TABLE_NAMES, cdm_table
from data_catalog.engine import identifier
from data_catalog.models import Table, Variable, VariableType
from data_catalog.sources.files import FileSpec
from data_catalog.sources.reading import raw_name

MOST_CODES = 12
"""Different values a column may have to be taken for codes and be listed."""

_SHORTEST = 3

Described = dict[str, list[str]]
"""A file's columns, each with its values where they are few enough to be codes."""


def file_names(paths: Sequence[str]) -> dict[str, str]:
    """Return a name for every file of a delivery: letters, digits and underscores of its own name."""
    names: dict[str, str] = {}
    for path in paths:
        stem = "".join(c if c.isalnum() and c.isascii() else "_" for c in PurePosixPath(path).stem.lower()).strip("_")
        name = stem if stem[:1].isalpha() else f"file_{stem}"
        while name in names:
            name += "_2"
        names[name] = path
    return names


def describe(connection: duckdb.DuckDBPyConnection, name: str) -> Described:
    """Return the columns of a file that was read, with the codes of those that seem to have some."""
    columns = [column for column, *_ in connection.execute(f"DESCRIBE {raw_name(name)}").fetchall()]
    return {column: _codes(connection, name, column) for column in columns if column not in ("_row", "_file")}


def draft(source_id: str, specs: dict[str, FileSpec], described: dict[str, Described]) -> str:
    """Return the text of a mapping file to be completed by hand."""
    return "\n".join([*_head(source_id), *_files(specs, described), *_tables(described)]) + "\n"


def _codes(connection: duckdb.DuckDBPyConnection, name: str, column: str) -> list[str]:
    """Return a column's values where they are few and most are seen more than once, nothing where they are not."""
    values = connection.execute(
        f"SELECT {identifier(column)}, count(*) FROM {raw_name(name)} WHERE {identifier(column)} IS NOT NULL "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_CODES + 1}"
    ).fetchall()
    few = len(values) <= MOST_CODES and sum(times for _, times in values) > 2 * len(values)
    return [value for value, _ in values] if few else []


def _head(source_id: str) -> Iterator[str]:
    yield "# A draft: complete it, then `myelin source preview` and `myelin source check` say what is missing."
    yield f"id = {_text(source_id)}"
    yield f"label = {_text(source_id)}"
    yield 'description = ""'
    yield 'resource = ""                # ms_cidr or bmsd'
    yield 'source = "who collects these data"'
    yield 'licence = "under which terms"'
    yield ""
    yield "# [registry]                  # what the registry says of itself in public"
    yield '# country = ""'
    yield "# people = 0"
    yield '# as_of = "June 2026"'
    yield "# coverage_percent = 0"


def _files(specs: dict[str, FileSpec], described: dict[str, Described]) -> Iterator[str]:
    for name, spec in specs.items():
        yield ""
        yield f"[files.{name}]"
        said = spec.model_dump(mode="json", exclude_defaults=True)
        yield from (f"{key} = {_text(value)}" for key, value in said.items())
        for column, codes in described[name].items():
            yield f"#   {column}" + (f": {', '.join(codes)}" if codes else "")


def _tables(described: dict[str, Described]) -> Iterator[str]:
    for name in TABLE_NAMES:
        table = cdm_table(name)
        file = _best_file(table, described)
        yield ""
        yield f"# {table.label}. {table.description}"
        yield "[[tables]]" if name == "patient" else "# [[tables]]"
        mark = "" if name == "patient" else "# "
        yield f"{mark}table = {_text(name)}"
        yield f"{mark}from = {_text(file)}"
        yield f"{mark}[tables.variables]"
        made_up = {v.precision for v in table.variables if v.precision}
        for variable in table.variables:
            if variable.name not in made_up:
                yield _variable(variable, described[file])


def _best_file(table: Table, described: dict[str, Described]) -> str:
    """Return the file most of whose columns could be variables of a table."""
    return max(described, key=lambda file: sum(bool(_match(v, described[file])) for v in table.variables))


def _variable(variable: Variable, columns: Described) -> str:
    """Return a line for one variable; it is a comment where no column has a like name."""
    column = _match(variable, columns)
    parts = [f"column = {_text(column or '?')}"]
    if variable.codes:
        theirs = columns.get(column, []) or ["?"]
        listed = ", ".join(f'{_text(code)} = "?"' for code in theirs)
        parts.append(f"codes = {{ {listed} }}")
    if variable.type is VariableType.DATE:
        parts.append('dates = ["%Y-%m-%d"]')
    known = f"  # {variable.label}" + (f": {', '.join(variable.codes)}" if variable.codes else "")
    unit = f" ({variable.unit})" if variable.unit else ""
    return f"{'' if column else '# '}{variable.name} = {{ {', '.join(parts)} }}{known}{unit}"


def _match(variable: Variable, columns: Described) -> str:
    """Return the column whose name is that of a variable, or holds it, or is held by it; nothing where none is."""
    wanted = variable.name.replace("_", "")
    plain = {column: "".join(c for c in column.lower() if c.isalnum()) for column in columns}
    exact = [column for column, name in plain.items() if name == wanted]
    near = [c for c, name in plain.items() if len(name) >= _SHORTEST and (name in wanted or wanted in name)]
    return (exact or near or [""])[0]


def _text(value: object) -> str:
    """Write a value as TOML: a text quoted, anything else as it is."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower()
