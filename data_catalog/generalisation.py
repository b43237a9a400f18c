"""Generalisation: what a cut says of a variable in place of its value; declared, checked, and done by DuckDB.

| rule | of | what the cut holds |
|---|---|---|
| `{ shift = 30 }` | dates | the date moved by one secret number of days per person, from -30 to 30 and never 0 |
| `{ truncate = "year" }` | dates | the first day of the year, or of the month |
| `{ band = 5 }`, `{ band = [18, 30, 50] }` | numbers | the band as text: 15-19; <18, 18-29, 30-49, >=50 |
| `{ round = 0.5 }` | numbers | the nearest multiple |
| `{ top_code = 80, bottom_code = 18 }` | numbers | the value, and the limit in place of any beyond it |
| `{ blind = true }` | codes, texts | a label of the project's own for each value: a letter, or for texts a word |
| `{ pool = { treated = ["active"] } }` | codes | the group a code is in; `other` for codes that no group names |

A person's dates are all moved by the same number, in every table and cut of a project, so that the days between them
stay what they were. It comes from the project's key, under another label than the pseudonym. A date known to the month
or year only is kept as the period's first day; moved as it is, it would give the number away. So the period in which
its moved middle lies stands in its place, and its precision stays what it was.

Labels (`data_catalog.labels`) hide which value is which and not how many there are of each: where counts are published,
or one is known to be rare, pooling hides more.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from string import ascii_uppercase
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data_catalog.engine import identifier, literal
from data_catalog.models import Name, Number, Table, Variable, VariableType

OFFSET = "_offset"
"""The column of a mapping that says by how many days a person's dates are moved."""

MOST_DAYS = 365

OTHER = "other"
"""The group of codes that no group names."""

_METHODS = ("shift", "truncate", "band", "round", "top_code", "bottom_code", "blind", "pool")
_HALF = {"month": 15, "year": 182}


class Generalisation(BaseModel):
    """One rule for one variable."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    shift: int | None = Field(None, ge=1, le=MOST_DAYS)
    truncate: Literal["year", "month"] | None = None
    band: Number | Annotated[tuple[Number, ...], Field(strict=False)] | None = None
    round: Number | None = Field(None, gt=0)
    top_code: Number | None = None
    bottom_code: Number | None = None
    blind: Literal[True] | None = None
    pool: Mapping[Name, Annotated[tuple[str, ...], Field(strict=False, min_length=1)]] | None = Field(
        None, min_length=1
    )

    @model_validator(mode="after")
    def _is_one_rule(self) -> Self:
        given = self.given
        if len(given) != 1 and set(given) != {"top_code", "bottom_code"}:
            raise ValueError(f"takes one of {', '.join(_METHODS)}; top_code and bottom_code may stand together")
        if isinstance(self.band, tuple) and (not self.band or list(self.band) != sorted(set(self.band))):
            raise ValueError("the edges of bands rise, and there is at least one")
        if isinstance(self.band, (int, float)) and self.band <= 0:
            raise ValueError("the width of bands is more than 0")
        if self.top_code is not None and self.bottom_code is not None and self.top_code <= self.bottom_code:
            raise ValueError("top_code lies above bottom_code")
        pooled = [code for codes in (self.pool or {}).values() for code in codes]
        if len(set(pooled)) < len(pooled):
            raise ValueError("a code is pooled in one group")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """What was declared, as it is written down."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def words(self) -> str:
        """What it does, for people."""
        if self.shift is not None:
            return f"moved by one secret number of days per person, up to {self.shift} either way"
        if self.truncate is not None:
            return f"first day of the {self.truncate}"
        if self.band is not None:
            edges = (
                f"with edges {', '.join(map(str, self.band))}" if isinstance(self.band, tuple) else f"of {self.band}"
            )
            return f"bands {edges}"
        if self.blind:
            return "each value under a label of the project's own, which does not say which value it is"
        if self.pool is not None:
            groups = (f"{group} is {', '.join(codes)}" for group, codes in self.pool.items())
            return f"pooled: {'; '.join(groups)}; {OTHER} is any other code"
        if self.round is not None:
            return f"rounded to multiples of {self.round}"
        limits = {"at least": self.bottom_code, "at most": self.top_code}
        return "limited to " + " and ".join(f"{word} {limit}" for word, limit in limits.items() if limit is not None)


