"""Make a project's cut: approved variables of approved rows under the project's own pseudonyms, and the proof of it.

Each file is written from a query that gives approved columns of approved rows and nothing else, so no page, statistic
or dictionary of the Parquet can hold more. Rows are sorted by pseudonym, then by their first date, then by a hash of
every value in the cut: a function of what is in the cut, with nothing in it of the source's order or of a variable
that is left out.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from core import canonical
from core.clock import to_text
from core.errors import IntegrityBroken, InvalidInput
from core.files import ensure_folder, sha256_file, write_durably
from data_catalog.cut_request import CutRequest, CutTable, mapping_of
from data_catalog.cut_scans import expose_scans, has_scans, plan_scans, scan_files, scans_json
from data_catalog.editions import MANIFEST
from data_catalog.engine import engine, identifier, write_parquet
from data_catalog.enums import make_enums
from data_catalog.generalisation import days_of, described, expression, needed_for, problems_of_rules
from data_catalog.imaging.agreement import SCAN
from data_catalog.imaging.exposure import ExposureManifest
from data_catalog.imaging.index import FOLDER as IMAGING
from data_catalog.labels import make_labels
from data_catalog.models import PSEUDONYM, SCAN_FILE, Variable, VariableType
from data_catalog.policy import check_approvable
from data_catalog.pseudonyms import SOURCE, map_people

DICTIONARY = "dictionary.json"
VIEWS = "project.duckdb"

MEMORY = "1400MB"
"""What DuckDB may hold while a cut is made; what needs more is spilled to the work folder. Peak stays below 2 GiB."""

MakeViews = Callable[[Path], None]
"""Writes `project.duckdb` into a cut's folder from its dictionary, where the folder is mounted at `/data`."""


@dataclass(frozen=True)
class CutManifest:
    """The proof of a cut as it was written, with its hash."""

    content: dict[str, Any]
    sha256: str


def make_cut(request: CutRequest, destination: Path, work: Path, make_views: MakeViews) -> CutManifest:
    """Write a cut into an empty folder: tables, scans, dictionary, views, manifest; return the manifest.

    `work` is a private folder that is removed afterwards: the mapping of people to pseudonyms is made in it.
    Raises InvalidInput for a variable that can not be approved, FilterRefused, PseudonymCollision, and
    IntegrityBroken where anything is in the folder that does not belong in a cut.
    """
    for table in request.tables:
        check_approvable(table.declaration, table.table_id, table.variables)
    _check_rules(request)
    with engine(work) as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        for dataset_id in dict.fromkeys(table.dataset_id for table in request.tables):
            _make_mapping(connection, request, dataset_id)
        scans = plan_scans(connection, request)
        rows = _write_tables(connection, request, destination)
    exposed = expose_scans(scans, destination)
    for dataset_id, manifest in exposed.items():
        _write(destination / scans_json(dataset_id), manifest.content)
    _write(destination / DICTIONARY, _dictionary(request, rows))
    own = [*(_parquet(table) for table in request.tables), *map(scans_json, exposed), DICTIONARY]
    _write(destination / MANIFEST, _manifest(request, destination, own, rows, exposed))
    make_views(destination)
    content = _manifest(request, destination, [*own, VIEWS], rows, exposed)
    _write(destination / MANIFEST, content)
    _close(destination, {*own, VIEWS, MANIFEST}, exposed)
    return CutManifest(content, sha256_file(destination / MANIFEST))


def _check_rules(request: CutRequest) -> None:
    """Refuse rules that do not fit, dates of one dataset moved by different numbers of days, scans there are not."""
    problems = [p for t in request.tables for p in problems_of_rules(t.table, t.variables, t.generalise)]
    problems += [f"{t.full_name}: its edition holds no scans" for t in request.tables if t.scans and not has_scans(t)]
    for dataset_id in {table.dataset_id for table in request.tables}:
        days = {days_of(table.generalise) for table in request.tables if table.dataset_id == dataset_id} - {0}
        if len(days) > 1:
            problems.append(f"{dataset_id}: dates are moved by up to one number of days in all tables")
    if problems:
        raise InvalidInput(" ".join(f"{problem}." for problem in problems))


def delete_cut(folder: Path) -> None:
    """Remove a cut's files, or what a crash left of them."""
    if folder.exists():
        shutil.rmtree(folder)


def _write_tables(connection: duckdb.DuckDBPyConnection, request: CutRequest, destination: Path) -> dict[str, int]:
    """Write every table's Parquet and return its rows by path."""
    rows = {}
    for table in request.tables:
        path = destination / _parquet(table)
        ensure_folder(path.parent, 0o755)
        enums = make_enums(connection, table.full_name, table.file, table.condition, _texts(table))
        labels = make_labels(connection, request.key, table.full_name, table.chosen, table.generalise, table.rows)
        rows[_parquet(table)] = write_parquet(connection, _query(table, enums, labels), path)
    return rows


def _make_mapping(connection: duckdb.DuckDBPyConnection, request: CutRequest, dataset_id: str) -> None:
    """Make the table of every person of a dataset in the cut, with the pseudonym: the one place where both stand."""
    people = " UNION ALL ".join(
        f"SELECT {identifier(table.table.person)} FROM {table.source} WHERE {table.condition}"
        for table in request.tables
        if table.dataset_id == dataset_id
    )
    days = max(days_of(table.generalise) for table in request.tables if table.dataset_id == dataset_id)
    map_people(connection, request.key, dataset_id, people, mapping_of(dataset_id), days)


def _texts(table: CutTable) -> list[str]:
    """Return the text variables that go into the cut as they are."""
    texts = (variable for variable in table.chosen if variable.sql_type == "VARCHAR")
    return [v.name for v in texts if expression(table.table, v, table.generalise) == identifier(v.name)]


