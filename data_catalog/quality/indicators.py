"""Count the indicators of an edition over its typed tables: one pass for all rules over one source."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

import duckdb

from data_catalog.cdm import CDM_VERSION, cdm_tables
from data_catalog.engine import identifier, literal
from data_catalog.facts import Registry
from data_catalog.models import Table, Variable
from data_catalog.quality.models import About, Axis, Indicator, QualityReport, Status
from data_catalog.quality.rules import Measure, Rule, approvals, rule_book

_UNTIL = """
CREATE OR REPLACE TEMP MACRO until(first_day, precise) AS CASE precise
    WHEN 'year' THEN CAST(first_day + INTERVAL 1 YEAR - INTERVAL 1 DAY AS DATE)
    WHEN 'month' THEN CAST(first_day + INTERVAL 1 MONTH - INTERVAL 1 DAY AS DATE)
    ELSE first_day END
"""

Counted = TypeVar("Counted", Rule, Measure)

NO_ROWS = "no row has what it needs"
NO_REGISTRY = "the source is no registry"


def indicators(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    about: About,
    registry: Registry | None = None,
) -> QualityReport:
    """Count every indicator; `tables` gives the typed tables that are there: name in the model → name in SQL."""
    connection.execute(_UNTIL)
    present = _Present(connection, tables)
    counted = [
        *_rules(connection, present),
        *_completeness(connection, present),
        *_measures(connection, present, registry),
        *_declared(connection, present, registry),
    ]
    return QualityReport(about, CDM_VERSION, registry, tuple(sorted(counted, key=_place)))


def _place(indicator: Indicator) -> tuple[int, int]:
    """Return where an indicator stands: by axis, then in the order of the rules; variables come last, by table."""
    order = [rule.id for rule in rule_book().rules]
    rank = order.index(indicator.id) if indicator.id in order else len(order)
    return list(Axis).index(indicator.axis), rank


class _Present:
    """The tables that are there, and queries that stand for every table of the model, with nothing for what is not."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, str]) -> None:
        self._relations = tables
        self._columns = {
            name: {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
            for name, relation in tables.items()
        }
        listed = ", ".join(f"({literal(drug)}, {year})" for drug, year in approvals().items())
        self._queries = {table.name: self._query(table) for table in cdm_tables()}
        self._queries["approvals"] = f"(FROM (VALUES {listed}) AS a(drug, year))"

    def has(self, name: str) -> bool:
        """Tell whether a table, or a variable written `table.variable`, is there."""
        table, _, variable = name.partition(".")
        return table in self._columns and (not variable or variable in self._columns[table])

    def source(self, sql: str) -> str:
        """Put the tables' queries into the SQL of a source."""
        return sql.format_map(self._queries)

    def table(self, name: str) -> str:
        """Return the query that stands for a table."""
        return self._queries[name]

    def _query(self, table: Table) -> str:
        there = self._columns.get(table.name, set())
        absent = [v for v in table.variables if v.name not in there]
        nothing = ", ".join(f"CAST(NULL AS {v.sql_type}) AS {identifier(v.name)}" for v in absent)
        if table.name not in self._columns:
            return f"(SELECT {nothing} WHERE false)"
        return f"(SELECT *{', ' if nothing else ''}{nothing} FROM {self._relations[table.name]})"


def _rules(connection: duckdb.DuckDBPyConnection, present: _Present) -> Iterator[Indicator]:
    book = rule_book()
    for source, rules in groupby(sorted(book.rules, key=lambda rule: rule.source), key=lambda rule: rule.source):
        counted, idle = _part(rules, present)
        yield from (_not_checked(rule, why) for rule, why in idle)
        conditions = [condition for rule in counted for condition in (rule.of, f"({rule.of}) AND ({rule.broken})")]
        counts = _count(connection, present.source(book.sources[source]), conditions)
        for number, rule in enumerate(counted):
            yield _judged(rule, n=counts[2 * number + 1], of=counts[2 * number])


def _part(rules: Iterable[Counted], present: _Present) -> tuple[list[Counted], list[tuple[Counted, str]]]:
    """Part the rules that can be counted from those that need what is not there, with what that is."""
    absent = [(rule, [name for name in rule.needs if not present.has(name)]) for rule in rules]
    counted = [rule for rule, missing in absent if not missing]
    return counted, [(rule, f"not there: {', '.join(missing)}") for rule, missing in absent if missing]


def _count(connection: duckdb.DuckDBPyConnection, source: str, conditions: Sequence[str]) -> list[int]:
    if not conditions:
        return []
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    row = connection.execute(f"SELECT {counts} FROM ({source})").fetchone()
    assert row is not None
    return list(row)


def _judged(rule: Rule, n: int, of: int) -> Indicator:
    if not of:
        return _not_checked(rule, NO_ROWS)
    status = Status.LOOK if n / of > rule.look_above else Status.OK
    limit = f"at most {rule.look_above:.1%}"
    return Indicator(rule.id, rule.axis, rule.label, status, n, of, limit=limit, basis=rule.basis)


def _not_checked(rule: Rule | Measure, why: str) -> Indicator:
    return Indicator(rule.id, rule.axis, rule.label, Status.NOT_CHECKED, basis=rule.basis, why=why)


def _completeness(connection: duckdb.DuckDBPyConnection, present: _Present) -> Iterator[Indicator]:
    for table in cdm_tables():
        variables = [variable for variable in table.variables if variable.name != table.person]
        among = [_among(table, variable) for variable in variables]
        conditions = [
            condition
            for variable, rows in zip(variables, among, strict=True)
            for condition in (rows, f"({rows}) AND {identifier(variable.name)} IS NOT NULL")
        ]
        counts = _count(connection, present.table(table.name), conditions)
        for number, variable in enumerate(variables):
            of, n = counts[2 * number], counts[2 * number + 1]
            there = present.has(f"{table.name}.{variable.name}")
            yield _complete(table, variable, n if there else 0, of if there else 0, there)


def _among(table: Table, variable: Variable) -> str:
    """Return the condition of the rows that should have a value: a precision is needed where there is a date."""
    dated = next((v.name for v in table.variables if v.precision == variable.name), None)
    if dated is not None:
        return f"{identifier(dated)} IS NOT NULL"
    return rule_book().completeness.among.get(f"{table.name}.{variable.name}", "true")


def _complete(table: Table, variable: Variable, n: int, of: int, there: bool) -> Indicator:
    name, book = f"{table.name}.{variable.name}", rule_book().completeness
    least = book.minimum_dataset_at_least if variable.minimum_dataset and name not in book.unjudged else 0.0
    status, why = Status.OK, ""
    if not there:
        status, why = Status.NOT_AVAILABLE, f"not there: {name}"
    elif not of:
        status, why = Status.NOT_CHECKED, NO_ROWS
    elif n == 0:
        status, why = Status.NOT_AVAILABLE, "no row has a value"
    elif n / of < least:
        status = Status.LOOK
    return Indicator(
        f"complete_{table.name}_{variable.name}",
        Axis.COMPLETENESS,
        variable.label,
        status,
        n if of else None,
        of or None,
        limit=f"at least {least:.0%}" if least else "",
        why=why,
        variable=name,
        minimum_dataset=variable.minimum_dataset,
    )


def _measures(
    connection: duckdb.DuckDBPyConnection, present: _Present, registry: Registry | None
) -> Iterator[Indicator]:
    measures, idle = _part(rule_book().measures, present)
    yield from (_not_checked(measure, why) for measure, why in idle)
    for measure in measures:
        yield _measured(connection, present, measure) if registry else _not_checked(measure, NO_REGISTRY)


def _measured(connection: duckdb.DuckDBPyConnection, present: _Present, measure: Measure) -> Indicator:
    counted, value = (
        (f"({measure.of}) AND ({measure.share})", "NULL") if measure.share else (measure.of, measure.median)
    )
    row = connection.execute(
        f"SELECT count(*) FILTER (WHERE {measure.of}), count(*) FILTER (WHERE {counted}), "
        f"median({value}) FILTER (WHERE {measure.of}) FROM ({present.source(rule_book().sources[measure.source])})"
    ).fetchone()
    assert row is not None
    of, n, median = row
    if not of:
        return _not_checked(measure, NO_ROWS)
    found = n / of if measure.share else float(median)
    low, high = measure.expected
    return Indicator(
        measure.id,
        measure.axis,
        measure.label,
        Status.OK if low <= found <= high else Status.LOOK,
        n,
        of,
        value=None if measure.share else round(found, 1),
        limit=f"{low:.0%} to {high:.0%}" if measure.share else f"{low:g} to {high:g}",
        basis=measure.basis,
    )


def _declared(
    connection: duckdb.DuckDBPyConnection, present: _Present, registry: Registry | None
) -> Iterator[Indicator]:
    """Compare the number of people with what the registry declares, and with the people its coverage implies."""
    for name, of in _declared_people(registry).items():
        declared = rule_book().registry[name]
        if registry is None or of is None or not present.has("patient"):
            why = NO_REGISTRY if registry is None else "not declared" if of is None else "not there: patient"
            yield Indicator(name, declared.axis, declared.label, Status.NOT_CHECKED, why=why)
            continue
        (n,) = _count(connection, f"SELECT DISTINCT patient_id FROM {present.table('patient')}", ["true"])
        expected = registry.people / of
        status = Status.OK if abs(n / of - expected) <= declared.tolerance else Status.LOOK
        limit = f"{expected:.0%}, give or take {declared.tolerance:.0%}"
        basis = f"declared by the registry, {registry.as_of}"
        yield Indicator(name, declared.axis, declared.label, status, n, of, limit=limit, basis=basis)


def _declared_people(registry: Registry | None) -> dict[str, int | None]:
    people = registry.people if registry else None
    covered = registry.coverage_percent if registry else None
    return {"people_included": people, "coverage": round(people * 100 / covered) if people and covered else None}
