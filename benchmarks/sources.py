"""All six registries, from raw files to published editions, beside DuckDB reading and writing the same files.

    python -m benchmarks.sources [--rounds 3]

Ours holds every file against its manifest, reads each value as text, maps it, holds it against the model, looks for
identifiers in free text, counts the indicators of quality and publishes; the floor is one `COPY` a file to Parquet.
"""

import argparse
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

import ops.house  # noqa: F401  (every table)
from benchmarks.harness import Job, in_turns, show
from core.database import Database
from core.files import ensure_folder
from core.people.models import Person, Role
from core.people.service import add_person, bootstrap_ops, person_by_username, propose_role
from core.settings import Settings
from data_catalog.engine import literal
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import publish_source
from data_catalog.sources.delivery import make_delivery
from data_catalog.sources.files import FileSpec, Format
from data_catalog.synth.registries import REGISTRIES, write_registry

SHARES = {"a quarter": 0.25, "a half": 0.5, "full size": 1.0}
_ISSUER = "http://id.localhost"
_UNREAD_BY_DUCKDB = "windows-1250"


def main() -> None:
    """Print the comparison at three sizes, and rows per second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="myelin-benchmark-sources-") as folder:
        for name, share in SHARES.items():
            sources = Path(folder) / name.replace(" ", "-")
            _write(sources, share)
            jobs: Mapping[str, Job] = {
                "DuckDB, read and write": partial(bare, sources=sources),
                "Myelin, raw files to editions": partial(ours, sources=sources),
            }
            runs = in_turns(jobs, rounds)
            people = sum(round(registry.people * share) for registry in REGISTRIES.values())
            print(f"\nSix registries, {name}: {people:,} people")
            print(show(runs, "DuckDB, read and write"))
            done = runs["Myelin, raw files to editions"]
            print(f"{'':<34} {min(run.rows / run.seconds for run in done):>9,.0f} rows per second at least")


def _write(folder: Path, share: float) -> None:
    for name, registry in REGISTRIES.items():
        write_registry(name, folder / name, people=round(registry.people * share))
        files = load_mapping(MAPPINGS / f"{name}.toml").files
        make_delivery(folder / name, "benchmark", datetime.now(UTC), files)
        for spec in files.values():
            if spec.encoding == _UNREAD_BY_DUCKDB:  # the floor gets it in UTF-8, at no cost
                text = (folder / name / spec.path).read_text(encoding=spec.encoding)
                plain = folder / "in-utf-8" / name / spec.path
                plain.parent.mkdir(parents=True, exist_ok=True)
                plain.write_text(text, encoding="utf-8")


def bare(folder: Path, *, sources: Path) -> int:
    """Copy every file to Parquet and return how many rows there were."""
    rows = 0
    for name in REGISTRIES:
        for key, spec in load_mapping(MAPPINGS / f"{name}.toml").files.items():
            if spec.format is not Format.CSV:
                continue  # the one small spreadsheet: DuckDB alone reads none
            source = _read_csv(sources, name, spec)
            target = folder / f"{name}-{key}.parquet"
            rows += duckdb.execute(
                f"COPY (FROM {source}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
            ).fetchall()[0][0]
    return rows


def _read_csv(sources: Path, name: str, spec: FileSpec) -> str:
    encoding = "utf-8" if spec.encoding in (_UNREAD_BY_DUCKDB, "utf-8-sig") else spec.encoding
    path = sources / ("in-utf-8" if spec.encoding == _UNREAD_BY_DUCKDB else "") / name / spec.path
    options = f"delim = {literal(spec.delimiter)}, encoding = {literal(encoding)}, header = true, all_varchar = true"
    return f"read_csv({literal(str(path))}, {options})"


def ours(folder: Path, *, sources: Path) -> int:
    """Publish every registry in an installation of its own and return how many rows its editions have."""
    database, settings = open_installation(folder)
    manager = data_manager(database)
    rows = 0
    for name in REGISTRIES:
        mapping = MAPPINGS / f"{name}.toml"
        edition, _ = publish_source(database, settings, manager, mapping, sources / name, lambda step: None)
        rows += sum(table.rows for table in edition.tables)
    return rows


def open_installation(folder: Path) -> tuple[Database, Settings]:
    """Make an empty installation in a folder."""
    settings = Settings(mode="demo", state=folder / "state")
    ensure_folder(settings.state)
    database = Database(settings.database)
    database.create_all()
    return database, settings


def data_manager(database: Database) -> Person:
    """Add somebody who may publish editions."""
    first, second = (Person(name, name, f"{name}@example.org", _ISSUER, name) for name in ("olga", "dana"))
    ops_person = bootstrap_ops(database, first)
    add_person(database, ops_person, second)
    propose_role(database, ops_person, "dana", Role.DATA_MANAGER)
    return person_by_username(database, "dana")


if __name__ == "__main__":
    main()
