"""What is done with datasets: take one in as a new edition, look editions up, prove one unchanged."""

from pathlib import Path

from sqlalchemy import select

from core.database import Database
from core.files import ensure_folder
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from data_catalog import permissions
from data_catalog.editions import (
    Edition,
    EditionManifest,
    SourceEntry,
    TableEntry,
    check_files,
    check_scans,
    dataset_ids,
    find_edition,
)
from data_catalog.engine import engine, work_folder
from data_catalog.errors import DataRejected
from data_catalog.models import DatasetDeclaration, load_declaration
from data_catalog.policy import check_has_sources
from data_catalog.publication import Prepared, publish_edition, subject, write_tables
from data_catalog.reading import SourceFile, raw_name, read_source, take_source
from data_catalog.report import Report
from data_catalog.synthetic import is_synthetic
from data_catalog.tables import edition as edition_table
from data_catalog.validation import check_table, typed_query
from data_catalog.withdrawal import find_returned


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
        tables = _prepare(settings, dataset, read, prepared, folder)
        entries = tuple(SourceEntry(name=file.name, sha256=file.sha256, bytes=file.bytes) for file in read)
        return publish_edition(database, settings, actor, Prepared(dataset, prepared, synthetic, entries, tables))


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
    """Re-hash an edition's files and scans, on record; raises EditionBroken naming what is not as it was published."""
    check_may(actor, permissions.EDITION_VERIFY)
    found = edition(database, dataset_id, number)
    manifest = check_files(settings, found)
    check_scans(settings, found)
    with database.write(actor) as tx:
        tx.record("data_catalog:edition:verify", subject(manifest))
    return manifest


def _prepare(
    settings: Settings, dataset: DatasetDeclaration, sources: list[SourceFile], prepared: Path, folder: Path
) -> tuple[TableEntry, ...]:
    """Write every table's Parquet; raises DataRejected where any table has anything wrong."""
    pairs = list(zip(dataset.tables, sources, strict=True))
    with engine(folder) as connection:
        findings = []
        for table, source in pairs:
            findings += read_source(connection, table, source) or check_table(connection, table)
        if not findings:
            raw = [(raw_name(table), table) for table in dataset.tables]
            findings += find_returned(connection, settings, dataset.id, raw)
        if findings:
            raise DataRejected(Report(dataset.id, tuple(findings)))
        return write_tables(connection, dataset.tables, typed_query, prepared)
