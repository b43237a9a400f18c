"""What is done with a source: describe its delivery, draft a mapping, look at some rows, check all, publish."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from core.database import Database
from core.errors import InvalidInput
from core.files import ensure_folder
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from data_catalog import permissions
from data_catalog.editions import EditionManifest, SourceEntry, TableEntry, newest_number, read_manifest
from data_catalog.endpoints.compute import computable, endpoint_tables, with_endpoints
from data_catalog.engine import engine, identifier, work_folder
from data_catalog.errors import DataRejected, EditionNotFound
from data_catalog.hints import did_you_mean
from data_catalog.imaging import agreement
from data_catalog.imaging.index import FOLDER as IMAGING
from data_catalog.imaging.index import ImagingEntries, earlier_edition
from data_catalog.imaging.ingest import prepare_imaging
from data_catalog.imaging.normalise import Earlier
from data_catalog.mapping.draft import draft, file_names
from data_catalog.mapping.models import MappingFile, load_mapping
from data_catalog.mapping.profile import describe
from data_catalog.mapping.stage import Staged, located, stage, typed
from data_catalog.models import DatasetDeclaration, Table
from data_catalog.publication import Prepared, entry_of, publish_edition, write_tables
from data_catalog.quality.indicators import indicators
from data_catalog.quality.models import About, QualityReport
from data_catalog.quality.publication import JSON_NAME, Document, read_json, write_report
from data_catalog.report import Finding, Report
from data_catalog.schema import check_everything
from data_catalog.service import edition
from data_catalog.sources.delivery import DOCUMENT, Delivery, guess, read_delivery, take_delivery
from data_catalog.sources.files import FileSpec
from data_catalog.sources.reading import read_files
from data_catalog.withdrawal import find_returned

Progress = Callable[[str], None]
"""Told what is begun, in words."""


@dataclass(frozen=True)
class Checked:
    """A source that holds: what was read, how well, and what its data look like."""

    mapping: MappingFile
    delivery: Delivery
    staged: Staged
    quality: QualityReport


@dataclass(frozen=True)
class _Mapped:
    """A source as typed tables of the model, not checked yet."""

    mapping: MappingFile
    delivery: Delivery
    staged: Staged
    connection: duckdb.DuckDBPyConnection
    work: Path


def check_source(
    database: Database, settings: Settings, actor: Person, mapping: Path, folder: Path, progress: Progress
) -> Checked:
    """Read, map and check a whole delivery, and publish nothing; raises DataRejected, MappingRejected, InvalidInput."""
    check_may(actor, permissions.EDITION_PUBLISH)
    with _mapped(settings, load_mapping(mapping), folder, progress) as mapped, ThreadPoolExecutor(1) as aside:
        return _check(database, settings, mapped, aside, progress)


def publish_source(
    database: Database,
    settings: Settings,
    actor: Person,
    mapping: Path,
    folder: Path,
    progress: Progress,
    *,
    endpoints: bool = False,
    scans: Path | None = None,
) -> tuple[EditionManifest, Checked]:
    """Read, map and check a whole delivery and publish it as the dataset's next edition, with its quality report.

    With `endpoints` the edition also holds the table of every standard endpoint its tables suffice for. `scans` is a
    BIDS tree of those its table `imaging` lists; what the edition before holds of them is shared, not kept twice.

    Raises DataRejected with everything that refuses it; the vault is then as it was. Also raises MappingRejected
    and InvalidInput.
    """
    check_may(actor, permissions.EDITION_PUBLISH)
    with _mapped(settings, load_mapping(mapping), folder, progress) as mapped, ThreadPoolExecutor(1) as aside:
        declaration = mapped.mapping.declaration
        prepared = ensure_folder(mapped.work / "edition")
        # Written while it is checked: the one is DuckDB's work, the other Python's, and there are two cores at least.
        writing = aside.submit(write_tables, mapped.connection.cursor(), declaration.tables, _typed_query, prepared)
        checked = _check(database, settings, mapped, aside, progress)
        held = _take_scans(database, settings, mapped, scans, prepared, progress) if scans else None
        progress("Writing the edition")
        entries = writing.result()
        if endpoints:
            progress("Computing the standard endpoints")
            declaration, computed = _add_endpoints(mapped, prepared)
            entries += computed
        if held:
            declaration = declaration.model_copy(update={"scans": held.kinds})
        reports = write_report(checked.quality, prepared, _report_before(database, settings, declaration.id))
        ready = Prepared(
            declaration=declaration,
            folder=prepared,
            number=checked.quality.about.edition,
            synthetic=checked.delivery.synthetic,
            sources=tuple(SourceEntry(name=f.path, sha256=f.sha256, bytes=f.bytes) for f in checked.delivery.files),
            tables=entries,
            files=tuple(entry_of(path) for path in reports),
            imaging_sha256=held.manifest_sha256 if held else "",
        )
        progress("Publishing")
        return publish_edition(database, settings, actor, ready), checked


def preview_source(
    settings: Settings, actor: Person, mapping: Path, folder: Path, table: str, rows: int, progress: Progress
) -> tuple[list[str], list[tuple[object, ...]], Staged]:
    """Map a delivery and return the first rows of one table, also where others can not be read; publishes nothing."""
    check_may(actor, permissions.EDITION_PUBLISH)
    loaded = load_mapping(mapping)
    declared = loaded.declaration.table(table)
    if declared is None:
        known = [one.name for one in loaded.declaration.tables]
        raise InvalidInput(f"{loaded.id} maps no table {table!r}{did_you_mean(table, known) or '.'}", ", ".join(known))
    ensure_folder(settings.vault)
    with work_folder(settings.vault) as work, engine(work) as connection:
        _read(connection, loaded.id, loaded.files, folder, read_delivery(folder), work, progress)
        staged = stage(connection, loaded)
        names = [variable.name for variable in declared.variables]
        shown = connection.execute(
            f"SELECT {', '.join(map(identifier, names))} FROM {typed(table)} ORDER BY _row LIMIT {rows:d}"
        )
        return names, shown.fetchall(), staged


def draft_mapping(settings: Settings, actor: Person, source_id: str, folder: Path, progress: Progress) -> str:
    """Return the draft of a mapping for a delivery, to be completed by hand; raises DataRejected, InvalidInput."""
    check_may(actor, permissions.EDITION_PUBLISH)
    delivery = read_delivery(folder)
    names = file_names([file.path for file in delivery.files if file.format != DOCUMENT])
    specs = {name: guess(folder / path).model_copy(update={"path": path}) for name, path in names.items()}
    ensure_folder(settings.vault)
    with work_folder(settings.vault) as work, engine(work) as connection:
        _read(connection, source_id, specs, folder, delivery, work, progress)
        return draft(source_id, specs, {name: describe(connection, name) for name in specs})


@contextmanager
def _mapped(settings: Settings, mapping: MappingFile, folder: Path, progress: Progress) -> Iterator[_Mapped]:
    """Give a source that could be read and mapped whole: typed tables in an engine, and a work folder."""
    delivery = read_delivery(folder)
    ensure_folder(settings.vault)
    with work_folder(settings.vault) as work, engine(work) as connection:
        unused = _read(connection, mapping.id, mapping.files, folder, delivery, work, progress)
        progress("Mapping to the common data model")
        staged = stage(connection, mapping)
        staged = replace(staged, reported=(*unused, *staged.reported))
        _refuse(mapping.id, staged.findings)
        yield _Mapped(mapping, delivery, staged, connection, work)


def _check(database: Database, settings: Settings, mapped: _Mapped, aside: Executor, progress: Progress) -> Checked:
    """Hold typed tables against everything that can refuse them; the indicators are counted beside that."""
    mapping, as_of = mapped.mapping, mapped.delivery.made_at.date()
    progress("Checking every value, and counting the indicators of quality")
    about = About(
        dataset=mapping.id,
        label=mapping.label,
        edition=_next_number(database, mapping.id),
        as_of=as_of.isoformat(),
        synthetic=mapped.delivery.synthetic,
    )
    tables = {table.name: typed(table.name) for table in mapping.declaration.tables}
    quality = aside.submit(indicators, mapped.connection.cursor(), tables, about, mapping.registry)
    relations = [(typed(table.name), table) for table in mapping.declaration.tables]
    found = check_everything(mapped.connection, relations, as_of=as_of)
    found += find_returned(mapped.connection, settings, mapping.id, relations)
    _refuse(mapping.id, located(mapped.connection, mapping, found))
    return Checked(mapping, mapped.delivery, mapped.staged, quality.result())


def _read(
    connection: duckdb.DuckDBPyConnection,
    source_id: str,
    specs: Mapping[str, FileSpec],
    folder: Path,
    delivery: Delivery,
    work: Path,
    progress: Progress,
) -> Sequence[Finding]:
    """Take the delivery and read its files; return what of it is not read; raises DataRejected."""
    progress("Holding the delivery against its manifest")
    taken = take_delivery(folder, delivery, specs, ensure_folder(work / "delivery"))
    _refuse(source_id, taken.problems)
    progress("Reading the files")
    _refuse(source_id, read_files(connection, specs, taken.files, work))
    return taken.unused


def _refuse(source_id: str, findings: Sequence[Finding]) -> None:
    if findings:
        raise DataRejected(Report(source_id, tuple(findings), "mapping"))


def _take_scans(
    database: Database, settings: Settings, mapped: _Mapped, tree: Path, prepared: Path, progress: Progress
) -> ImagingEntries:
    """Check a tree of scans and hold it in the edition's work folder; raises DataRejected where the tables say else."""
    mapping, delivery = mapped.mapping, mapped.delivery
    table = agreement.check_listed(mapping.declaration.table(agreement.TABLE))
    progress("Checking the scans and taking them in")
    scans = prepare_imaging(
        tree, prepared / IMAGING, dataset=mapping.id, earlier=_scans_before(database, settings, mapping.id)
    )
    if scans.synthetic != delivery.synthetic:
        synthetic, real = ("scans", "tables") if scans.synthetic else ("tables", "scans")
        raise InvalidInput(f"The {synthetic} are synthetic, the {real} are not said to be.", "Nothing was published.")
    contradicted, unlisted = agreement.disagreements(mapped.connection, typed(table.name), table, scans)
    _refuse(mapping.id, (*located(mapped.connection, mapping, contradicted), *unlisted))
    return scans


