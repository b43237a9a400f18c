"""A cohort as a form describes it, field by field, or as somebody writes it; both become one text in normal form."""

import re
from collections.abc import Iterator, Mapping

from core.errors import InvalidInput
from data_catalog.cohort import normal_cohort, people_table
from data_catalog.engine import identifier, literal
from data_catalog.filter import YEARS
from data_catalog.models import NUMERIC, DatasetDeclaration, Sensitivity, Table, Variable
from data_catalog.normal import plain_number

TEXT = "cohort"
"""The field of a cohort written as text; no field of a variable is called so, for each has a dot."""

MOST_CODES = 20
"""Variables with more codes are not offered as a list to choose from."""

BIRTH, ONSET, ONSET_AGE = "birth_date", "onset_date", "onset_age"
_WHOLE = re.compile(r"[0-9]{1,6}")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_ENDS = (("from", ">="), ("to", "<="))


def read_question(declaration: DatasetDeclaration, form: Mapping[str, str]) -> str:
    """Return the cohort a form asks about, in normal form, so that one cohort is one question however it was said.

    Fields are `cohort`, or else such as `patient.course`, `patient.onset_age.from`, `visit.least`. Raises InvalidInput
    for a form that says nothing or a number that is none, FilterRefused.
    """
    said = form[TEXT] if TEXT in form else " and ".join(_conditions(declaration, form))
    cohort = normal_cohort(said, declaration)
    if not cohort:
        raise InvalidInput("This describes nobody in particular.", "Choose at least one condition.")
    return cohort


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


def _conditions(declaration: DatasetDeclaration, form: Mapping[str, str]) -> Iterator[str]:
    people = people_table(declaration)
    for table in declaration.tables:
        of_rows = [*_of_onset(table, form), *(part for v in choices(table) for part in _of_variable(table, v, form))]
        if table == people:
            yield from of_rows
            continue
        least = _whole(form, f"{table.name}.least")
        if of_rows or least:
            what = ", ".join(part for part in (identifier(table.name), " and ".join(of_rows)) if part)
            yield f"count({what}) >= {max(least or 1, 1)}"


def _of_onset(table: Table, form: Mapping[str, str]) -> Iterator[str]:
    for end, sign in _ENDS if has_onset_age(table) else ():
        age = _whole(form, f"{table.name}.{ONSET_AGE}.{end}")
        if age is not None:
            yield f"{YEARS}({BIRTH}, {ONSET}) {sign} {age}"


def _of_variable(table: Table, variable: Variable, form: Mapping[str, str]) -> Iterator[str]:
    name, column = f"{table.name}.{variable.name}", identifier(variable.name)
    if is_listed(variable):
        if value := form.get(name, ""):
            yield f"{column} = {value if value in variable.codes and variable.has_number_codes else literal(value)}"
        return
    for end, sign in _ENDS:
        if value := form.get(f"{name}.{end}", "").strip():
            yield f"{column} {sign} {_number(variable, value)}"


def _number(variable: Variable, value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise InvalidInput(f"{variable.name} takes a number.", "Write it with digits and a decimal point.")
    return plain_number(value)


def _whole(form: Mapping[str, str], name: str) -> int | None:
    value = form.get(name, "").strip()
    if not value:
        return None
    if not _WHOLE.fullmatch(value):
        raise InvalidInput(f"{name} takes a whole number.")
    return int(value)
