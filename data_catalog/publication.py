"""Publish an edition: whole or not at all, in one transaction with its audit row."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from sqlalchemy import insert

from core.database import Database, Transaction
from core.errors import Refused
from core.files import ensure_folder, publish_folder, sha256_bytes, sha256_file, write_durably
from core.people.models import Person
from core.settings import Settings
from data_catalog.editions import (
    MANIFEST,
    EditionManifest,
    FileEntry,
    SourceEntry,
    TableEntry,
    edition_folder,
    newest_number,
)
from data_catalog.engine import write_parquet
from data_catalog.models import DatasetDeclaration, Table
from data_catalog.tables import edition as edition_table

TypedQuery = Callable[[Table], str]
"""Gives the query of a table's typed rows: the declared variables, in the declared order."""


@dataclass(frozen=True)
class Prepared:
    """An edition as it stands in its work folder, checked and not published yet."""

    declaration: DatasetDeclaration
    folder: Path
    synthetic: bool
    sources: tuple[SourceEntry, ...]
    tables: tuple[TableEntry, ...]
    files: tuple[FileEntry, ...] = ()
    imaging_sha256: str = ""
    number: int | None = None
    """The edition it was prepared as, where a file in it says so."""


def write_tables(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], typed_query: TypedQuery, folder: Path
) -> tuple[TableEntry, ...]:
    """Write every table's Parquet into an edition's work folder and return their entries."""
    entries = []
    for table in tables:
        path = folder / f"{table.name}.parquet"
        rows = write_parquet(connection, typed_query(table), path)
        file = entry_of(path)
        entries.append(TableEntry(table=table.name, rows=rows, **file.model_dump()))
    return tuple(entries)


def entry_of(path: Path) -> FileEntry:
    """Close a file of an edition to writing and return its entry."""
    path.chmod(0o400)
    return FileEntry(path=path.name, sha256=sha256_file(path), bytes=path.stat().st_size)


def publish_edition(database: Database, settings: Settings, actor: Person, prepared: Prepared) -> EditionManifest:
    """Publish what was prepared as the dataset's next edition; raises Refused where another one came between."""
    with database.write(actor) as tx:
        number = newest_number(tx.connection, prepared.declaration.id) + 1
        if prepared.number not in (None, number):
            raise Refused(f"Edition {prepared.number} was published meanwhile.", "Check the source again.")
        manifest = EditionManifest(
            dataset=prepared.declaration.id,
            number=number,
            declaration_sha256=prepared.declaration.sha256,
            synthetic=prepared.synthetic,
            published_by=actor.username,
            published_at=tx.now,
            sources=prepared.sources,
            tables=prepared.tables,
            files=prepared.files,
            imaging_sha256=prepared.imaging_sha256,
        )
        put_in_place(tx, settings, prepared.folder, prepared.declaration, manifest)
    return manifest


def put_in_place(
    tx: Transaction, settings: Settings, folder: Path, declaration: DatasetDeclaration, manifest: EditionManifest
) -> None:
    """Move the edition into the vault and record it; it counts from the commit on.

    A folder in its place is the remains of a crash between the move and the commit: nobody else writes now.
    """
    write_durably(folder / MANIFEST, manifest.to_bytes(), 0o400)
    final = edition_folder(settings, manifest.dataset, manifest.number)
    ensure_folder(final.parent)
    if final.exists():
        shutil.rmtree(final)
    publish_folder(folder, final)
    sha256 = sha256_bytes(manifest.to_bytes())
    rows = sum(table.rows for table in manifest.tables)
    tx.execute(
        insert(edition_table).values(
            dataset_id=manifest.dataset,
            number=manifest.number,
            declaration=declaration.to_bytes().decode(),
            manifest_sha256=sha256,
            rows=rows,
            bytes=sum(table.bytes for table in manifest.tables),
            synthetic=manifest.synthetic,
            published_by=manifest.published_by,
            published_at=manifest.published_at,
        )
    )
    detail = {"manifest": sha256, "rows": rows, "synthetic": manifest.synthetic}
    tx.record("data_catalog:edition:publish", subject(manifest), detail)


def subject(manifest: EditionManifest) -> str:
    """Return how the audit log names an edition."""
    return f"edition:{manifest.dataset}/{manifest.number}"