def _scans_before(database: Database, settings: Settings, dataset_id: str) -> Earlier | None:
    """Return the scans of the newest edition, if it holds any."""
    try:
        before = edition(database, dataset_id)
    except EditionNotFound:
        return None
    sha256 = read_manifest(settings, before).imaging_sha256
    return earlier_edition(before.folder(settings) / IMAGING, sha256) if sha256 else None


def _add_endpoints(mapped: _Mapped, folder: Path) -> tuple[DatasetDeclaration, tuple[TableEntry, ...]]:
    """Write the tables of the standard endpoints; return the declaration that has them, and their entries."""
    declaration = mapped.mapping.declaration
    relations = {table.name: typed(table.name) for table in declaration.tables}
    computed = endpoint_tables(mapped.connection, computable(declaration), relations)
    tables = [each.table for each in computed]
    entries = write_tables(mapped.connection, tables, lambda table: f"FROM {identifier(table.name)}", folder)
    return with_endpoints(declaration, computed), entries


def _typed_query(table: Table) -> str:
    """Return the query of a table's rows, person by person: a cut finds and sorts each person's rows faster then."""
    names = ", ".join(identifier(variable.name) for variable in table.variables)
    return f"SELECT {names} FROM {typed(table.name)} ORDER BY {identifier(table.person)}, _row"


def _next_number(database: Database, dataset_id: str) -> int:
    with database.read() as connection:
        return newest_number(connection, dataset_id) + 1


def _report_before(database: Database, settings: Settings, dataset_id: str) -> Document | None:
    """Return the quality report of the newest edition, if it has one."""
    try:
        before = edition(database, dataset_id).folder(settings) / JSON_NAME
        return read_json(before.read_bytes())
    except (EditionNotFound, FileNotFoundError):
        return None
