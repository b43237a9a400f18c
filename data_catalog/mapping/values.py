"""One variable of one block: SQL of the source's text, of the typed value, and of a date's precision."""

from collections.abc import Collection
from dataclasses import dataclass

from data_catalog.engine import identifier, literal
from data_catalog.errors import ExpressionRefused
from data_catalog.hints import did_you_mean
from data_catalog.mapping.dates import parsed
from data_catalog.mapping.expressions import compiled_text
from data_catalog.mapping.models import VariableSource
from data_catalog.models import Variable, VariableType
from data_catalog.validation import PATTERNS

_DECIMAL = r"-?[0-9]{1,15}(\.[0-9]{1,30})?([eE]-?[0-9]{1,2})?"
_INTEGER = r"-?[0-9]{1,15}(\.0+)?"
_DIGITS_KEPT = 9
"""Decimals kept of a number that was scaled: 3 × 0.1 is 0.3, not 0.30000000000000004."""


@dataclass(frozen=True)
class Value:
    """A variable as SQL over the block's rows; where `text` is there and `typed` is not, the value can't be read."""

    name: str
    text: str
    typed: str
    precision: tuple[str, str] | None = None


def value(variable: Variable, source: VariableSource, columns: Collection[str], decimal: str = ".") -> Value:
    """Compile one variable; raises ExpressionRefused for a column the source does not have."""
    text = _text(source, columns)
    if variable.type is VariableType.DATE:
        typed, precision = parsed(text, source.dates)
        return Value(variable.name, text, typed, (variable.precision, precision) if variable.precision else None)
    return Value(variable.name, text, _typed(variable, source, text, decimal))


def _text(source: VariableSource, columns: Collection[str]) -> str:
    """Return the source's text, null where it is missing by declaration."""
    if source.value:
        return literal(source.value)
    if source.derive:
        text = compiled_text(source.derive, columns)
    elif source.column in columns:
        text = identifier(source.column)
    else:
        close = did_you_mean(source.column, columns)
        raise ExpressionRefused(f"The source has no column {source.column!r}{close or '.'}")
    if not source.missing:
        return text
    return f"CASE WHEN {text} NOT IN ({', '.join(map(literal, source.missing))}) THEN {text} END"


def _typed(variable: Variable, source: VariableSource, text: str, decimal: str) -> str:
    """Return SQL of the value in the model's type, null where the text does not mean one."""
    if source.codes:
        cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in source.codes.items())
        return f"CASE {text} {cases} END"  # that each of ours is one of the model was checked with the mapping
    if variable.type is VariableType.INTEGER:
        number = _number(source, text, decimal, _INTEGER if source.scale == 1 else _DECIMAL)
        return f"CASE WHEN {number} = floor({number}) THEN CAST({number} AS BIGINT) END"
    if variable.type is VariableType.DECIMAL:
        return _number(source, text, decimal, _DECIMAL)
    if variable.codes:
        listed = ", ".join(map(literal, variable.codes))
        return f"TRY_CAST(CASE WHEN {text} IN ({listed}) THEN {text} END AS {variable.sql_type})"
    fits = f"regexp_full_match({text}, {literal(PATTERNS[variable.type])})"
    if variable.pattern and source.unknown != "refuse":  # what does not fit is found here: the schema would refuse it
        fits += f" AND regexp_full_match({text}, {literal(variable.pattern)})"
    return f"CASE WHEN {fits} THEN {text} END"


def _number(source: VariableSource, text: str, decimal: str, pattern: str) -> str:
    if decimal != ".":
        text = f"replace({text}, {literal(decimal)}, '.')"
    number = f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) THEN TRY_CAST({text} AS DOUBLE) END"
    if source.scale == 1 and source.offset == 0:
        return number
    return f"round({number} * {source.scale!r} + {source.offset!r}, {_DIGITS_KEPT})"
