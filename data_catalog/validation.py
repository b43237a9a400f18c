"""Hold every value against its declaration, and give the values their types."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from data_catalog.engine import identifier, literal
from data_catalog.models import Number, Table, Variable, VariableType
from data_catalog.reading import raw_name
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

PATTERNS = {
    VariableType.INTEGER: "-?(0|[1-9][0-9]{0,17})",
    VariableType.DECIMAL: r"-?[0-9]{1,15}(\.[0-9]{1,15})?",
    VariableType.DATE: "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    VariableType.TEXT: r"[^\x00-\x08\x0b-\x1f\x7f]+",
    VariableType.CODE: r"[^\x00-\x1f\x7f]+",
    # Spaces around an identifier would make two people of one.
    VariableType.IDENTIFIER: r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,198}[^\x00-\x20\x7f])?",
}

ROUNDING = 1e-9
"""How far binary fractions may be off a step, in steps."""


@dataclass(frozen=True)
class Rule:
    """One rule of one variable: its words, and the SQL condition over the raw row that finds who breaks it."""

    variable: Variable
    words: str
    broken: str


def check_table(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Finding]:
    """Return every rule the table's raw rows break, with its total and the first violations."""
    rules = [rule for variable in table.variables for rule in _rules(variable)]
    counts = ", ".join(f"count(*) FILTER (WHERE {rule.broken})" for rule in rules)
    totals = connection.execute(f"SELECT {counts} FROM {raw_name(table)}").fetchone()
    assert totals is not None
    broken = [(rule, total) for rule, total in zip(rules, totals, strict=True) if total]
    return [_finding(connection, table, rule, total) for rule, total in broken] + _check_unique(connection, table)


def typed_query(table: Table) -> str:
    """Return the query that gives the raw rows their declared types, columns as declared, rows person by person.

    A cut finds and sorts each person's rows faster then.
    """
    values = ", ".join(f"{_typed(variable)} AS {identifier(variable.name)}" for variable in table.variables)
    return f"SELECT {values} FROM {raw_name(table)} ORDER BY {identifier(table.person)}, _row"


def _rules(variable: Variable) -> Iterator[Rule]:
    present = f"{_present(variable)} IS NOT NULL"
    typed, column = _typed(variable), identifier(variable.name)
    if not variable.may_be_missing:
        yield Rule(variable, "a value is missing", f"{column} IS NULL")
    yield Rule(variable, f"not of type {variable.type}", f"{present} AND {typed} IS NULL")
    if variable.codes:
        listed = ", ".join(_literal(variable, code) for code in variable.codes)
        words = f"not one of the codes {', '.join(variable.codes)}"
        yield Rule(variable, words, f"{typed} NOT IN ({listed})")
    if variable.minimum is not None:
        yield Rule(variable, f"under the minimum {variable.minimum}", f"{typed} < {_bound(variable.minimum)}")
    if variable.maximum is not None:
        yield Rule(variable, f"over the maximum {variable.maximum}", f"{typed} > {_bound(variable.maximum)}")
    if variable.step is not None:
        words = f"not in steps of {variable.step} from {variable.minimum}"
        steps = f"(({typed} - {variable.minimum}) / {variable.step})"
        yield Rule(variable, words, f"abs({steps} - round({steps})) > {ROUNDING}")
    if variable.never:
        listed = ", ".join(map(repr, variable.never))
        yield Rule(variable, f"{listed} does not exist", f"{typed} IN ({listed})")
    if variable.pattern:
        yield Rule(
            variable,
            f"not of the form {variable.pattern}",
            f"NOT regexp_full_match({typed}, {literal(variable.pattern)})",
        )


def _present(variable: Variable) -> str:
    """Return the raw text, null where it is missing by declaration, without the `.0` that is declared to be there."""
    column = identifier(variable.name)
    if variable.missing_codes:
        listed = ", ".join(literal(code) for code in variable.missing_codes)
        column = f"CASE WHEN {column} NOT IN ({listed}) THEN {column} END"
    return rf"regexp_replace({column}, '\.0+$', '')" if variable.point_zero else column


def _typed(variable: Variable) -> str:
    text = _present(variable)
    kind = VariableType.INTEGER if variable.has_number_codes else variable.type
    whole = f"regexp_full_match({text}, {literal(PATTERNS[kind])})"
    return f"CASE WHEN {whole} THEN TRY_CAST({text} AS {variable.sql_type}) END"


def _literal(variable: Variable, code: str) -> str:
    return str(int(code)) if variable.has_number_codes else literal(code)


def _bound(bound: Number | date) -> str:
    return f"DATE {literal(bound.isoformat())}" if isinstance(bound, date) else repr(bound)


def _finding(connection: duckdb.DuckDBPyConnection, table: Table, rule: Rule, total: int) -> Finding:
    rows = connection.execute(
        f"SELECT _row, {identifier(rule.variable.name)} FROM {raw_name(table)} "
        f"WHERE {rule.broken} ORDER BY _row LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    return Finding(table.name, rule.variable.column, rule.words, total, tuple(Violation(*row) for row in rows))


def _check_unique(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Finding]:
    if not table.unique:
        return []
    unique = [variable for variable in table.variables if variable.name in table.unique]
    keys = ", ".join(_typed(variable) for variable in unique)
    seen = f"SELECT _row, concat_ws(', ', {keys}) AS key, row_number() OVER (PARTITION BY {keys} ORDER BY _row) AS nth"
    again = connection.execute(
        f"SELECT _row, key, count(*) OVER () FROM ({seen} FROM {raw_name(table)}) "
        f"WHERE nth > 1 ORDER BY _row LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if not again:
        return []
    columns = ", ".join(variable.column for variable in unique)
    violations = tuple(Violation(row, key) for row, key, _ in again)
    return [Finding(table.name, columns, "already in an earlier row", again[0][2], violations)]
