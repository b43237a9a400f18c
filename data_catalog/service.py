"""What is done with datasets: take one in as a new edition, look editions up, prove one unchanged."""

import shutil
from pathlib import Path

from sqlalchemy import insert, select

from core.database import Database, Transaction
from core.files import ensure_folder, publish_folder, sha256_bytes, sha256_file, write_durably
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from data_catalog import permissions
from data_catalog.editions import (
    MANIFEST,
    Edition,
    EditionManifest,
    SourceEntry,
    TableEntry,
    check_files,
    dataset_ids,
    edition_folder,
    find_edition,
    newest_number,
)
from data_catalog.engine import engine, work_folder, write_parquet
from data_catalog.errors import DataRejected
from data_catalog.models import DatasetDeclaration, load_declaration
from data_catalog.policy import check_has_sources
from data_catalog.reading import SourceFile, read_source, take_source
from data_catalog.report import Report
from data_catalog.synthetic import is_synthetic
from data_catalog.tables import edition as edition_table
from data_catalog.validation import check_table, typed_query


def ingest_dataset(
    database: Database,
    settings: Settings,
    actor: Person,
    declaration: Path,
    sources: Path,
    *,
    synthetic: bool = False,
) -> EditionManifest:
    """Check source files against a declaration and publish them as the dataset's next edition.

    Everything is checked before anything is published. Data written by `data_catalog.synthetic` are labelled so
    whatever `synthetic` says. Raises DataRejected with the report of every violation, InvalidInput for a missing
    file, DeclarationRejected.
    """
    check_may(actor, permissions.EDITION_PUBLISH)
    dataset = load_declaration(declaration)
    check_has_sources(dataset)
    synthetic = synthetic or is_synthetic(sources)
    ensure_folder(settings.vault)
    with work_folder(settings.vault) as folder:
        read = [take_source(table, sources, folder) for table in dataset.tables]
        prepared = ensure_folder(folder / "edition")
        tables = _prepare(dataset, read, prepared, folder)
        entries = tuple(SourceEntry(name=file.name, sha256=file.sha256, bytes=file.bytes) for file in read)
        with database.write(actor) as tx:
            manifest = EditionManifest(
                dataset=dataset.id,
                number=newest_number(tx.connection, dataset.id) + 1,
                declaration_sha256=dataset.sha256,
                synthetic=synthetic,
                published_by=actor.username,
                published_at=tx.now,
                sources=entries,
                tables=tables,
            )
            publish_edition(tx, settings, prepared, dataset, manifest)
    return manifest


def edition(database: Database, dataset_id: str, number: int | None = None) -> Edition:
    """Return an edition, the newest where no number is given; raises EditionNotFound."""
    with database.read() as connection:
        return find_edition(connection, dataset_id, number)


def dataset_declaration(database: Database, dataset_id: str, number: int | None = None) -> DatasetDeclaration:
    """Return what an edition declared of itself; raises EditionNotFound."""
    return edition(database, dataset_id, number).declaration


def newest_editions(database: Database) -> list[Edition]:
    """Return every dataset's newest edition, in order of dataset."""
    with database.read() as connection:
        return [find_edition(connection, dataset_id) for dataset_id in dataset_ids(connection)]


def any_synthetic(database: Database) -> bool:
    """Tell whether any edition of this installation is synthetic."""
    with database.read() as connection:
        return connection.execute(select(edition_table.c.number).where(edition_table.c.synthetic)).first() is not None


def verify_edition(
    database: Database, settings: Settings, actor: Person, dataset_id: str, number: int | None = None
) -> EditionManifest:
    """Re-hash an edition's files, on record; raises EditionBroken naming what is not as it was published."""
    check_may(actor, permissions.EDITION_VERIFY)
    found = edition(database, dataset_id, number)
    manifest = check_files(settings, found)
    with database.write(actor) as tx:
        tx.record("data_catalog:edition:verify", _subject(manifest))
    return manifest


def _prepare(
    dataset: DatasetDeclaration, sources: list[SourceFile], prepared: Path, folder: Path
) -> tuple[TableEntry, ...]:
    """Write every table's Parquet; raises DataRejected where any table has anything wrong."""
    pairs = list(zip(dataset.tables, sources, strict=True))
    with engine(folder) as connection:
        findings = []
        for table, source in pairs:
            findings += read_source(connection, table, source) or check_table(connection, table)
        if findings:
            raise DataRejected(Report(dataset.id, tuple(findings)))
        entries = []
        for table in dataset.tables:
            path = prepared / f"{table.name}.parquet"
            rows = write_parquet(connection, typed_query(table), path)
            path.chmod(0o400)
            size = path.stat().st_size
            entries.append(
                TableEntry(table=table.name, path=path.name, sha256=sha256_file(path), bytes=size, rows=rows)
            )
    return tuple(entries)


def publish_edition(
    tx: Transaction, settings: Settings, prepared: Path, dataset: DatasetDeclaration, manifest: EditionManifest
) -> None:
    """Move the edition into the vault and record it; it counts from the commit on.

    A folder in its place is the remains of a crash between the move and the commit: nobody else writes now.
    """
    write_durably(prepared / MANIFEST, manifest.to_bytes(), 0o400)
    final = edition_folder(settings, manifest.dataset, manifest.number)
    ensure_folder(final.parent)
    if final.exists():
        shutil.rmtree(final)
    publish_folder(prepared, final)
    sha256 = sha256_bytes(manifest.to_bytes())
    rows = sum(table.rows for table in manifest.tables)
    tx.execute(
        insert(edition_table).values(
            dataset_id=manifest.dataset,
            number=manifest.number,
            declaration=dataset.to_bytes().decode(),
            manifest_sha256=sha256,
            rows=rows,
            bytes=sum(table.bytes for table in manifest.tables),
            synthetic=manifest.synthetic,
            published_by=manifest.published_by,
            published_at=manifest.published_at,
        )
    )
    detail = {"manifest": sha256, "rows": rows, "synthetic": manifest.synthetic}
    tx.record("data_catalog:edition:publish", _subject(manifest), detail)


def _subject(manifest: EditionManifest) -> str:
    return f"edition:{manifest.dataset}/{manifest.number}"
