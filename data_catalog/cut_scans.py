"""Scans in a cut: which go along with its rows, under which names, and the manifest beside them."""

from pathlib import Path

import duckdb
import pyarrow as pa

from core.files import ensure_folder
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.engine import identifier
from data_catalog.generalisation import day_shown
from data_catalog.imaging.agreement import DATE, SCAN
from data_catalog.imaging.exposure import ExposureManifest, ExposureRequest, SeenScan, expose
from data_catalog.imaging.index import FOLDER as IMAGING
from data_catalog.imaging.index import read_index
from data_catalog.models import PSEUDONYM, SCAN_FILE
from data_catalog.pseudonyms import SOURCE


def has_scans(table: CutTable) -> bool:
    """Tell whether a table is the one that lists its edition's scans."""
    return bool(table.manifest.imaging_sha256) and table.table.variable(SCAN) is not None


def plan_scans(connection: duckdb.DuckDBPyConnection, request: CutRequest) -> dict[str, ExposureRequest]:
    """Name the scans that go along, by dataset, and make the table of their names for the table of scans."""
    planned = {}
    for table in request.tables:
        if table.scans:
            plan = ExposureRequest(
                project_id=request.project_id,
                vault=table.folder / IMAGING,
                scans=read_index(table.folder / IMAGING, table.manifest.imaging_sha256),
                kinds=table.scans,
                seen=_seen_scans(connection, table),
                key=request.key,
            )
            files = plan.paths()
            below = f"{IMAGING}/{table.dataset_id}"
            named = {SCAN: list(files), SCAN_FILE: [f"{below}/{path}" for path in files.values()]}
            schema = pa.schema([(name, pa.string()) for name in named])
            connection.register(scan_files(table.dataset_id), pa.table(named, schema=schema))
            planned[table.dataset_id] = plan
    return planned


def _seen_scans(connection: duckdb.DuckDBPyConnection, table: CutTable) -> dict[str, SeenScan]:
    """Return how the cut's rows see their scans: by pseudonym, and on the day they show of them."""
    day = day_shown(table.table, DATE, table.variables, table.generalise)
    rows = connection.execute(
        f"SELECT {SCAN}, {PSEUDONYM}::VARCHAR, {day} FROM {table.rows} "
        f"JOIN {table.mapping} ON {SOURCE} = {identifier(table.table.person)}"
    ).fetchall()
    return {scan: SeenScan(pseudonym, shown) for scan, pseudonym, shown in rows}


def expose_scans(planned: dict[str, ExposureRequest], destination: Path) -> dict[str, ExposureManifest]:
    """Write each dataset's scans, and return the manifests that have the hash of every file."""
    exposed = {}
    for dataset_id, request in planned.items():
        ensure_folder(destination / IMAGING, 0o755)
        exposed[dataset_id] = expose(request, destination / IMAGING / dataset_id)
    return exposed


def scan_files(dataset_id: str) -> str:
    """Return the name of the table, made for one cut, of a dataset's scans and their files in the cut."""
    return f"scan_files_{dataset_id}"


def scans_json(dataset_id: str) -> str:
    """Return where in a cut the manifest of a dataset's scans is."""
    return f"{IMAGING}/{dataset_id}.json"
