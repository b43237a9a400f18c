"""Blinding: what of a dataset tells which treatment somebody had, and cohorts that keep to those who had none.

Every variable of the common data model says whether it names a treatment or hints at one (`Variable.unblinds`). Asked
for, or selected by, it is told here with the reason; whether that is allowed is for the resource's rules. Conditions
are read by the parser of cohorts, never as text.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, Protocol

from sqlglot import exp

from data_catalog.cdm import cdm_tables
from data_catalog.cohort import cohort_condition, cohort_of_all, people_table
from data_catalog.drugs import comparison_words, drug_words
from data_catalog.errors import FilterRefused
from data_catalog.filter import filter_condition
from data_catalog.generalisation import Generalisation, Rules
from data_catalog.models import DatasetDeclaration, Table, Unblinding, Variable

__all__ = ["Telling", "comparison_words", "drug_words", "restrict", "selects_only", "treatment_identity", "unblinding"]

Way = Literal["variable", "row filter", "cohort"]
"""How a request gets at something: it is seen, or rows or people are chosen by it."""

_TREATMENT_TABLE = "treatment"


class Asked(Protocol):
    """What somebody asks of one table."""

    @property
    def variables(self) -> Collection[str]: ...
    @property
    def row_filter(self) -> str: ...
    @property
    def cohort(self) -> str: ...
    @property
    def generalise(self) -> Rules: ...


@dataclass(frozen=True)
class Marker:
    """What a variable tells of the treatment, and why it does."""

    unblinds: Unblinding
    because: str
    harmless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Variable of the same row → its codes in rows that do not tell."""

    def tells(self, rows: exp.Expr | None) -> bool:
        """Ask whether it tells in rows under a condition: no longer where that provably leaves harmless ones alone."""
        if rows is None:
            return True
        return not any(_proves(rows, name, codes, negated=False) for name, codes in self.harmless.items())


@dataclass(frozen=True)
class Telling:
    """One thing of a request that names a treatment or hints at it."""

    asked_table: str
    """The table whose request it is part of."""
    table: str
    variable: str
    """Empty where the number of rows in the table is what tells."""
    way: Way
    unblinds: Unblinding
    because: str
    rule: Generalisation | None = None
    """What the cut holds in place of the value of a variable that is seen."""

    @property
    def full_name(self) -> str:
        """The table and its variable as they are written in SQL."""
        return f"{self.table}.{self.variable}" if self.variable else self.table


def treatment_identity(declaration: DatasetDeclaration) -> tuple[str, ...]:
    """Return the variables that name a treatment, as `table.variable`."""
    return tuple(
        f"{table.name}.{variable.name}"
        for table in declaration.tables
        for variable in table.variables
        if (marker := marker_of(table, variable)) and marker.unblinds is Unblinding.TREATMENT
    )


def unblinding(declaration: DatasetDeclaration, requested: Mapping[str, Asked]) -> tuple[Telling, ...]:
    """Return all that a request of a dataset (table → what is asked of it) would tell of treatments.

    Tables and variables that there are not tell nothing. Raises FilterRefused for a row filter or a cohort that can
    not be understood.
    """
    return tuple(
        telling
        for table_id, asked in requested.items()
        if (table := declaration.table(table_id)) is not None
        for telling in _tellings(declaration, table, asked)
    )


def marker_of(table: Table, variable: Variable) -> Marker | None:
    """Return what a variable tells of the treatment: by its own word, else by the model's for one of its name.

    An edition from before variables were marked is so read as it would be declared today.
    """
    if variable.unblinds is not None:
        return _own_marker(table, variable, variable.unblinds)
    return _of_model().get((_TREATMENT_TABLE if table.endpoint else table.name, variable.name))


def restrict(cohort: str, condition: str, declaration: DatasetDeclaration) -> str:
    """Return the cohort of those of its people who meet a condition too, in normal form; raises FilterRefused.

    An empty cohort is everybody. Each text is understood by itself: parentheses, `or` and comments in one can not
    loosen the other.
    """
    return cohort_of_all((cohort, condition), declaration)


def selects_only(cohort: str, variable: str, values: Collection[str], declaration: DatasetDeclaration) -> bool:
    """Ask whether provably everybody in a cohort has one of some values in a variable of the people's table.

    It follows `and`, `or`, `not` and what a missing value makes of them, and takes `=` and `in` for proof, nothing
    else: counts of rows, ranges, and values left over when others are excluded prove nothing here, though they might.
    A cohort that can not be understood is no proof either.
    """
    try:
        condition = cohort_condition(cohort, declaration)
    except FilterRefused:
        return False
    return condition is not None and _proves(condition, variable, frozenset(values), negated=False)


