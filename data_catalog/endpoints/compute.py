"""Compute endpoints over the tables of the common data model, everybody at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa

from core.errors import InvalidInput
from data_catalog.endpoints import queries
from data_catalog.endpoints.catalogue import standard_endpoints
from data_catalog.endpoints.courses import Courses, Days
from data_catalog.endpoints.declared import NOT_ASSESSABLE, as_declared_table
from data_catalog.endpoints.models import (
    EndpointDefinition,
    EventDefinition,
    EveryEventDefinition,
    MilestoneParameters,
    NedaDefinition,
    WorseningParameters,
)
from data_catalog.endpoints.worsening import Found, milestones, worsenings
from data_catalog.engine import identifier, registered
from data_catalog.models import DatasetDeclaration, Table

NEEDS: Mapping[str, tuple[str, ...]] = {
    "worsening": ("patient", "visit", "relapse"),
    "pira": ("patient", "visit", "relapse"),
    "worsening_events": ("patient", "visit", "relapse"),
    "pira_events": ("patient", "visit", "relapse"),
    "milestone": ("patient", "visit", "relapse"),
    "relapse_rate": ("patient", "visit", "relapse"),
    "neda": ("patient", "visit", "relapse", "mri"),
    "conversion": ("patient", "visit"),
    "treatment": ("patient", "visit", "treatment"),
    "safety": ("patient", "visit", "treatment", "adverse_event"),
}
"""The tables of the common data model each kind of endpoint is computed from."""


@dataclass(frozen=True)
class Computed:
    """An endpoint as computed: the DuckDB table that holds it, its declaration, and how many rows it has."""

    definition: EndpointDefinition
    table: Table
    rows: int


def endpoint_tables(
    connection: duckdb.DuckDBPyConnection, definitions: Sequence[EndpointDefinition], relations: Mapping[str, str]
) -> tuple[Computed, ...]:
    """Make the table `endpoint_<id>_v<version>` of each definition and return what was made.

    `relations` gives for tables of the common data model what stands behind FROM. Raises InvalidInput where a table
    that an endpoint needs is not among them: without relapses nobody can say that a worsening is independent of them.
    """
    for definition in definitions:
        check_computable(definition, relations)
    for name in sorted({name for definition in definitions for name in NEEDS[definition.kind]}):
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {queries.view(name)} AS SELECT * FROM {relations[name]}")
    connection.execute(queries.PEOPLE)
    connection.execute(queries.FOLLOW_UP)
    searches = _Searches(connection)
    return tuple(_compute(connection, definition, searches) for definition in definitions)


def computable(declaration: DatasetDeclaration) -> tuple[EndpointDefinition, ...]:
    """Return the standard endpoints that a dataset's tables suffice for."""
    tables = {table.name for table in declaration.tables}
    return tuple(definition for definition in standard_endpoints() if tables.issuperset(NEEDS[definition.kind]))


def with_endpoints(declaration: DatasetDeclaration, computed: Sequence[Computed]) -> DatasetDeclaration:
    """Return the declaration with the tables of endpoints after its own."""
    tables = (*declaration.tables, *(each.table for each in computed))
    return DatasetDeclaration.model_validate({**dict(declaration), "tables": tables})


def check_computable(definition: EndpointDefinition, tables: Mapping[str, object]) -> None:
    """Refuse an endpoint where a table it is computed from is absent."""
    absent = [name for name in NEEDS[definition.kind] if name not in tables]
    if absent:
        raise InvalidInput(
            f"{definition.id} can not be computed without {', '.join(absent)}.",
            "Leave the endpoint out, or map these tables.",
        )


class _Searches:
    """Everybody's courses, read at first need, and what was found in them: endpoints that ask the same share it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._found: dict[WorseningParameters | MilestoneParameters, Found] = {}

    @cached_property
    def courses(self) -> Courses:
        """Everybody's visits and relapses."""
        return read_courses(self._connection)

    def found(self, rules: WorseningParameters | MilestoneParameters) -> Found:
        """Return the events these parameters define."""
        if rules not in self._found:
            self._found[rules] = (
                milestones(self.courses, rules)
                if isinstance(rules, MilestoneParameters)
                else worsenings(self.courses, rules)
            )
        return self._found[rules]


