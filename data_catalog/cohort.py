"""Cohorts: which people are in, said over all tables of a dataset.

    course = 'ppms' and arm = 'placebo' and count(visit, edss >= 4) >= 3 and count(imaging, region = 'spinal_cord') >= 1

A cohort is a condition on the table of people (one row each), as a row filter is written, in which `count(table)` and
`count(table, condition)` stand for how many rows a person has in another table: all, or those that meet a condition.
Like a row filter it is parsed, held against a short list, and built anew: nothing of the text reaches DuckDB.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from data_catalog.engine import identifier
from data_catalog.errors import FilterRefused
from data_catalog.filter import LONGEST, check_parts, condition_of, not_allowed, parse_condition
from data_catalog.hints import did_you_mean
from data_catalog.models import DatasetDeclaration, Table

PEOPLE_TABLE = "patient"
"""The table of the common data model that has one row per person."""

MOST_COUNTED = 1_000_000

ALLOWED = (
    "A cohort is a condition on the people's own table, with count(table) or count(table, condition) compared with a "
    "whole number: course = 'ppms' and count(visit, edss >= 4) >= 3."
)

_SIGNS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}


@dataclass(frozen=True)
class _Where:
    declaration: DatasetDeclaration
    people: Table
    sources: Mapping[str, str]

    def table(self, name: str) -> Table:
        found = self.declaration.table(name)
        if found is None:
            close = did_you_mean(name, [table.name for table in self.declaration.tables])
            raise FilterRefused(f"{self.declaration.id} has no table {name!r}{close or '.'}", ALLOWED)
        return found


def cohort_query(
    text: str, declaration: DatasetDeclaration, sources: Mapping[str, str], people: str = PEOPLE_TABLE
) -> str:
    """Return the DuckDB query that gives the people of a cohort; `sources` is how DuckDB reads each table.

    An empty text means everybody. Raises FilterRefused for anything a cohort may not say.
    """
    where = _Where(declaration, _people_table(declaration, people), sources)
    person = identifier(where.people.person)
    return f"SELECT {person} FROM {sources[people]} WHERE {_compile(text, where)}"


def check_cohort(text: str, declaration: DatasetDeclaration, people: str = PEOPLE_TABLE) -> None:
    """Refuse a cohort that can not be understood; raises FilterRefused."""
    cohort_query(text, declaration, {table.name: "nowhere" for table in declaration.tables}, people)


def _people_table(declaration: DatasetDeclaration, name: str) -> Table:
    table = declaration.table(name)
    if table is None:
        raise FilterRefused(f"{declaration.id} has no table {name}, which says who its people are.", ALLOWED)
    return table


def _compile(text: str, where: _Where) -> str:
    if not text.strip():
        return "TRUE"
    if len(text) > LONGEST:
        raise FilterRefused(f"A cohort has up to {LONGEST} characters, this one {len(text)}.")
    try:
        return _condition(parse_condition(text), where)
    except RecursionError as error:
        raise FilterRefused("The cohort is nested too deeply.", ALLOWED) from error


def _condition(node: exp.Expr, where: _Where) -> str:
    if isinstance(node, (exp.And, exp.Or)):
        check_parts(node, "this", "expression")
        word = "AND" if isinstance(node, exp.And) else "OR"
        return f"({_condition(node.this, where)} {word} {_condition(node.expression, where)})"
    if isinstance(node, (exp.Not, exp.Paren)):
        check_parts(node, "this")
        inner = f"({_condition(node.this, where)})"
        return f"(NOT {inner})" if isinstance(node, exp.Not) else inner
    if type(node) in _SIGNS and isinstance(node.this, exp.Count):
        return _counted(node, where)
    return f"({condition_of(node, where.people).sql(dialect='duckdb')})"


def _counted(node: exp.Expr, where: _Where) -> str:
    """Return a semi-join on the people with so many rows; or an anti-join, where those with none are meant too."""
    check_parts(node, "this", "expression")
    sign, number = _SIGNS[type(node)], _whole_number(node.expression)
    table, condition = _rows_of(node.this, where)
    person = identifier(where.people.person)
    of_table = identifier(table.person)
    meets = f"count(*) {sign} {number}"
    none_meets = _holds(0, sign, number)
    having = f"NOT ({meets})" if none_meets else meets
    people = f"SELECT {of_table} FROM {where.sources[table.name]} WHERE {condition} GROUP BY {of_table} HAVING {having}"
    return f"({person} {'NOT IN' if none_meets else 'IN'} ({people}))"


def _rows_of(count: exp.Count, where: _Where) -> tuple[Table, str]:
    """Return the table that is counted in and the condition of the rows that count."""
    check_parts(count, "this", "expressions", "big_int")
    if not isinstance(count.this, exp.Column) or len(count.expressions) > 1:
        raise FilterRefused("count takes a table, and a condition on its rows after a comma.", ALLOWED)
    check_parts(count.this, "this")
    table = where.table(count.this.name)
    conditions = [condition_of(node, table).sql(dialect="duckdb") for node in count.expressions]
    return table, conditions[0] if conditions else "TRUE"


def _whole_number(node: exp.Expr) -> int:
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isascii() or not node.this.isdigit():
        raise not_allowed(node)
    number = int(node.this[:10])
    if number > MOST_COUNTED:
        raise FilterRefused(f"A count is compared with up to {MOST_COUNTED:,}.", ALLOWED)
    return number


def _holds(count: int, sign: str, number: int) -> bool:
    return {
        "=": count == number,
        "<>": count != number,
        "<": count < number,
        "<=": count <= number,
        ">": count > number,
        ">=": count >= number,
    }[sign]
