"""What a mapping uses of a delivery's SDTM domains: variables they lack, and what of them becomes nothing.

Nothing is lost unsaid: variables, tests and qualifiers that no table is made of are named, and refuse nothing.
"""

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from data_catalog.engine import literal
from data_catalog.mapping.expressions import columns_of, compiled, compiled_text
from data_catalog.mapping.models import MappingFile, TableSource
from data_catalog.mapping.relations import named_of
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation
from data_catalog.sources.reading import raw_name, variables_name

Columns = Mapping[str, Sequence[str]]
"""The columns of every file, by its name in the mapping."""


def absent_variables(
    connection: duckdb.DuckDBPyConnection, mapping: MappingFile, columns: Columns
) -> Iterator[Finding]:
    """Yield the variables a domain, or one file of it, is without and that a table can not be made without."""
    for file, spec in mapping.files.items():
        if spec.domain:
            used = used_columns(mapping, file)
            for variable in sorted(used - set(columns[file])):
                yield _absent(mapping, file, variable, spec.named)
            for variable in sorted(used & set(columns[file]) - set(spec.columns)):
                for path in _files_without(connection, file, variable):
                    yield _absent(mapping, file, variable, path)


def _absent(mapping: MappingFile, file: str, variable: str, where: str) -> Finding:
    tables = sorted({block.table for block in mapping.tables if variable in named_of(block, file)})
    return Finding(f"{where} ({file})", variable, f"not there, and {', '.join(tables)} can not be made without", 1)


def _files_without(connection: duckdb.DuckDBPyConnection, file: str, variable: str) -> Iterator[str]:
    having = f"bool_or(variable = {literal(variable)}) IS NOT TRUE"
    found = connection.execute(f"SELECT file FROM {variables_name(file)} GROUP BY file HAVING {having} ORDER BY file")
    return (path for (path,) in found.fetchall())


def unused_content(connection: duckdb.DuckDBPyConnection, mapping: MappingFile, columns: Columns) -> Iterator[Finding]:
    """Yield what no table is made of: variables of the domains that are read, and tests that no pivot names."""
    used: dict[str, set[str]] = {}
    for file, spec in mapping.files.items():
        used.setdefault(spec.domain, set()).update(used_columns(mapping, file))
    for domain, names in used.items():
        files = [file for file, spec in mapping.files.items() if spec.domain == domain]
        if domain and not _is_qualifiers(mapping, files):
            told = {"STUDYID", "DOMAIN", f"{domain}SEQ"}  # say which study's, which domain's and which record it is
            unused = sorted({name for file in files for name in columns[file]} - names - told)
            yield from _listed(f"SDTM domain {domain}", unused)
            yield from _unused_tests(connection, mapping, files[0], columns[files[0]])


def used_columns(mapping: MappingFile, file: str) -> set[str]:
    """Return the columns of a file that the mapping names, in any place."""
    where = mapping.files[file].where
    return {name for block in mapping.tables for name in named_of(block, file)} | (
        columns_of(where) if where else set()
    )


def _is_qualifiers(mapping: MappingFile, files: Sequence[str]) -> bool:
    return any(spec.supplemental in files for spec in mapping.files.values())


def _listed(label: str, unused: Sequence[str]) -> Iterator[Finding]:
    if unused:
        yield Finding(label, ", ".join(unused), "variables that no table is made of", len(unused))


def _unused_tests(
    connection: duckdb.DuckDBPyConnection, mapping: MappingFile, file: str, columns: Sequence[str]
) -> Iterator[Finding]:
    """Yield the rows of a file that none of its blocks chooses, by the test that no pivot has a name for."""
    blocks = [block for block in mapping.tables if block.from_ == file]
    if not blocks or not all(block.pivot or block.where for block in blocks):
        return
    taken = " OR ".join(_taken(block, columns) for block in blocks)
    name = next((block.pivot.name for block in blocks if block.pivot), "")
    test = compiled_text(name, columns) if name else "'any'"
    found = connection.execute(
        f"SELECT min(_row), {test}, count(*), sum(count(*)) OVER () FROM {raw_name(file)} "
        f"WHERE ({taken}) IS NOT TRUE GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if found:
        shown = tuple(Violation(row, f"{test}: {count:,} rows") for row, test, count, _ in found)
        rule = "rows that no table is made of, by what was tested (the first row of each)"
        column = ", ".join(sorted(columns_of(name))) if name else "–"
        yield Finding(mapping.files[file].named, column, rule, int(found[0][3]), shown)


def _taken(block: TableSource, columns: Sequence[str]) -> str:
    """Return SQL of the rows that a block chooses."""
    conditions = [f"({compiled(block.where, columns)})"] if block.where else []
    if block.pivot:
        names = ", ".join(map(literal, block.pivot.names))
        conditions.append(f"{compiled_text(block.pivot.name, columns)} IN ({names})")
    return f"({' AND '.join(conditions)})"
