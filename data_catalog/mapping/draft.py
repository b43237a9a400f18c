"""Draft a mapping file from a delivery: its files as they are, every column with what stands in it, the model beside.

A draft is for the data manager's eyes: it quotes codes of the source. What it could not tell it asks with a `?`, and a
mapping with a `?` in it is refused: nothing that was only guessed to be there is passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from data_catalog.cdm import cdm_tables
from data_catalog.mapping.likeness import Columns, is_likely, matched, score
from data_catalog.mapping.models import ASKED
from data_catalog.mapping.profile import Column
from data_catalog.models import Table, Variable, VariableType
from data_catalog.sources.files import FileSpec, Format

_SHORTEST_CODE = 2

Described = Mapping[str, Columns]
"""The columns of every file."""


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


def draft(source_id: str, specs: Mapping[str, FileSpec], described: Described) -> str:
    """Return the text of a mapping file to be completed by hand."""
    tables = list(cdm_tables())
    chosen = {table.name: _best_file(table, described) for table in tables}
    found = [t for t in tables if t.name == "patient" or is_likely(t, chosen[t.name], described[chosen[t.name]])]
    used = {
        (chosen[table.name], column)
        for table in found
        for column, _ in matched(table, described[chosen[table.name]]).values()
    }
    lines = [*_head(source_id), *_files(specs, described, used)]
    for table in found:
        lines += _table(table, chosen[table.name], described[chosen[table.name]])
    return "\n".join([*lines, *_not_found([table for table in tables if table not in found])]) + "\n"


def _best_file(table: Table, described: Described) -> str:
    """Return the file that is most like a table."""
    return max(described, key=lambda file: score(table, file, described[file]))


def _head(source_id: str) -> Iterator[str]:
    yield '# A draft. Every "?" asks something; `myelin source check` refuses the mapping until none is left.'
    yield "# docs/mapping.md explains each word. Columns that no variable uses are marked; use them or leave them."
    yield f"id = {_text(source_id)}"
    yield f"label = {_text(ASKED)}            # the source's name, for people"
    yield 'description = ""'
    yield 'resource = "bmsd"      # or ms_cidr'
    yield f"source = {_text(ASKED)}           # who collects these data"
    yield f"licence = {_text(ASKED)}          # under which terms"
    yield ""
    yield "# [registry]           # what the registry says of itself in public"
    yield '# country = ""'
    yield "# people = 0"
    yield '# as_of = "June 2026"'
    yield "# coverage_percent = 0"


def _files(specs: Mapping[str, FileSpec], described: Described, used: set[tuple[str, str]]) -> Iterator[str]:
    for name, spec in specs.items():
        yield ""
        yield f"[files.{name}]"
        for key, value in _as_written(spec, described[name]).model_dump(mode="json", exclude_defaults=True).items():
            told = "  # told from its bytes: are letters like é and š right below?" if key == "encoding" else ""
            yield f"{key} = {_text(value)}{told}"
        for column, stands in described[name].items():
            mark = "" if (name, column) in used else "   (no variable uses it)"
            yield f"#   {column}: {stands.to_text()}{mark}".replace("\n", " ").replace("\r", " ")


def _as_written(spec: FileSpec, columns: Columns) -> FileSpec:
    has_comma = spec.format is Format.CSV and any(column.comma for column in columns.values())
    return spec.model_copy(update={"decimal": ","}) if has_comma else spec


def _table(table: Table, file: str, columns: Columns) -> Iterator[str]:
    found = matched(table, columns)
    yield ""
    yield f"# {table.label}. {table.description}"
    yield "[[tables]]"
    yield f"table = {_text(table.name)}"
    yield f"from = {_text(file)}"
    yield "[tables.variables]"
    made_up = {v.precision for v in table.variables if v.precision}
    for variable in table.variables:
        if variable.name not in made_up:
            column = found[variable.name][0] if variable.name in found else ""
            yield _variable(variable, column, columns.get(column, Column()))


def _variable(variable: Variable, column: str, stands: Column) -> str:
    """Return a line for one variable; it is a comment where no column is like it and the table can do without."""
    said = _source(variable, column or ASKED, stands)
    hints = [variable.label + (f" ({variable.unit})" if variable.unit else "")]
    if variable.codes:
        hints.append(f"codes: {', '.join(variable.codes)}")
    if stands.day_or_month_first and variable.type is VariableType.DATE:
        hints.append("day or month first? every value fits both, so leave one")
    mark = "" if column or not variable.may_be_missing else "# "
    return f"{mark}{variable.name} = {said}  # {'; '.join(hints)}"


def _source(variable: Variable, column: str, stands: Column) -> str:
    """Return what stands right of the equals sign."""
    if variable.type is VariableType.TEXT and variable.pattern.startswith("[a-z") and stands.capitals:
        return f"{{ derive = {_text(f'lower({_quoted(column)})')} }}"
    parts = [f"column = {_text(column)}"]
    if variable.codes:
        listed = ", ".join(f"{_text(code)} = {_text(_code(code, variable))}" for code in stands.codes or (ASKED,))
        parts.append(f"codes = {{ {listed} }}")
    if variable.type is VariableType.DATE:
        parts.append(f"dates = [{', '.join(map(_text, stands.dates or (ASKED,)))}]")
    if stands.odd and not variable.codes:
        parts.append(f"missing = [{', '.join(map(_text, stands.odd))}]")
    return _text(column) if len(parts) == 1 else f"{{ {', '.join(parts)} }}"


def _code(theirs: str, variable: Variable) -> str:
    """Return the code of the model that a source's code says in so many letters, else the question.

    One letter is not enough: M is male here, and mild, moderate or missing there.
    """
    said = theirs.strip().lower().replace(" ", "_").replace("-", "_")
    if said in variable.codes:
        return said
    near = [ours for ours in variable.codes if len(said) >= _SHORTEST_CODE and ours.startswith(said)]
    return near[0] if len(near) == 1 else ASKED


def _not_found(tables: Sequence[Table]) -> Iterator[str]:
    if tables:
        yield ""
        yield "# No file seems to hold these tables. Where one does, write a [[tables]] block as above:"
        yield from (f"#   table = {_text(table.name)}  # {', '.join(_names(table))}" for table in tables)


def _names(table: Table) -> Iterator[str]:
    made_up = {v.precision for v in table.variables if v.precision}
    return (variable.name for variable in table.variables if variable.name not in made_up)


def _quoted(column: str) -> str:
    """Write a column as expressions do: in double quotes where it is no plain word."""
    plain = column.isidentifier() and column.isascii()
    return column if plain else '"' + column.replace('"', '""') + '"'


def _text(value: object) -> str:
    """Write a value as TOML: a text quoted, anything else as it is."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
    return str(value).lower()
