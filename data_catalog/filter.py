"""Row filters: conditions over a table's variables, read by a parser and written anew from what was understood.

    age >= 18 and (converted = 1 or initial_edss between 2 and 4) and schooling is not null
    years(birth_date, onset_date) >= 18

`years` is how many whole years lie between two dates of a row, the earlier named first; dates known to the month or
year only are taken as the first day they can mean, as they are kept.

Nothing of the text itself reaches DuckDB. It is parsed, every node is held against the short list below, and the
condition is built again: variables by their declared, quoted names, values by what they were read as. A row for
which the condition is unknown (a value is missing) is not in the cut.
"""

import re
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from data_catalog.errors import FilterRefused
from data_catalog.hints import did_you_mean
from data_catalog.models import Sensitivity, Table, Variable, VariableType

LONGEST = 2000

ALLOWED = (
    "A condition compares variables with values: =, <>, <, <=, >, >=, between … and …, in (…), is null, "
    "is not null, put together with and, or, not and parentheses; dates read '2006-01-31', and years(first, second) "
    "is the whole years from one date to another."
)

YEARS = "years"
MOST_WHOLE = 1_000_000
"""What a count of rows or of years is compared with at most."""

SIGNS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE}
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def compile_filter(text: str, table: Table) -> str:
    """Return the DuckDB condition a row filter stands for, `TRUE` for an empty one.

    Raises FilterRefused for anything but the conditions described above, for variables the table does not have,
    for identifiers, and for values a variable can not take.
    """
    condition = filter_condition(text, table)
    return "TRUE" if condition is None else condition.sql(dialect="duckdb")


def filter_condition(text: str, table: Table) -> exp.Expr | None:
    """Return a row filter's condition as it was understood, None for every row; raises FilterRefused."""
    if not text.strip():
        return None
    if len(text) > LONGEST:
        raise FilterRefused(f"A row filter has up to {LONGEST} characters, this one {len(text)}.")
    try:
        return condition_of(parse_condition(text), table)
    except RecursionError as error:
        raise FilterRefused("The row filter is nested too deeply.", ALLOWED) from error


def variables_of(text: str, table: Table) -> set[str]:
    """Return the variables a row filter looks at; raises FilterRefused."""
    compile_filter(text, table)
    return names_in(text)


def names_in(text: str) -> set[str]:
    """Return every name of a variable or table in a row filter or cohort; raises FilterRefused where it is none."""
    return {column.name for column in parse_condition(text).find_all(exp.Column)} if text.strip() else set()


def parse_condition(text: str, what: str = "row filter") -> exp.Expr:
    """Parse a text that is one expression, called what it is in a refusal; raises FilterRefused."""
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError as error:
        raise FilterRefused(f"The {what} can not be understood.", ALLOWED) from error
    if len(statements) != 1 or statements[0] is None:
        raise FilterRefused(f"A {what} is one condition.", ALLOWED)
    return statements[0]


def condition_of(node: exp.Expr, table: Table) -> exp.Expr:
    """Build a condition again from a node of the short list; raises FilterRefused for any other."""
    if isinstance(node, (exp.And, exp.Or)):
        check_parts(node, "this", "expression")
        return type(node)(this=condition_of(node.this, table), expression=condition_of(node.expression, table))
    if isinstance(node, (exp.Not, exp.Paren)):
        check_parts(node, "this")
        return type(node)(this=condition_of(node.this, table))
    if type(node) in SIGNS:
        return _comparison(node, table)
    if isinstance(node, exp.Between):
        check_parts(node, "this", "low", "high")
        low = _comparison(exp.GTE(this=node.this, expression=node.args["low"]), table)
        high = _comparison(exp.LTE(this=node.this, expression=node.args["high"]), table)
        return exp.Paren(this=exp.And(this=low, expression=high))
    if isinstance(node, exp.In) and node.expressions:
        check_parts(node, "this", "expressions")
        variable = _variable(node.this, table)
        return exp.In(this=_column(variable), expressions=[_value(value, variable) for value in node.expressions])
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        check_parts(node, "this", "expression")
        return exp.Is(this=_column(_variable(node.this, table)), expression=exp.Null())
    raise not_allowed(node)


def compared(node: exp.Expr) -> tuple[type[exp.Expr], exp.Expr, exp.Expr]:
    """Return a comparison's sign, what is compared, and with what: `4 <= edss` is `edss >= 4`."""
    check_parts(node, "this", "expression")
    if isinstance(node.this, exp.Literal | exp.Neg):
        return _MIRRORED.get(type(node), type(node)), node.expression, node.this
    return type(node), node.this, node.expression