def _proves(node: exp.Expr, variable: str, values: frozenset[str], *, negated: bool) -> bool:
    """Ask whether a condition, or its negation, can be true of those only who have one of the values."""
    if isinstance(node, exp.Paren):
        return _proves(node.this, variable, values, negated=negated)
    if isinstance(node, exp.Not):
        return _proves(node.this, variable, values, negated=not negated)
    if isinstance(node, (exp.And, exp.Or)):
        sides = (_proves(side, variable, values, negated=negated) for side in (node.this, node.expression))
        both_hold = isinstance(node, exp.And) != negated
        return any(sides) if both_hold else all(sides)
    if not isinstance(node.this, exp.Column) or node.this.name != variable:
        return False
    named = _named_by(node, negated)
    return bool(named) and all(isinstance(value, exp.Literal) and value.this in values for value in named)


def _named_by(node: exp.Expr, negated: bool) -> list[exp.Expr]:
    """Return the values one of which a variable must have, nothing where a condition does not list them."""
    if isinstance(node, exp.In) and not negated:
        return list(node.expressions)
    return [node.expression] if isinstance(node, exp.NEQ if negated else exp.EQ) else []


def _tellings(declaration: DatasetDeclaration, asked_table: Table, asked: Asked) -> Iterator[Telling]:
    rows = filter_condition(asked.row_filter, asked_table)
    for variable in asked_table.variables:
        if variable.name in asked.variables and (marker := marker_of(asked_table, variable)) and marker.tells(rows):
            rule = asked.generalise.get(variable.name)
            yield _telling(asked_table, asked_table, variable.name, "variable", marker, rule)
    for name, marker in sorted(_markers_in(asked_table, rows).items()):
        yield _telling(asked_table, asked_table, name, "row filter", marker)
    selected = _selected_by(asked.cohort, declaration)
    for table, name, marker in sorted(selected, key=lambda one: (one[0].name, one[1])):
        yield _telling(asked_table, table, name, "cohort", marker)


def _telling(
    asked_table: Table, table: Table, name: str, way: Way, marker: Marker, rule: Generalisation | None = None
) -> Telling:
    return Telling(asked_table.name, table.name, name, way, marker.unblinds, marker.because, rule)


def _selected_by(cohort: str, declaration: DatasetDeclaration) -> Iterator[tuple[Table, str, Marker]]:
    """Give what tells of the treatment among all that a cohort selects by; a number of rows has no variable's name."""
    condition, people = cohort_condition(cohort, declaration), people_table(declaration)
    if condition is None:
        return
    counts = [count.pop() for count in list(condition.find_all(exp.Count))]  # what is left is of the people's own table
    if people is not None:
        yield from ((people, name, marker) for name, marker in _markers_in(people, condition).items())
    counted: dict[tuple[str, str], tuple[Table, str, Marker]] = {}
    for count in counts:
        table = declaration.table(count.this.name)
        if table is not None:
            rows = next(iter(count.expressions), None)
            found = {**_markers_of_rows(table, rows), **_markers_in(table, rows)}
            counted |= {(table.name, name): (table, name, marker) for name, marker in found.items()}
    yield from counted.values()


def _markers_in(table: Table, rows: exp.Expr | None) -> dict[str, Marker]:
    """Return what a condition on rows of a table selects by, of the variables that tell in such rows."""
    named = {column.name for column in rows.find_all(exp.Column)} if rows is not None else set()
    return {
        variable.name: marker
        for variable in table.variables
        if variable.name in named and (marker := marker_of(table, variable)) and marker.tells(rows)
    }


def _markers_of_rows(table: Table, rows: exp.Expr | None) -> dict[str, Marker]:
    """Return what the number of such rows tells: nothing where no variable tells in them."""
    markers = (marker_of(table, variable) for variable in table.variables)
    if not any(marker.tells(rows) for marker in markers if marker):
        return {}
    return {"": Marker(Unblinding.HINT, "Who has rows in it, and how many, tells of the treatment as the rows do.")}


@cache
def _of_model() -> Mapping[tuple[str, str], Marker]:
    marked = ((table, variable) for table in cdm_tables() for variable in table.variables)
    return {
        (table.name, variable.name): _own_marker(table, variable, variable.unblinds)
        for table, variable in marked
        if variable.unblinds
    }


def _own_marker(table: Table, variable: Variable, unblinds: Unblinding) -> Marker:
    """Return a variable's own marker; the codes that do not tell are those declared beside the ones that do."""
    harmless = {}
    for name, codes in variable.unblinds_where.items():
        of_rows = table.variable(name)
        harmless[name] = frozenset(of_rows.codes if of_rows else ()) - set(codes)
    return Marker(unblinds, variable.unblinds_because, harmless)
