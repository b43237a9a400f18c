"""Tier one of validation: the hard schema, made from any declaration. What it finds is refused.

It looks at *typed* tables: the variables of a declaration in their own types, and `_row`, the row of the source.
They are read batch by batch through Arrow, so memory does not grow with the table.
"""

from collections.abc import Iterator, Sequence
from datetime import date

import duckdb
import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from data_catalog.engine import identifier
from data_catalog.free_text import PATIENTS, check_free_text
from data_catalog.models import Table, Variable, VariableType
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation
from data_catalog.validation import PATTERNS, ROUNDING

ROW = "_row"
"""The column that says which row of the source a typed row was made from."""

BATCH = 1_000_000

Relations = Sequence[tuple[str, Table]]
"""Typed tables: the name of each in SQL, and what it declares."""

_TYPES = {
    "BIGINT": pl.Int64,
    "DOUBLE": pl.Float64,
    "VARCHAR": pl.String,
    "DATE": pl.Date,
    "INTEGER": pl.Int32,
}
_FORMS = {kind: f"^{PATTERNS[kind]}$" for kind in (VariableType.TEXT, VariableType.IDENTIFIER)}

_ROW_REASONS = {SchemaErrorReason.DATAFRAME_CHECK, SchemaErrorReason.SERIES_CONTAINS_NULLS}


def check_everything(
    connection: duckdb.DuckDBPyConnection, relations: Relations, *, as_of: date | None = None
) -> list[Finding]:
    """Return everything that refuses these typed tables: values, people nobody knows, and identifiers in free text."""
    misshapen = [finding for name, table in relations for finding in _check_shape(connection, name, table)]
    if misshapen:
        return misshapen
    found = [finding for name, table in relations for finding in check_typed(connection, name, table, as_of=as_of)]
    return [*found, *check_references(connection, relations), *check_free_text(connection, relations)]


def table_schema(table: Table, *, as_of: date | None = None, whole: bool = True) -> pa.DataFrameSchema:
    """Return the schema of a typed table; `whole` says whether it is to hold for all rows, or for a batch of them.

    With `as_of`, the day of the delivery, a later date is refused too.
    """
    columns = {variable.name: _column(variable, as_of) for variable in table.variables}
    unique = list(table.unique) if whole and table.unique else None
    return pa.DataFrameSchema({**columns, ROW: pa.Column(pl.Int64)}, strict=True, unique=unique, name=table.name)


def check_typed(
    connection: duckdb.DuckDBPyConnection, relation: str, table: Table, *, as_of: date | None = None
) -> list[Finding]:
    """Return every rule a typed table breaks, with its total and the first violations."""
    if misshapen := _check_shape(connection, relation, table):
        return misshapen
    schema, tally = table_schema(table, as_of=as_of, whole=False), _Tally(table)
    for frame in _batches(connection, relation):
        for error in _errors(schema, frame):
            tally.add(frame, error)
    return [*tally.findings(), *_check_unique(connection, relation, table)]


def check_references(connection: duckdb.DuckDBPyConnection, relations: Relations) -> list[Finding]:
    """Return the rows about people who are not in the table of patients; without such a table there is no telling."""
    patients = next(((name, table) for name, table in relations if table.name == PATIENTS), None)
    if patients is None:
        return []
    known = f"SELECT {identifier(patients[1].person)} FROM {patients[0]}"
    others = [(name, table) for name, table in relations if table.name != PATIENTS]
    return [finding for name, table in others for finding in _unknown_people(connection, name, table, known)]


