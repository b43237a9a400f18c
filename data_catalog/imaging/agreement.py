"""Hold the scans of a delivery against its table of them: both say the same, scan by scan, or nothing is published."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from core.errors import InvalidInput
from data_catalog.engine import identifier, registered
from data_catalog.imaging.index import ImagingEntries
from data_catalog.models import Table
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

TABLE = "imaging"
"""The table of the common data model that lists scans."""

SCAN, DATE = "scan", "scan_date"
NEEDED = (SCAN, "region", "modality")
_SAME = ("region", "modality", "defaced", "field_strength")
_MISSING = "a scan that is not in the tree"
_UNLISTED = "a scan of the tree that is not in the table"


def check_listed(table: Table | None) -> Table:
    """Return the table of scans; raises InvalidInput where a mapping has none that scans could be held against."""
    if table is None or any(table.variable(name) is None for name in NEEDED):
        raise InvalidInput(
            f"The mapping makes no table {TABLE} with {', '.join(NEEDED)}.",
            "Map the list of scans first: scans that no table speaks of can not be published.",
        )
    return table


def disagreements(
    connection: duckdb.DuckDBPyConnection, relation: str, table: Table, scans: ImagingEntries
) -> tuple[list[Finding], list[Finding]]:
    """Return the rows of the table that the tree contradicts, and the tree's scans that no row speaks of.

    `relation` has the table's variables and `_row`. Days are compared where both sides have one, as exactly as the
    table knows them; field strength and defacing where the table has them.
    """
    columns = ("scan", "patient_id", "region", "modality", "scan_date", "defaced", "field_strength")
    held = {name: [getattr(entry, name) for entry in scans.entries] for name in columns}
    with registered(connection, "held", pa.table({**held, "scan_date": pa.array(held["scan_date"], pa.date32())})):
        return list(_contradicted(connection, relation, table)), list(_unlisted(connection, relation))


def _contradicted(connection: duckdb.DuckDBPyConnection, relation: str, table: Table) -> Iterator[Finding]:
    joined = f"{relation} AS t LEFT JOIN held AS h ON h.scan = t.{SCAN}"
    for column, wrong, rule in _rules(table):
        rows = connection.execute(
            f"SELECT t._row, count(*) OVER () FROM {joined} WHERE {wrong} ORDER BY t._row LIMIT {SHOWN_PER_RULE}"
        ).fetchall()
        if rows:
            yield Finding(TABLE, column, rule, rows[0][1], tuple(Violation(row, None) for row, _ in rows))


def _rules(table: Table) -> Iterator[tuple[str, str, str]]:
    """Give column, the condition of a row that breaks the rule, and the rule."""
    yield SCAN, "h.scan IS NULL", _MISSING
    yield table.person, f"t.{identifier(table.person)} <> h.patient_id", "somebody else in the tree's participants.tsv"
    for name in _SAME:
        if table.variable(name) is not None:
            yield name, f"t.{name} <> h.{name}", "something else in the tree"
    day = table.variable(DATE)
    if day is not None:
        known = identifier(day.precision) if day.precision else "'day'"
        yield DATE, f"date_trunc({known}, h.scan_date) <> t.{DATE}", "another day in the tree's scans.tsv"


def _unlisted(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Finding]:
    rows = connection.execute(
        f"SELECT row_number() OVER (ORDER BY scan), scan, count(*) OVER () FROM held "
        f"WHERE scan NOT IN (SELECT {SCAN} FROM {relation}) ORDER BY scan LIMIT {SHOWN_PER_RULE}"
    ).fetchall()
    if rows:
        yield Finding(TABLE, SCAN, _UNLISTED, rows[0][2], tuple(Violation(row, scan) for row, scan, _ in rows))
