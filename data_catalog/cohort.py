"""Cohorts: which people are in, said over all tables of a dataset.

    course = 'ppms' and arm = 'placebo' and count(visit, edss >= 4) >= 3 and count(imaging, region = 'spinal_cord') >= 1

A cohort is a condition on the table of people (one row each), as a row filter is written, in which `count(table)` and
`count(table, condition)` stand for how many rows a person has in another table: all, or those that meet a condition.
Like a row filter it is parsed, held against a short list, and built anew: nothing of the text reaches DuckDB. A dataset
without a table of people has those who have a row in any of its tables, and its cohorts are of counts alone.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce

from sqlglot import exp

from data_catalog.engine import identifier
from data_catalog.errors import FilterRefused
from data_catalog.filter import (
    LONGEST,
    SIGNS,
    check_parts,
    compared,
    condition_of,
    parse_condition,
    whole_number,
)
from data_catalog.hints import did_you_mean
from data_catalog.models import DatasetDeclaration, Table
from data_catalog.normal import normal_text

PEOPLE_TABLE = "patient"
"""The table of the common data model that has one row per person."""

ALLOWED = (
    "A cohort is a condition on the people's own table, with count(table) or count(table, condition) compared with a "
    "whole number: course = 'ppms' and count(visit, edss >= 4) >= 3."
)

_COUNT_WHERE = re.compile(r"\bcount\s*\(\s*(\w+)\s+where\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Where:
    declaration: DatasetDeclaration
    sources: Mapping[str, str]

    @property
    def people(self) -> Table | None:
        return people_table(self.declaration)

    @property
    def person(self) -> str:
        """The column of people, quoted."""
        return identifier(self.people.person if self.people else "person")

    @property
    def source(self) -> str:
        """Where DuckDB reads the people from."""
        if self.people:
            return self.sources[self.people.name]
        tables = self.declaration.tables
        of_each = (f"SELECT {identifier(t.person)} AS {self.person} FROM {self.sources[t.name]}" for t in tables)
        return f"({' UNION '.join(of_each)})"

    def table(self, name: str) -> Table:
        found = self.declaration.table(name)
        if found is None:
            close = did_you_mean(name, [table.name for table in self.declaration.tables])
            raise FilterRefused(f"{self.declaration.id} has no table {name!r}{close or '.'}", ALLOWED)
        return found


def people_table(declaration: DatasetDeclaration) -> Table | None:
    """Return the table a cohort is a condition on: the model's, else the first with one row for each person."""
    of_people = (table for table in declaration.tables if table.unique == (table.person,))
    return declaration.table(PEOPLE_TABLE) or next(of_people, None)


def cohort_query(text: str, declaration: DatasetDeclaration, sources: Mapping[str, str]) -> str:
    """Return the DuckDB query that gives the people of a cohort; `sources` is how DuckDB reads each table.

    An empty text means everybody. Raises FilterRefused for anything a cohort may not say.
    """
    where = _Where(declaration, sources)
    with _not_too_deep():
        condition = _compile(_read(text, where), where) if text.strip() else "TRUE"
    return f"SELECT {where.person} FROM {where.source} WHERE {condition}"


def check_cohort(text: str, declaration: DatasetDeclaration) -> None:
    """Refuse a cohort that can not be understood; raises FilterRefused."""
    cohort_query(text, declaration, {table.name: "nowhere" for table in declaration.tables})


def normal_cohort(text: str, declaration: DatasetDeclaration) -> str:
    """Return a cohort in its normal form (`data_catalog.normal`), which is a cohort again; raises FilterRefused."""
    return cohort_of_all((text,), declaration)


def cohort_of_all(texts: Iterable[str], declaration: DatasetDeclaration) -> str:
    """Return the cohort, in its normal form, of the people who are in every one of some cohorts; raises FilterRefused.

    Each is understood by itself before they are put together, so no text can reach into another.
    """
    conditions = [condition for text in texts if (condition := cohort_condition(text, declaration)) is not None]
    if not conditions:
        return ""
    with _not_too_deep():
        normal = normal_text(reduce(lambda one, other: exp.And(this=one, expression=other), conditions))
    if len(normal) > LONGEST:
        raise FilterRefused(f"A cohort has up to {LONGEST} characters, this one {len(normal)} in its normal form.")
    check_cohort(normal, declaration)
    return normal