Rules = Mapping[str, Generalisation]
"""Variable → what is done with it."""


def problems_of_rules(table: Table, variables: tuple[str, ...], rules: Rules) -> Iterator[str]:
    """Name every rule that is of no variable in the cut, or does not fit the variable."""
    for name, rule in rules.items():
        variable = table.variable(name)
        if variable is None or name not in variables:
            yield f"{table.name}: {name} is generalised and not among the variables"
        elif not _fits(rule, variable):
            yield f"{table.name}: {name} is of type {variable.type}, which {', '.join(rule.given)} does not fit"
        elif unknown := sorted({code for codes in (rule.pool or {}).values() for code in codes} - set(variable.codes)):
            yield f"{table.name}: {', '.join(unknown)} is no code of {name}, and can not be pooled"
    if len({rule.shift for rule in rules.values() if rule.shift}) > 1:
        yield f"{table.name}: dates that are moved by different numbers of days have no intervals any more"


def _fits(rule: Generalisation, variable: Variable) -> bool:
    if rule.shift is not None or rule.truncate is not None:
        return variable.type is VariableType.DATE
    if rule.blind or rule.pool is not None:
        return variable.type is VariableType.CODE or (variable.type is VariableType.TEXT and rule.pool is None)
    limits = (rule.top_code, rule.bottom_code, rule.round)
    whole = all(limit is None or isinstance(limit, int) for limit in limits)
    return variable.type is VariableType.DECIMAL or (variable.type is VariableType.INTEGER and whole)


def days_of(rules: Rules) -> int:
    """Return by how many days dates are moved at most, 0 where none are."""
    return max((rule.shift or 0 for rule in rules.values()), default=0)


def needed_for(table: Table, rules: Rules) -> set[str]:
    """Return the variables that must be read for the rules beside those generalised: precisions of moved dates."""
    found = (table.variable(name) for name, rule in rules.items() if rule.shift)
    return {variable.precision for variable in found if variable is not None and variable.precision}


def expression(table: Table, variable: Variable, rules: Rules) -> str:
    """Return the DuckDB expression of what a cut holds of a variable, over the table's own columns."""
    rule = rules.get(variable.name)
    if rule is not None:
        return _generalised(variable, rule)
    for date in table.variables:
        truncated = rules[date.name].truncate if date.name in rules else None
        if date.precision == variable.name and truncated:
            return _coarser(identifier(variable.name), truncated)
    return identifier(variable.name)


def label_column(name: str) -> str:
    """Return the column that a cut's query has beside a variable's own for the labels of its values."""
    return f"_label_{name}"


def letter(place: int) -> str:
    """Return the label of so many labels before it: A to Z, then AA to ZZ."""
    first, last = divmod(place, len(ascii_uppercase))
    return (letter(first - 1) if first else "") + ascii_uppercase[last]


def day_shown(table: Table, name: str, variables: Collection[str], rules: Rules) -> str:
    """Return the DuckDB expression of the day a cut shows of a date; NULL where it shows none, or a longer period."""
    variable, rule = table.variable(name), rules.get(name)
    if variable is None or name not in variables or (rule is not None and rule.shift is None):
        return "NULL::DATE"
    shown = expression(table, variable, rules)
    if variable.precision is None:
        return shown
    return f"CASE WHEN {identifier(variable.precision)} = 'day' THEN {shown} END"


def _generalised(variable: Variable, rule: Generalisation) -> str:
    column = identifier(variable.name)
    if rule.shift is not None:
        return _moved(column, variable)
    if rule.truncate is not None:
        return f"date_trunc({literal(rule.truncate)}, {column})::DATE"
    if rule.band is not None:
        return _banded(column, variable, rule.band)
    if variable.type in (VariableType.CODE, VariableType.TEXT):
        return identifier(label_column(variable.name)) if rule.pool is None else _pooled(column, variable, rule.pool)
    if rule.round is not None:
        return f"(round({column} / {rule.round!r}) * {rule.round!r})::{variable.sql_type}"
    limits = {"least": rule.top_code, "greatest": rule.bottom_code}
    for function, limit in limits.items():
        if limit is not None:  # least and greatest pass over what is missing
            column = f"CASE WHEN {column} IS NOT NULL THEN {function}({column}, {limit!r}) END"
    return f"({column})::{variable.sql_type}"


