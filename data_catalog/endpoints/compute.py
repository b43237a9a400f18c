"""Compute endpoints over the tables of the common data model, everybody at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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
    MilestoneDefinition,
    NedaDefinition,
    WorseningParameters,
)
from data_catalog.endpoints.worsening import Found, first_milestone, first_worsening
from data_catalog.engine import identifier
from data_catalog.models import DatasetDeclaration, Table

NEEDS: Mapping[str, tuple[str, ...]] = {
    "worsening": ("patient", "visit", "relapse"),
    "pira": ("patient", "visit", "relapse"),
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
    courses: list[Courses] = []
    return tuple(_compute(connection, definition, courses) for definition in definitions)


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


def _compute(connection: duckdb.DuckDBPyConnection, definition: EndpointDefinition, courses: list[Courses]) -> Computed:
    declared = as_declared_table(definition)
    if definition.kind in ("worsening", "pira", "milestone", "neda") and not courses:
        courses.append(read_courses(connection))
    if isinstance(definition, EventDefinition):
        _keep(connection, _event_columns(courses[0], _search(definition)(courses[0])))
        query = queries.EVENTS
    elif isinstance(definition, NedaDefinition):
        _keep(connection, _worsening_days(courses[0], definition.parameters.worsening))
        query = queries.neda(definition.parameters)
    else:
        query = queries.query_of(definition)
    columns = ", ".join(
        f"{identifier(variable.name)}::{variable.sql_type} AS {identifier(variable.name)}"
        for variable in declared.variables
    )
    order = ", ".join(declared.unique)
    connection.execute(
        f"CREATE OR REPLACE TABLE {identifier(declared.name)} AS SELECT {columns} FROM ({query}) ORDER BY {order}"
    )
    return Computed(definition, declared, _count(connection, identifier(declared.name)))


def read_courses(connection: duckdb.DuckDBPyConnection) -> Courses:
    """Read everybody's visits with a day and a score, and relapses, from the views."""
    visits = connection.execute(queries.VISITS).fetchnumpy()
    relapses = connection.execute(queries.RELAPSES).fetchnumpy()
    return Courses.of(
        _count(connection, "_people"),
        [visits[column] for column in ("person", "day", "edss")],
        [relapses[column] for column in ("person", "first_day", "last_day")],
    )


def _search(definition: EventDefinition) -> Callable[[Courses], Found]:
    if isinstance(definition, MilestoneDefinition):
        milestone = definition.parameters
        return lambda courses: first_milestone(courses, milestone)
    worsening = definition.parameters
    return lambda courses: first_worsening(courses, worsening)


def _event_columns(courses: Courses, found: Found) -> pa.Table:
    """Return a row per person: the event in days since the first visit, its baseline, and whether it could be seen."""
    visit, confirmation, baseline = (np.full(courses.people, -1) for _ in range(3))
    for person, place in found.baselines.items():
        baseline[person] = place
    for person, first in found.events.items():
        visit[person], confirmation[person], baseline[person] = first.visit, first.confirmation, first.baseline
    start = courses.offsets[:-1]
    event = np.where(visit >= 0, "yes", np.where(baseline >= 0, "no", NOT_ASSESSABLE))
    return pa.table(
        {
            "person": np.arange(courses.people),
            "event": event,
            "event_days": _days_since(courses, start, visit),
            "confirmed_days": _days_since(courses, start, confirmation),
            "event_edss": _score(courses, visit),
            "baseline_days": _days_since(courses, start, baseline),
            "baseline_edss": _score(courses, baseline),
        }
    )


def _worsening_days(courses: Courses, rules: WorseningParameters) -> pa.Table:
    return _event_columns(courses, first_worsening(courses, rules)).select(["person", "event", "event_days"])


def _days_since(courses: Courses, start: Days, visit: Days) -> pa.Array:
    day = np.append(courses.day, np.int64(0))
    return pa.array(day[visit] - day[start], mask=visit < 0)


def _score(courses: Courses, visit: Days) -> pa.Array:
    return pa.array(np.append(courses.edss, np.int64(0))[visit] / 2, mask=visit < 0)


def _keep(connection: duckdb.DuckDBPyConnection, found: pa.Table) -> None:
    """Make the temporary table the queries join people's events from."""
    connection.register("_found_arrow", found)
    connection.execute("CREATE OR REPLACE TEMP TABLE _found AS SELECT * FROM _found_arrow")
    connection.unregister("_found_arrow")


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)