def cohort_condition(text: str, declaration: DatasetDeclaration) -> exp.Expr | None:
    """Return a cohort's condition as it was understood, None for everybody; raises FilterRefused."""
    if not text.strip():
        return None
    with _not_too_deep():
        return _read(text, _Where(declaration, {}))


def _read(text: str, where: _Where) -> exp.Expr:
    """Build a cohort again from what was understood of it."""
    if len(text) > LONGEST:
        raise FilterRefused(f"A cohort has up to {LONGEST} characters, this one {len(text)}.")
    if found := _COUNT_WHERE.search(text):
        raise FilterRefused(f"What counts stands after a comma: count({found[1]}, condition).", ALLOWED)
    return _condition(parse_condition(text, "cohort"), where)


@contextmanager
def _not_too_deep() -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise FilterRefused("The cohort is nested too deeply.", ALLOWED) from error


def _condition(node: exp.Expr, where: _Where) -> exp.Expr:
    if isinstance(node, (exp.And, exp.Or)):
        check_parts(node, "this", "expression")
        return type(node)(this=_condition(node.this, where), expression=_condition(node.expression, where))
    if isinstance(node, (exp.Not, exp.Paren)):
        check_parts(node, "this")
        return type(node)(this=_condition(node.this, where))
    if type(node) in SIGNS:
        sign, what, number = compared(node)
        if isinstance(what, exp.Count):
            return sign(this=_count(what, where), expression=whole_number(number))
    return _of_people(node, where)


def _of_people(node: exp.Expr, where: _Where) -> exp.Expr:
    """Build a condition on the people's own table again; rows of another table are counted."""
    for column in node.find_all(exp.Column):
        if other := _other_table(column, where):
            shown = f"count({other}, {column.name} …) >= 1"
            raise FilterRefused(f"{column.name} is of {other}, whose rows are counted: write {shown}.", ALLOWED)
    if where.people is None:
        raise FilterRefused(f"{where.declaration.id} has no table with one row for each person.", ALLOWED)
    return condition_of(node, where.people)


def _other_table(column: exp.Column, where: _Where) -> str:
    """Return the table a column is of where that is not the people's own, else nothing."""
    own = where.people.name if where.people else ""
    owners = [table.name for table in where.declaration.tables if table.variable(column.name)]
    meant = [name for name in owners if column.table in ("", name)]
    return "" if own in meant else next(iter(meant), "")


def _count(count: exp.Count, where: _Where) -> exp.Expr:
    """Build a count again: the table that is counted in and the condition of the rows that count."""
    check_parts(count, "this", "expressions", "big_int")
    if not isinstance(count.this, exp.Column) or len(count.expressions) > 1:
        raise FilterRefused("count takes a table, and a condition on its rows after a comma.", ALLOWED)
    check_parts(count.this, "this")
    table = where.table(count.this.name)
    conditions = [condition_of(node, table) for node in count.expressions]
    return exp.Count(this=exp.column(table.name, quoted=True), expressions=conditions)


def _compile(node: exp.Expr, where: _Where) -> str:
    if isinstance(node, (exp.And, exp.Or)):
        word = "AND" if isinstance(node, exp.And) else "OR"
        return f"({_compile(node.this, where)} {word} {_compile(node.expression, where)})"
    if isinstance(node, (exp.Not, exp.Paren)):
        inner = f"({_compile(node.this, where)})"
        return f"(NOT {inner})" if isinstance(node, exp.Not) else inner
    return _counted(node, where) if isinstance(node.this, exp.Count) else f"({node.sql(dialect='duckdb')})"


def _counted(node: exp.Expr, where: _Where) -> str:
    """Return a semi-join on the people with so many rows; or an anti-join, where those with none are meant too."""
    sign, number = SIGNS[type(node)], int(node.expression.this)
    table = where.table(node.this.this.name)
    condition = " AND ".join(one.sql(dialect="duckdb") for one in node.this.expressions) or "TRUE"
    of_table = identifier(table.person)
    meets = f"count(*) {sign} {number}"
    none_meets = _holds(0, sign, number)
    having = f"NOT ({meets})" if none_meets else meets
    people = f"SELECT {of_table} FROM {where.sources[table.name]} WHERE {condition} GROUP BY {of_table} HAVING {having}"
    return f"({where.person} {'NOT IN' if none_meets else 'IN'} ({people}))"


def _holds(count: int, sign: str, number: int) -> bool:
    return {
        "=": count == number,
        "<>": count != number,
        "<": count < number,
        "<=": count <= number,
        ">": count > number,
        ">=": count >= number,
    }[sign]
