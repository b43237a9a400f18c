"""A cohort as the form describes it: conditions on people and on how many rows of a kind they have.

Each condition is a row filter of its table, read and written anew by `data_catalog.filter`; nothing else of a form
reaches DuckDB but whole numbers.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from core.errors import InvalidInput
from data_catalog.engine import identifier
from data_catalog.filter import compile_filter
from data_catalog.models import NUMERIC, DatasetDeclaration, Sensitivity, Table, Variable, VariableType

MOST_CODES = 20
"""Variables with more codes are not offered as a list to choose from."""

BIRTH, ONSET, ONSET_AGE = "birth_date", "onset_date", "onset_age"
_WHOLE = re.compile(r"[0-9]{1,6}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")

Source = Callable[[Table], str]
"""Gives a table's Parquet as DuckDB reads it."""


@dataclass(frozen=True)
class Criterion:
    """People with at least so many rows of a table that meet a row filter, and an age at onset."""

    table: Table
    row_filter: str
    least: int
    onset_age: tuple[int | None, int | None] = (None, None)

    @property
    def text(self) -> str:
        """The criterion as it is shown and kept."""
        conditions = [self.row_filter, *_age_text(self.onset_age)]
        where = " and ".join(condition for condition in conditions if condition)
        if is_of_people(self.table) and self.least == 1:
            return where
        return f"count({self.table.name}{' where ' if where else ''}{where}) >= {self.least}"

    def query(self, source: str) -> str:
        """Return the query of the people who meet it."""
        person = identifier(self.table.person)
        condition = " AND ".join([f"({compile_filter(self.row_filter, self.table)})", *_age_sql(self.onset_age)])
        having = f"GROUP BY {person} HAVING count(*) >= {self.least}"
        return f"SELECT {person} AS person FROM {source} WHERE {condition} {having}"


def is_of_people(table: Table) -> bool:
    """Tell whether a table has one row for each person."""
    return table.unique == (table.person,)


def has_onset_age(table: Table) -> bool:
    """Tell whether an age at onset can be computed from a table."""
    return all(table.variable(name) is not None for name in (BIRTH, ONSET))


def choices(table: Table) -> tuple[Variable, ...]:
    """Return the variables of a table that a form offers: short code lists, and numbers with a declared range."""
    precisions = {variable.precision for variable in table.variables}
    return tuple(v for v in table.variables if v.name not in precisions and (is_listed(v) or is_ranged(v)))


def is_listed(variable: Variable) -> bool:
    """Tell whether a form offers a variable's codes."""
    return 0 < len(variable.codes) <= MOST_CODES and variable.sensitivity is not Sensitivity.IDENTIFIER


def is_ranged(variable: Variable) -> bool:
    """Tell whether a form offers a from and a to of a variable."""
    return variable.type in NUMERIC and variable.minimum is not None and variable.maximum is not None


def read_cohort(declaration: DatasetDeclaration, form: Mapping[str, str]) -> tuple[Criterion, ...]:
    """Read a cohort from a form's fields: `patient.course`, `patient.onset_age.from`, `visit.least`.

    Criteria come in the order of the declaration, so that one cohort is one question however it was filled in.
    Raises InvalidInput for a form that says nothing or a number that is none, FilterRefused.
    """
    found = tuple(criterion for table in declaration.tables for criterion in _read(table, form))
    if not found:
        raise InvalidInput("The form describes nobody in particular.", "Choose at least one condition.")
    for criterion in found:
        compile_filter(criterion.row_filter, criterion.table)
    return found


def cohort_text(cohort: tuple[Criterion, ...]) -> str:
    """Return a cohort as it is shown and kept."""
    return " and ".join(criterion.text for criterion in cohort)


def people_query(cohort: tuple[Criterion, ...], source: Source) -> str:
    """Return the query that counts the people who meet every criterion."""
    queries = " INTERSECT ".join(criterion.query(source(criterion.table)) for criterion in cohort)
    return f"SELECT count(*) FROM ({queries})"


def _read(table: Table, form: Mapping[str, str]) -> Iterator[Criterion]:
    conditions = [part for variable in choices(table) for part in _conditions(table, variable, form)]
    ends = ("from", "to") if has_onset_age(table) else ()
    ages = [_whole(form, f"{table.name}.{ONSET_AGE}.{end}") for end in ends] or [None, None]
    least = _whole(form, f"{table.name}.least")
    if conditions or least or any(age is not None for age in ages):
        yield Criterion(table, " and ".join(conditions), max(least or 1, 1), (ages[0], ages[1]))


def _conditions(table: Table, variable: Variable, form: Mapping[str, str]) -> Iterator[str]:
    name = f"{table.name}.{variable.name}"
    if is_listed(variable):
        if value := form.get(name, ""):
            yield f"{variable.name} = {_code(variable, value)}"
        return
    for end, sign in (("from", ">="), ("to", "<=")):
        if value := form.get(f"{name}.{end}", "").strip():
            yield f"{variable.name} {sign} {_number(variable, value)}"


def _code(variable: Variable, value: str) -> str:
    if value not in variable.codes:
        raise InvalidInput(f"{variable.name} has no such code.", f"Its codes are: {', '.join(variable.codes)}.")
    return value if variable.has_number_codes else "'" + value.replace("'", "''") + "'"


def _number(variable: Variable, value: str) -> str:
    """Return a number in one way of writing: 2, 2.0 and 02 are one question."""
    if not _NUMBER.fullmatch(value):
        raise InvalidInput(f"{variable.name} takes a number.", "Write it with digits and a decimal point.")
    return (
        f"{float(value):.6f}".rstrip("0").rstrip(".")
        if variable.type is VariableType.DECIMAL
        else str(int(float(value)))
    )


def _whole(form: Mapping[str, str], name: str) -> int | None:
    value = form.get(name, "").strip()
    if not value:
        return None
    if not _WHOLE.fullmatch(value):
        raise InvalidInput(f"{name} takes a whole number.")
    return int(value)


def _age_text(ages: tuple[int | None, int | None]) -> Iterator[str]:
    for age, sign in zip(ages, (">=", "<="), strict=True):
        if age is not None:
            yield f"{ONSET_AGE} {sign} {age}"


def _age_sql(ages: tuple[int | None, int | None]) -> Iterator[str]:
    years = f"date_sub('year', {identifier(BIRTH)}, {identifier(ONSET)})"
    for age, sign in zip(ages, (">=", "<="), strict=True):
        if age is not None:
            yield f"{years} {sign} {age}"