def _pooled(column: str, variable: Variable, pool: Mapping[str, tuple[str, ...]]) -> str:
    def listed(codes: tuple[str, ...]) -> str:
        return ", ".join(codes if variable.has_number_codes else map(literal, codes))

    groups = " ".join(f"WHEN {column} IN ({listed(codes)}) THEN {literal(group)}" for group, codes in pool.items())
    return f"CASE {groups} WHEN {column} IS NOT NULL THEN {literal(OTHER)} END"


def _moved(column: str, variable: Variable) -> str:
    moved = f"({column} + {OFFSET})"
    if variable.precision is None:
        return moved
    periods = " ".join(
        f"WHEN {literal(period)} THEN date_trunc({literal(period)}, {moved} + {half})::DATE"
        for period, half in _HALF.items()
    )
    return f"CASE {identifier(variable.precision)} {periods} ELSE {moved} END"


def _coarser(column: str, truncated: str) -> str:
    """Return the precision of a truncated date: no finer than what it was truncated to."""
    finer = ("'day'",) if truncated == "month" else ("'day'", "'month'")
    return f"CASE WHEN {column} IN ({', '.join(finer)}) THEN {literal(truncated)} ELSE {column} END"


def _banded(column: str, variable: Variable, band: Number | tuple[Number, ...]) -> str:
    whole = variable.type is VariableType.INTEGER
    if not isinstance(band, tuple):
        low = f"floor({column} / {band!r}) * {band!r}"
        kind = "BIGINT" if whole and isinstance(band, int) else "DOUBLE"
        high = f"({low} + {band!r} - 1)::{kind}" if kind == "BIGINT" else f"({low} + {band!r})::{kind}"
        between = "-" if kind == "BIGINT" else " to <"
        text = f"concat(({low})::{kind}, {literal(between)}, {high})"
        return f"CASE WHEN {column} IS NOT NULL THEN {text} END"
    cases = [f"WHEN {column} < {band[0]!r} THEN {literal(f'<{band[0]}')}"]
    for low_edge, high_edge in pairwise(band):
        label = f"{low_edge}-{high_edge - 1}" if whole and isinstance(high_edge, int) else f"{low_edge} to <{high_edge}"
        cases.append(f"WHEN {column} < {high_edge!r} THEN {literal(label)}")
    cases.append(f"WHEN {column} IS NOT NULL THEN {literal(f'>={band[-1]}')}")
    return f"CASE {' '.join(cases)} END"


def described(variable: Variable, rules: Rules) -> Variable:
    """Return a variable as the dictionary of a cut describes it."""
    rule = rules.get(variable.name)
    if rule is None:
        return variable
    said = f"{variable.description.rstrip('. ')}. " if variable.description else ""
    changes: dict[str, Any] = {"description": f"{said}Generalised: {rule.words}."}
    if rule.band is not None:
        free = {"minimum": None, "maximum": None, "step": None, "never": ()}
        changes |= {"type": VariableType.TEXT, **free}
    if rule.blind:
        letters = sorted(map(letter, range(len(variable.codes))), key=lambda label: (len(label), label))
        changes |= {"pattern": "", "codes": dict.fromkeys(letters, "one of the values, not said which")}
    if rule.pool is not None:
        changes |= {"codes": _groups(variable, rule.pool)}
    return variable.model_copy(update=changes)


def _groups(variable: Variable, pool: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the codes of a pooled variable, each with the meanings of those that are in it."""
    group_of = {code: group for group, codes in pool.items() for code in codes}
    groups: dict[str, list[str]] = {group: [] for group in pool}
    for code, meaning in variable.codes.items():
        groups.setdefault(group_of.get(code, OTHER), []).append(meaning)
    return {group: "; or ".join(meanings) for group, meanings in groups.items()}


def filter_notes(table: Table, filtered_by: set[str], rules: Rules) -> list[str]:
    """Say, for the committee, where a filter tells more of a variable than the cut does."""
    return [
        f"{table.name}: the row filter is on {name}, which the cut generalises ({rules[name].words}); "
        "who is in the cut may tell more than the column does."
        for name in sorted(filtered_by & set(rules))
    ]