def _unknown_people(
    connection: duckdb.DuckDBPyConnection, relation: str, table: Table, known: str
) -> Iterator[Finding]:
    person = identifier(table.person)
    rows = connection.execute(
        f"SELECT {ROW}, {person}, count(*) OVER () FROM {relation} AS t "
        f"WHERE NOT EXISTS (FROM ({known}) AS k(person) WHERE k.person = t.{person}) "
        f"ORDER BY {ROW} LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if rows:
        violations = tuple(Violation(row, value) for row, value, _ in rows)
        yield Finding(table.name, table.person, f"a person who is not in the table {PATIENTS}", rows[0][2], violations)


def _column(variable: Variable, as_of: date | None) -> pa.Column:
    return pa.Column(
        _TYPES[variable.sql_type], list(_checks(variable, as_of)), nullable=variable.may_be_missing, name=variable.name
    )


def _checks(variable: Variable, as_of: date | None) -> Iterator[pa.Check]:
    value = pl.col(variable.name)
    if variable.type in _FORMS:
        yield _check(value.str.contains(_FORMS[variable.type]), f"not of type {variable.type}")
    if variable.type is VariableType.DECIMAL:
        yield _check(value.is_finite(), f"not of type {variable.type}")
    if variable.codes:
        codes = [int(code) for code in variable.codes] if variable.has_number_codes else list(variable.codes)
        listed = pl.Series(codes, dtype=_TYPES[variable.sql_type]).implode()
        yield _check(value.is_in(listed), f"not one of the codes {', '.join(variable.codes)}")
    if variable.pattern:
        yield _check(value.str.contains(f"^(?:{variable.pattern})$"), f"not of the form {variable.pattern}")
    if variable.type is VariableType.DATE and as_of is not None:
        yield _check(value <= as_of, f"after {as_of}, the day of the delivery")
    yield from _limits(variable, value)


def _limits(variable: Variable, value: pl.Expr) -> Iterator[pa.Check]:
    if variable.minimum is not None:
        yield _check(value >= variable.minimum, f"under the minimum {variable.minimum}")
    if variable.maximum is not None:
        yield _check(value <= variable.maximum, f"over the maximum {variable.maximum}")
    if variable.step is not None:
        steps = (value - variable.minimum) / variable.step
        words = f"not in steps of {variable.step} from {variable.minimum}"
        yield _check((steps - steps.round()).abs() <= ROUNDING, words)
    if variable.never:
        words = f"{', '.join(map(repr, variable.never))} does not exist"
        yield _check(pl.all_horizontal(value != number for number in variable.never), words)


def _check(holds: pl.Expr, words: str) -> pa.Check:
    """Make a check of an expression that is true where the rule holds; what is missing breaks nothing."""
    return pa.Check(lambda data: data.lazyframe.select(holds.fill_null(value=True)), name=words, error=words)


def _check_shape(connection: duckdb.DuckDBPyConnection, relation: str, table: Table) -> list[Finding]:
    """Compare names and types of the columns: without the right ones no rule can be checked."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    found = {name: kind for name, kind, *_ in described}
    wanted = {**{variable.name: variable.sql_type for variable in table.variables}, ROW: "BIGINT"}
    absent = [Finding(table.name, name, "the column is not there", 1) for name in wanted if name not in found]
    strange = [Finding(table.name, name, "the column is not declared", 1) for name in found if name not in wanted]
    other = [
        Finding(table.name, name, f"kept as {found[name]} instead of {kind}", 1)
        for name, kind in wanted.items()
        if name in found and found[name] != kind
    ]
    return [*absent, *strange, *other]


def _batches(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[pl.DataFrame]:
    reader = connection.sql(f"SELECT * FROM {relation}").to_arrow_reader(BATCH)
    for batch in reader:
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)
        yield frame


def _errors(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[SchemaError]:
    """Return the rules a batch breaks; what could not be checked is raised, since it must not count as kept."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as broken:
        errors = list(broken.schema_errors)
        for error in errors:
            if error.reason_code not in _ROW_REASONS:
                raise AssertionError(f"{schema.name}: {error}") from broken
        return errors
    return []


class _Tally:
    """Counts violations per rule over batches and keeps the first ones by their rows."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._totals: dict[tuple[str, str], int] = {}
        self._first: dict[tuple[str, str], list[Violation]] = {}

    def add(self, frame: pl.DataFrame, error: SchemaError) -> None:
        column = str(error.schema.name)
        missing = error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS
        key = (column, "a value is missing" if missing else str(error.check.error))
        broken = frame.filter(~error.check_output.to_series()).select(ROW, pl.col(column).cast(pl.String))
        first = [Violation(row, value) for row, value in broken.bottom_k(SHOWN_PER_RULE, by=ROW).iter_rows()]
        kept = sorted([*self._first.get(key, []), *first], key=lambda violation: violation.row)
        self._totals[key] = self._totals.get(key, 0) + broken.height
        self._first[key] = kept[:SHOWN_PER_RULE]

    def findings(self) -> list[Finding]:
        return [
            Finding(self._table.name, column, words, total, tuple(self._first[column, words]))
            for (column, words), total in self._totals.items()
        ]


def _check_unique(connection: duckdb.DuckDBPyConnection, relation: str, table: Table) -> list[Finding]:
    """Look for rows that share their unique variables; only people who have such rows are sorted."""
    if not table.unique:
        return []
    keys = ", ".join(identifier(name) for name in table.unique)
    twice = f"SELECT {keys} FROM {relation} GROUP BY {keys} HAVING count(*) > 1"
    nth = f"row_number() OVER (PARTITION BY {keys} ORDER BY {ROW}) AS nth"
    again = connection.execute(
        f"SELECT {ROW}, concat_ws(', ', {keys}), count(*) OVER () FROM (SELECT *, {nth} FROM {relation} "
        f"WHERE ({keys}) IN ({twice})) WHERE nth > 1 ORDER BY {ROW} LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if not again:
        return []
    violations = tuple(Violation(row, key) for row, key, _ in again)
    return [Finding(table.name, ", ".join(table.unique), "already in an earlier row", again[0][2], violations)]
