"""The small language of conditions and derivations: read by a parser, and written anew from what was understood.

    QSTESTCD = 'EDSS' and QSSTRESN is not null
    lower(coalesce("LEK 1", patients.LEK))

Nothing of the text itself reaches DuckDB. Every column is the source's own, as text; `number(x)` reads one as a number.
"""

from collections.abc import Callable, Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from data_catalog.errors import ExpressionRefused
from data_catalog.hints import did_you_mean

LONGEST = 2000

ALLOWED = (
    "An expression has columns, 'texts' and numbers; =, <>, <, <=, >, >=, between, in (…), like, is null, and, or, "
    "not; +, -, *, /; ||, coalesce, concat, lower, upper, trim, substr, replace, nullif, number, case when … end."
)

_OPERATORS = (
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Like, exp.And, exp.Or, exp.Not, exp.Paren),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe, exp.Between, exp.In, exp.Is, exp.Null),
    *(
        exp.Case,
        exp.If,
        exp.Coalesce,
        exp.Concat,
        exp.Lower,
        exp.Upper,
        exp.Trim,
        exp.Substring,
        exp.Replace,
        exp.Nullif,
    ),
)
_NUMBER = "number"
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg)

Rename = Callable[[exp.Column], exp.Expr]


def check_expression(text: str) -> None:
    """Raise ExpressionRefused for what is no expression of this language, whatever the columns are."""
    _rebuilt(text, lambda column: column)


def columns_of(text: str) -> set[str]:
    """Return the columns an expression names, as `column` or `file.column`."""
    named: set[str] = set()

    def note(column: exp.Column) -> exp.Expr:
        named.add(_full_name(column))
        return column

    _rebuilt(text, note)
    return named


def compiled(text: str, columns: Collection[str]) -> str:
    """Return the SQL of an expression over these columns; raises ExpressionRefused for a column that is not there."""

    def known(column: exp.Column) -> exp.Expr:
        name = _full_name(column)
        if name not in columns:
            close = did_you_mean(name, columns)
            raise ExpressionRefused(f"The source has no column {name!r}{close or '.'}", ALLOWED)
        return exp.column(name, quoted=True)

    return _rebuilt(text, known).sql(dialect="duckdb")


def compiled_text(text: str, columns: Collection[str]) -> str:
    """Return the SQL of an expression whose result is a text; a number is written without a needless `.0`."""
    sql = compiled(text, columns)
    node = _parsed(text).unnest()
    if isinstance(node, _ARITHMETIC) or _is_number(node):
        return rf"regexp_replace(CAST({sql} AS VARCHAR), '\.0$', '')"
    return f"CAST({sql} AS VARCHAR)"


def _rebuilt(text: str, rename: Rename) -> exp.Expr:
    if len(text) > LONGEST:
        raise ExpressionRefused(f"An expression has up to {LONGEST} characters, this one {len(text)}.")
    try:
        return _checked(_parsed(text), rename)
    except RecursionError as error:
        raise ExpressionRefused("The expression is nested too deeply.", ALLOWED) from error


def _parsed(text: str) -> exp.Expr:
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError as error:
        raise ExpressionRefused(f"{text!r} can not be understood.", ALLOWED) from error
    if len(statements) != 1 or statements[0] is None:
        raise ExpressionRefused(f"{text!r} is not one expression.", ALLOWED)
    return statements[0]


def _checked(node: exp.Expr, rename: Rename) -> exp.Expr:
    """Build a node again from the short list; raises ExpressionRefused for any other."""
    if isinstance(node, exp.Column):
        _check_plain_column(node)
        return rename(node)
    if isinstance(node, exp.Literal):
        return exp.Literal.string(node.this) if node.is_string else exp.Literal.number(node.this)
    if _is_number(node):
        return exp.TryCast(this=_checked(node.expressions[0], rename), to=exp.DataType.build("double"))
    if not isinstance(node, _OPERATORS):
        raise _not_allowed(node)
    return type(node)(**{name: _argument(value, rename) for name, value in node.args.items()})


def _argument(value: object, rename: Rename) -> object:
    if isinstance(value, exp.Expr):
        return _checked(value, rename)
    if isinstance(value, list):
        return [_argument(item, rename) for item in value]
    if value is None or isinstance(value, bool):
        return value
    raise _not_allowed(value)


def _check_plain_column(node: exp.Column) -> None:
    said = {name for name, value in node.args.items() if value}
    if said - {"this", "table"} or isinstance(node.this, exp.Star):
        raise _not_allowed(node)


def _full_name(column: exp.Column) -> str:
    return f"{column.table}.{column.name}" if column.table else column.name


def _is_number(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == _NUMBER and len(node.expressions) == 1


def _not_allowed(node: object) -> ExpressionRefused:
    name = node.key.upper() if isinstance(node, exp.Expr) else "This"
    return ExpressionRefused(f"{name} has no place in an expression.", ALLOWED)