def _compute(connection: duckdb.DuckDBPyConnection, definition: EndpointDefinition, searches: _Searches) -> Computed:
    declared = as_declared_table(definition)
    columns = ", ".join(
        f"{identifier(variable.name)}::{variable.sql_type} AS {identifier(variable.name)}"
        for variable in declared.variables
    )
    order = ", ".join(declared.unique)
    query = _query(connection, definition, searches)
    connection.execute(
        f"CREATE OR REPLACE TABLE {identifier(declared.name)} AS SELECT {columns} FROM ({query}) ORDER BY {order}"
    )
    return Computed(definition, declared, _count(connection, identifier(declared.name)))


def _query(connection: duckdb.DuckDBPyConnection, definition: EndpointDefinition, searches: _Searches) -> str:
    """Return the query of an endpoint's rows, with the events it needs kept for it."""
    if isinstance(definition, EventDefinition):
        _keep(connection, _first_events(searches.courses, searches.found(definition.parameters)))
        return queries.EVENTS
    if isinstance(definition, EveryEventDefinition):
        _keep(connection, _every_event(searches.courses, searches.found(definition.parameters)))
        return queries.EVENTS
    if isinstance(definition, NedaDefinition):
        found = _first_events(searches.courses, searches.found(definition.parameters.worsening))
        _keep(connection, found.select(["person", "event", "event_days"]))
        return queries.neda(definition.parameters)
    return queries.query_of(definition)


def read_courses(connection: duckdb.DuckDBPyConnection) -> Courses:
    """Read everybody's visits with a day and a score, and relapses, from the views."""
    visits = connection.execute(queries.VISITS).fetchnumpy()
    relapses = connection.execute(queries.RELAPSES).fetchnumpy()
    return Courses.of(
        _count(connection, "_people"),
        [visits[column] for column in ("person", "day", "edss")],
        [relapses[column] for column in ("person", "first_day", "last_day")],
    )


def _first_events(courses: Courses, found: Found) -> pa.Table:
    """Return a row per person: the first event, its baseline or else the first one, and whether it could be seen."""
    visit, confirmation, baseline = np.full(courses.people, -1), np.full(courses.people, -1), found.baselines.copy()
    first = found.first
    visit[first.person], confirmation[first.person] = first.visit, first.confirmation
    baseline[first.person] = first.baseline
    person = np.arange(courses.people)
    event = np.where(visit >= 0, "yes", np.where(baseline >= 0, "no", NOT_ASSESSABLE))
    return pa.table({"person": person, "event": event, **_columns(courses, person, visit, confirmation, baseline)})


def _every_event(courses: Courses, found: Found) -> pa.Table:
    """Return a row per event, numbered from 1 for each person."""
    columns = _columns(courses, found.person, found.visit, found.confirmation, found.baseline)
    return pa.table({"person": found.person, "number": found.number, **columns})


def _columns(courses: Courses, person: Days, visit: Days, confirmation: Days, baseline: Days) -> dict[str, pa.Array]:
    """Return the columns of events in days since the first visit; a visit of -1 is none."""
    start = courses.offsets[:-1][person]
    return {
        "event_days": _days_since(courses, start, visit),
        "confirmed_days": _days_since(courses, start, confirmation),
        "event_edss": _score(courses, visit),
        "baseline_days": _days_since(courses, start, baseline),
        "baseline_edss": _score(courses, baseline),
    }


def _days_since(courses: Courses, start: Days, visit: Days) -> pa.Array:
    day = np.append(courses.day, np.int64(0))
    return pa.array(day[visit] - day[start], mask=visit < 0)


def _score(courses: Courses, visit: Days) -> pa.Array:
    points = np.append(courses.edss, np.int8(0)).astype(np.float64) / 2
    return pa.array(points[visit], mask=visit < 0)


def _keep(connection: duckdb.DuckDBPyConnection, found: pa.Table) -> None:
    """Make the temporary table the queries join people's events from."""
    with registered(connection, "_found_arrow", found):
        connection.execute("CREATE OR REPLACE TEMP TABLE _found AS SELECT * FROM _found_arrow")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)