def _query(table: CutTable, enums: Mapping[str, str], labels: str) -> str:
    """Return the query of a table's rows; the condition stands inside, where names can only be the vault's own."""
    declared = table.table
    names = dict.fromkeys(
        [*(variable.name for variable in table.chosen), *sorted(needed_for(declared, table.generalise))]
    )
    read = ", ".join(map(identifier, [*names, SCAN] if table.scans else names))
    person = identifier(declared.person)
    approved = f"SELECT {person} AS _person, {read} FROM {table.source} WHERE {table.condition}"
    values = ", ".join(
        f"{enums.get(variable.name) or expression(declared, variable, table.generalise)} AS {identifier(variable.name)}"
        for variable in table.chosen
    )
    joined = f"({approved}) JOIN {table.mapping} ON {SOURCE} = _person{labels}"
    if table.scans:
        values, joined = f"{values}, {SCAN_FILE}", f"{joined} LEFT JOIN {scan_files(table.dataset_id)} USING ({SCAN})"
    rows = f"SELECT {PSEUDONYM}, {values} FROM {joined}"
    columns = ", ".join(_columns(table))
    return f"SELECT {PSEUDONYM}::VARCHAR AS {PSEUDONYM}, {columns} FROM (FROM ({rows}) ORDER BY {_order(table)})"


def _columns(table: CutTable) -> list[str]:
    """Return the columns of a table's cut after the pseudonym."""
    return [*(identifier(variable.name) for variable in table.chosen), *([SCAN_FILE] if table.scans else [])]


def _order(table: CutTable) -> str:
    """Return what rows are sorted by: short keys, for every further value in one costs the sort as much as the rest."""
    dates = [identifier(v.name) for v in table.chosen if v.type is VariableType.DATE]
    return ", ".join([PSEUDONYM, *dates[:1], f"hash({', '.join(_columns(table))})"])


def _parquet(table: CutTable) -> str:
    return f"{table.dataset_id}/{table.table_id}.parquet"


def _dictionary(request: CutRequest, rows: dict[str, int]) -> dict[str, Any]:
    return {
        "project": request.project_id,
        "synthetic": request.synthetic,
        "tables": [
            {
                "dataset": table.dataset_id,
                "table": table.table_id,
                "label": table.table.label,
                "rows": rows[_parquet(table)],
                **({"endpoint": table.table.endpoint.model_dump(mode="json")} if table.table.endpoint else {}),
                "variables": [
                    _PSEUDONYM,
                    *(_described(described(variable, table.generalise)) for variable in table.chosen),
                    *([_SCAN_FILE] if table.scans else []),
                ],
            }
            for table in request.tables
        ],
    }


_PSEUDONYM = {
    "name": PSEUDONYM,
    "label": "Pseudonym of the person",
    "type": "identifier",
    "unit": "",
    "codes": {},
    "description": "This project's own: the same person has another one in every other project.",
    "sensitivity": "identifier",
}


_SCAN_FILE = {
    **_PSEUDONYM,
    "name": SCAN_FILE,
    "label": "The scan's file",
    "description": "Below /data; missing where the project was not approved for the scan itself.",
}


def _described(variable: Variable) -> dict[str, Any]:
    return variable.model_dump(mode="json", include={*_PSEUDONYM, "unblinds", "unblinds_because", "unblinds_where"})


def _manifest(
    request: CutRequest,
    folder: Path,
    paths: Sequence[str],
    rows: dict[str, int],
    exposed: dict[str, ExposureManifest],
) -> dict[str, Any]:
    return {
        "project": request.project_id,
        "cut": request.number,
        "made_at": to_text(request.made_at),
        "synthetic": request.synthetic,
        "editions": {
            table.dataset_id: {"number": table.manifest.number, "manifest_sha256": table.manifest_sha256}
            for table in request.tables
        },
        "row_filter": {table.full_name: table.row_filter for table in request.tables},
        "cohort": {table.full_name: table.cohort for table in request.tables if table.cohort},
        "generalised": {
            table.full_name: {name: rule.given for name, rule in table.generalise.items()}
            for table in request.tables
            if table.generalise
        },
        "variables": {table.full_name: [variable.name for variable in table.chosen] for table in request.tables},
        "scans": {
            dataset_id: {name: value for name, value in manifest.content.items() if name in _TOLD_OF_SCANS}
            for dataset_id, manifest in exposed.items()
        },
        "files": [_file_entry(folder, path, rows) for path in paths],
    }


_TOLD_OF_SCANS = ("regions", "modalities", "people", "scans", "shared_by")


def _file_entry(folder: Path, path: str, rows: dict[str, int]) -> dict[str, Any]:
    file = folder / path
    entry = {"path": path, "sha256": sha256_file(file), "bytes": file.stat().st_size}
    return {**entry, "rows": rows[path]} if path in rows else entry


def _write(path: Path, content: dict[str, Any]) -> None:
    write_durably(path, canonical.dumps(content) + b"\n", 0o444)


def _close(folder: Path, expected: set[str], exposed: dict[str, ExposureManifest]) -> None:
    """Make every file readable and no more; raises IntegrityBroken for a file that has no place in a cut.

    Files of scans are left as they are: a hard link is the vault's own file.
    """
    scans = {
        f"{IMAGING}/{dataset_id}/{file['path']}"
        for dataset_id, manifest in exposed.items()
        for file in manifest.content["files"]
    }
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if found != expected | scans:
        wrong = sorted(found ^ (expected | scans))
        raise IntegrityBroken(f"The cut holds {', '.join(wrong[:5])} against its manifest.")
    for path in expected:
        (folder / path).chmod(0o444)
    folder.chmod(0o755)
