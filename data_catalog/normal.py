"""The normal form of a condition: one text for all that differ in their writing only.

    (('rrms' = course) OR NOT 02.50 > edss)    is    course = 'rrms' or edss >= 2.5

Taken are conditions that `data_catalog.filter` and `data_catalog.cohort` have built again. Spaces, letters of keywords,
parentheses, the sides of a comparison, numbers (02.50 is 2.5), the order and repetition of what `and` and `or` put
together, and `not` before anything but a variable make no difference; `between` is its two comparisons. What holds for
a missing value is kept: a condition and its normal form are true of the same rows.
"""

from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from data_catalog.engine import identifier, literal
from data_catalog.filter import SIGNS, YEARS

_OPPOSITES = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_COUNTED = (exp.Count, exp.Anonymous)
"""What is compared with whole numbers only, so that more than 2 is at least 3."""


@dataclass(frozen=True)
class _Joined:
    """Conditions put together by one word; their order and repetition say nothing."""

    word: str
    parts: "frozenset[str | _Joined]"


def normal_text(node: exp.Expr) -> str:
    """Return the normal form of a condition that was built again."""
    return _text(_form(node, negated=False))


def plain_number(text: str) -> str:
    """Return a number in one way of writing: 2, 2.0 and 02 are 2, and so is minus zero zero."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, fraction = digits.partition(".")
    plain = ".".join(part for part in (whole.lstrip("0") or "0", fraction.rstrip("0")) if part)
    return plain if plain == "0" else sign + plain


def _form(node: exp.Expr, *, negated: bool) -> str | _Joined:
    if isinstance(node, exp.Paren):
        return _form(node.this, negated=negated)
    if isinstance(node, exp.Not):
        return _form(node.this, negated=not negated)
    if not isinstance(node, (exp.And, exp.Or)):
        return _leaf(node, negated)
    word = "and" if isinstance(node, exp.And) != negated else "or"
    parts = frozenset(
        part for side in (node.this, node.expression) for part in _parts(_form(side, negated=negated), word)
    )
    return _Joined(word, parts) if len(parts) > 1 else next(iter(parts))


def _parts(form: str | _Joined, word: str) -> "frozenset[str | _Joined]":
    return form.parts if isinstance(form, _Joined) and form.word == word else frozenset({form})


def _text(form: str | _Joined) -> str:
    """Write conditions on variables before counts of rows, each in alphabetical order."""
    if isinstance(form, str):
        return form
    texts = (part if isinstance(part, str) else f"({_text(part)})" for part in form.parts)
    return f" {form.word} ".join(sorted(texts, key=lambda text: ("count(" in text, text)))


def _leaf(node: exp.Expr, negated: bool) -> str:
    what, no = _what(node.this), "not " if negated else ""
    if isinstance(node, exp.Is):
        return f"{what} is {no}null"
    if isinstance(node, exp.In):
        values = sorted({_value(value) for value in node.expressions})
        if len(values) > 1:
            return f"{what} {no}in ({', '.join(values)})"
        return f"{what} {'<>' if negated else '='} {values[0]}"
    sign, value = SIGNS[type(node)], _value(node.expression)
    sign = _OPPOSITES[sign] if negated else sign
    if isinstance(node.this, _COUNTED):
        sign, value = _least_or_most(sign, int(value))
    return f"{what} {sign} {value}"


def _least_or_most(sign: str, number: int) -> tuple[str, str]:
    """Write a comparison of whole numbers with >= and <=; less than 0 has no such form."""
    if sign == ">":
        return ">=", str(number + 1)
    if sign == "<" and number > 0:
        return "<=", str(number - 1)
    return sign, str(number)


def _what(node: exp.Expr) -> str:
    if isinstance(node, exp.Count):
        conditions = [normal_text(condition) for condition in node.expressions]
        return f"count({', '.join([_name(node.this.name), *conditions])})"
    if isinstance(node, exp.Anonymous):
        _unit, first, second = node.expressions
        return f"{YEARS}({_name(first.name)}, {_name(second.name)})"
    return _name(node.name)


def _value(node: exp.Expr) -> str:
    if isinstance(node, exp.Neg):
        return plain_number(f"-{node.this.this}")
    inner = node.this if isinstance(node, exp.Cast) else node
    return literal(inner.this) if inner.is_string else plain_number(inner.this)


@cache
def _name(name: str) -> str:
    """Write a declared name, in quotes where it would be read as something else, such as `case`."""
    try:
        node = sqlglot.parse_one(f"{name} = 1", dialect="duckdb").this
        is_plain = isinstance(node, exp.Column) and node.name == name
    except SqlglotError:
        is_plain = False
    return name if is_plain else identifier(name)
