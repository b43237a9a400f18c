"""Both resources at full size, the whole way: draw, describe, map, check, publish, count for the catalogue, cut.

    python -m benchmarks.full [--share 1.0] [--keep FOLDER]

Everything is synthetic. Sizes are printed beside those the mission names; a wrong one ends it with an error.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.sources import data_manager, open_installation
from core.clock import utc_now
from core.database import Database
from core.files import ensure_folder
from core.people.models import Person
from core.settings import Settings
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import check_files
from data_catalog.engine import work_folder
from data_catalog.imaging.names import Modality, Region, ScanKinds
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import publish_source
from data_catalog.pseudonyms import KEY_BYTES
from data_catalog.published.service import publish_numbers
from data_catalog.service import edition
from data_catalog.sources.delivery import make_delivery
from data_catalog.synth.registries import REGISTRIES
from hub.views import make_views
from ops.commands.synth import SCANS, SOURCES, TRIALS, write_source, write_source_scans

EVERY_SCAN = ScanKinds(regions=tuple(Region), modalities=tuple(Modality))
WANTED = {
    "ms_cidr": {"patient": 13_120, "visit": 199_520, "imaging": 52_000},
    **{name: {"patient": registry.people} for name, registry in REGISTRIES.items()},
}
CUT = (
    (
        "msbase",
        "visit",
        {
            "variables": ("visit_date", "edss", "fs_pyramidal", "ambulation"),
            "row_filter": "edss >= 3",
            "cohort": "course = 'spms'",
        },
    ),
    ("ms_cidr", "imaging", {"variables": ("scan_date", "region", "modality"), "scans": EVERY_SCAN}),
)


def main() -> None:
    """Go the whole way and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--keep", type=Path, help="a folder for what is made; removed at the end where none is named")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="myelin-full-") as temporary:
        folder = told.keep or Path(temporary)
        database, settings = open_installation(folder)
        manager = data_manager(database)
        for source in SOURCES:
            _take_in(database, settings, manager, source, folder / "sources" / source, told.share)
        with _timed("a cut for a project, with its views and every scan"):
            cut = _cut(database, settings)
        rows = [f"{file['rows']:,} rows in {file['path']}" for file in cut["files"] if "rows" in file]
        print(f"  {', '.join(rows)}; {cut['scans']['ms_cidr']['scans']:,} scans")


def _take_in(database: Database, settings: Settings, manager: Person, source: str, folder: Path, share: float) -> None:
    mapping = MAPPINGS / f"{source}.toml"
    with _timed(f"{source}: drawn"):
        write_source(source, folder, share)
    with _timed(f"{source}: described by its manifest"):
        make_delivery(folder, "benchmarks.full", utc_now(), load_mapping(mapping).files)
    scans = folder.parent / SCANS if source == TRIALS else None
    if scans:
        with _timed(f"{source}: scans drawn"):
            write_source_scans(scans, share)
    with _timed(f"{source}: read, mapped, checked, published{' with its scans' if scans else ''}"):
        manifest, _ = publish_source(database, settings, manager, mapping, folder, lambda begun: None, scans=scans)
    with _timed(f"{source}: counted for the catalogue"):
        numbers = publish_numbers(database, settings, manager, source)
    rows = {table.table: table.rows for table in manifest.tables}
    print(f"  {sum(rows.values()):,} rows, {numbers} published numbers; " + _sizes(source, rows, share))


def _sizes(source: str, rows: dict[str, int], share: float) -> str:
    """Say the sizes the mission names; raises SystemExit for one that is wrong at full size."""
    if share == 1:
        for table, wanted in WANTED[source].items():
            if rows[table] != wanted:
                raise SystemExit(f"{source}.{table} has {rows[table]:,} rows, not {wanted:,}.")
    return ", ".join(f"{rows[table]:,} in {table}" for table in WANTED[source])


def _cut(database: Database, settings: Settings) -> dict[str, Any]:
    """Make the cut and return its manifest."""
    tables = tuple(_cut_table(database, settings, *what) for what in CUT)
    with work_folder(ensure_folder(settings.cuts)) as work:
        destination = ensure_folder(work / "cut", 0o755)
        request = CutRequest("full-size", 1, utc_now(), b"k" * KEY_BYTES, tables)
        return make_cut(request, destination, work, partial(make_views, settings)).content


def _cut_table(database: Database, settings: Settings, dataset: str, table: str, asked: Mapping[str, Any]) -> CutTable:
    found = edition(database, dataset)
    return CutTable(
        declaration=found.declaration,
        manifest=check_files(settings, found),
        manifest_sha256=found.manifest_sha256,
        folder=found.folder(settings),
        table_id=table,
        **asked,
    )


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started = perf_counter()
    yield
    print(f"{perf_counter() - started:>8.1f} s  {what}", flush=True)


if __name__ == "__main__":
    main()
