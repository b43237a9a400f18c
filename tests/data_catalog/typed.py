"""Typed tables of the common data model with the few values a test is about; all else is missing."""

from collections.abc import Mapping
from typing import Any

import duckdb

from data_catalog.cdm import cdm_table
from data_catalog.engine import identifier
from data_catalog.models import Table
from data_catalog.schema import ROW

Row = Mapping[str, Any]


def put(connection: duckdb.DuckDBPyConnection, name: str, *rows: Row) -> tuple[str, Table]:
    """Make a typed table of these rows, numbered from 1; return its name in SQL and what it declares."""
    table = cdm_table(name)
    columns = ", ".join(f"{identifier(v.name)} {v.sql_type}" for v in table.variables)
    connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns}, {ROW} BIGINT)")
    for number, row in enumerate(rows, start=1):
        values = {"patient_id": "P-0001", **row, ROW: number}
        names = ", ".join(identifier(column) for column in values)
        marks = ", ".join("?" for _ in values)
        connection.execute(f"INSERT INTO {name} ({names}) VALUES ({marks})", list(values.values()))
    return name, table