def whole_number(node: exp.Expr) -> exp.Expr:
    """Build a whole number again; raises FilterRefused for anything else."""
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isascii() or not node.this.isdigit():
        raise not_allowed(node)
    if int(node.this[:15]) > MOST_WHOLE:
        raise FilterRefused(f"A count is compared with up to {MOST_WHOLE:,}.", ALLOWED)
    return exp.Literal.number(node.this)


def _comparison(node: exp.Expr, table: Table) -> exp.Expr:
    sign, what, value = compared(node)
    if isinstance(what, exp.Anonymous):
        return sign(this=_years(what, table), expression=whole_number(value))
    variable = _variable(what, table)
    return sign(this=_column(variable), expression=_value(value, variable))


def _years(node: exp.Anonymous, table: Table) -> exp.Expr:
    check_parts(node, "this", "expressions")
    if node.name.casefold() != YEARS:
        raise not_allowed(node)
    variables = [_variable(one, table) for one in node.expressions]
    if len(variables) != 2 or any(variable.type is not VariableType.DATE for variable in variables):
        raise FilterRefused(f"{YEARS} takes two dates, as {YEARS}(birth_date, onset_date).", ALLOWED)
    # DuckDB's date_sub counts whole years, its date_diff only turns of the year.
    return exp.Anonymous(this="date_sub", expressions=[exp.Literal.string("year"), *map(_column, variables)])


def _variable(node: exp.Expr, table: Table) -> Variable:
    if not isinstance(node, exp.Column):
        raise not_allowed(node)
    check_parts(node, "this", "table")
    if node.table not in ("", table.name):
        raise FilterRefused(f"{node.table}.{node.name} is no variable of {table.name}, which this is about.", ALLOWED)
    variable = table.variable(node.name)
    if variable is None:
        close = did_you_mean(node.name, table.approvable)
        raise FilterRefused(f"{table.name} has no variable {node.name!r}{close or '.'}", ALLOWED)
    if variable.sensitivity is Sensitivity.IDENTIFIER:
        raise FilterRefused(f"{variable.name} is an identifier, and the filter is shown to the project.", ALLOWED)
    return variable


def _column(variable: Variable) -> exp.Expr:
    return exp.column(variable.name, quoted=True)


def _value(node: exp.Expr, variable: Variable) -> exp.Expr:
    """Build a value again as one the variable can take."""
    is_negative = isinstance(node, exp.Neg)
    inner = node.this if is_negative else node
    if not isinstance(inner, exp.Literal):
        raise not_allowed(inner)
    kind = VariableType.INTEGER if variable.has_number_codes else variable.type
    if inner.is_string == (kind in (VariableType.INTEGER, VariableType.DECIMAL)) or (is_negative and inner.is_string):
        raise _unfit(inner, variable)
    text = f"-{inner.this}" if is_negative else inner.this
    if variable.codes and text not in variable.codes:
        codes = ", ".join(f"{code} {meaning}" for code, meaning in variable.codes.items())
        close = did_you_mean(text, variable.codes)
        raise FilterRefused(f"{text} is no code of {variable.name}{close or '.'}", f"Its codes are: {codes}.")
    if kind is VariableType.DATE:
        return exp.cast(exp.Literal.string(_date(inner, variable).isoformat()), "date")
    if inner.is_string:
        return exp.Literal.string(text)
    if not _NUMBER.fullmatch(inner.this) or (kind is VariableType.INTEGER and "." in inner.this):
        raise _unfit(inner, variable)
    number = exp.Literal.number(inner.this)
    return exp.Neg(this=number) if is_negative else number


def _date(node: exp.Literal, variable: Variable) -> date:
    try:
        if _DATE.fullmatch(node.this):  # Python reads other forms too, some of them ambiguous
            return date.fromisoformat(node.this)
    except ValueError as error:
        raise _unfit(node, variable) from error
    raise _unfit(node, variable)


def check_parts(node: exp.Expr, *parts: str) -> None:
    """Refuse a node that says more than the parts this module reads, such as `between symmetric`."""
    if any(value for part, value in node.args.items() if part not in parts):
        raise not_allowed(node)


def not_allowed(node: object) -> FilterRefused:
    name = node.key.upper() if isinstance(node, exp.Expr) else "This"
    if isinstance(node, exp.Anonymous):
        name = f"The function {node.name}"
    return FilterRefused(f"{name} has no place here.", ALLOWED)


def _unfit(node: exp.Literal, variable: Variable) -> FilterRefused:
    what = {VariableType.DATE: "a date like '2006-01-31'", VariableType.INTEGER: "a whole number"}
    needed = what.get(variable.type, f"a value of type {variable.type}")
    return FilterRefused(f"{node.this!r} does not fit {variable.name}, which takes {needed}.", ALLOWED)
