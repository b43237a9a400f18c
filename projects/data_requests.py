"""What an application asks of the data: checked against editions, and kept."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, insert

from core import canonical
from core.database import Transaction
from data_catalog.cohort import check_cohort
from data_catalog.editions import find_edition
from data_catalog.errors import EditionNotFound, FilterRefused
from data_catalog.filter import compile_filter
from data_catalog.generalisation import days_of, problems_of_rules
from data_catalog.models import DatasetDeclaration
from data_catalog.policy import problems_of, problems_of_scans
from projects import tables
from projects.models import ApprovedTable, DataRequest, TableRequest

Bound = Mapping[str, int]
"""Dataset → the edition that is asked of; a dataset that is not in it is asked of its newest."""


def problems_of_request(connection: Connection, request: DataRequest, bound: Bound) -> Iterator[str]:
    """Name everything that is asked for and is unknown, or can not be approved."""
    for dataset_id, requests in request.datasets.items():
        try:
            declaration = find_edition(connection, dataset_id, bound.get(dataset_id)).declaration
        except EditionNotFound as error:
            yield f"datasets.{dataset_id}: {error}"
            continue
        for table_id, asked in requests.items():
            yield from _table_problems(declaration, table_id, asked)
        yield from _shift_problems(dataset_id, requests)


def insert_request(tx: Transaction, request: DataRequest, bound: Bound, amendment: int = 0) -> None:
    """Keep what is asked for as an amendment's, or as what the project begins with (0)."""
    for dataset_id, requests in request.datasets.items():
        edition = find_edition(tx.connection, dataset_id, bound.get(dataset_id)).number
        for table_id, asked in requests.items():
            key = {"project_id": request.id, "dataset_id": dataset_id, "table_id": table_id, "amendment": amendment}
            _insert_table(tx, key, edition, asked)


def as_tables(connection: Connection, request: DataRequest, bound: Bound) -> tuple[ApprovedTable, ...]:
    """Return what is asked for as it would be kept once it is approved."""
    return tuple(
        ApprovedTable(
            dataset_id=dataset_id,
            edition=find_edition(connection, dataset_id, bound.get(dataset_id)).number,
            table_id=table_id,
            row_filter=asked.row_filter,
            variables=tuple(sorted(asked.variables)),
            cohort=asked.cohort,
            generalise={name: rule.given for name, rule in asked.generalise.items()},
            scans=asked.scans.model_dump(mode="json") if asked.scans else None,
        )
        for dataset_id, requests in request.datasets.items()
        for table_id, asked in requests.items()
    )


def _insert_table(tx: Transaction, key: dict[str, Any], edition: int, asked: TableRequest) -> None:
    scans = canonical.dumps(asked.scans.model_dump(mode="json")).decode() if asked.scans else ""
    rows = {"edition": edition, "row_filter": asked.row_filter, "cohort": asked.cohort, "scans": scans}
    tx.execute(insert(tables.approved_table).values(**key, **rows))
    rules = {name: canonical.dumps(rule.given).decode() for name, rule in asked.generalise.items()}
    variables = [{**key, "variable": name, "generalisation": rules.get(name, "")} for name in asked.variables]
    tx.execute(insert(tables.approved_variable), variables)


def _table_problems(declaration: DatasetDeclaration, table_id: str, request: TableRequest) -> Iterator[str]:
    yield from problems_of(declaration, table_id, request.variables)
    table = declaration.table(table_id)
    if table is None:
        return
    for problem in problems_of_rules(table, request.variables, request.generalise):
        yield f"{declaration.id}.{problem}"
    for problem in problems_of_scans(declaration, table_id, request.scans):
        yield f"{declaration.id}.{table_id}: {problem}"
    try:
        compile_filter(request.row_filter, table)
    except FilterRefused as error:
        yield f"{declaration.id}.{table_id}, row_filter: {error}"
    try:
        if request.cohort.strip():
            check_cohort(request.cohort, declaration)
    except FilterRefused as error:
        yield f"{declaration.id}.{table_id}, cohort: {error}"


def _shift_problems(dataset_id: str, requests: Mapping[str, TableRequest]) -> Iterator[str]:
    if len({days_of(request.generalise) for request in requests.values()} - {0}) > 1:
        yield f"datasets.{dataset_id}: dates are moved by up to one number of days in all tables"
