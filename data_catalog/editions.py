"""Editions as they are kept: the manifest, the folder in the vault, the row in the database."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, func, select

from core import canonical
from core.files import sha256_bytes, sha256_file
from core.settings import Settings
from data_catalog.engine import literal
from data_catalog.errors import EditionBroken, EditionNotFound
from data_catalog.hints import did_you_mean
from data_catalog.imaging.index import FOLDER as IMAGING
from data_catalog.imaging.index import check_index, verify_imaging
from data_catalog.models import DatasetDeclaration
from data_catalog.tables import edition as edition_table

MANIFEST = "manifest.json"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceEntry(_Kept):
    """A source file an edition was read from; only its hash is kept."""

    name: str
    sha256: str
    bytes: int


class FileEntry(_Kept):
    """A file of an edition in the vault: a report, or a table."""

    path: str
    sha256: str
    bytes: int


class TableEntry(FileEntry):
    """One table of an edition: its Parquet file."""

    table: str
    rows: int


class WithdrawalEntry(_Kept):
    """What an edition was made from by taking people out: the edition before, how many, and a keyed hash of them."""

    edition: int
    withdrawn: int
    people_hmac: str


class EditionManifest(_Kept):
    """What an edition is, proven by hashes; written beside its files and never changed."""

    dataset: str
    number: int
    declaration_sha256: str
    synthetic: bool
    published_by: str
    published_at: datetime
    sources: tuple[SourceEntry, ...]
    tables: tuple[TableEntry, ...]
    files: tuple[FileEntry, ...] = ()
    imaging_sha256: str = ""
    """The hash of the manifest of its scans, empty where it holds none as images."""
    withdrawal: WithdrawalEntry | None = None

    def table(self, name: str) -> TableEntry:
        """Return a table's entry by its name; raises KeyError."""
        return {table.table: table for table in self.tables}[name]

    def to_bytes(self) -> bytes:
        """Return the manifest as it is written and hashed."""
        return canonical.dumps(self.model_dump(mode="json"))


@dataclass(frozen=True)
class Edition:
    """A published edition, as the control database knows it."""

    dataset: str
    number: int
    declaration: DatasetDeclaration
    manifest_sha256: str
    rows: int
    bytes: int
    synthetic: bool
    published_by: str
    published_at: datetime

    def folder(self, settings: Settings) -> Path:
        """Return where the edition's files are."""
        return edition_folder(settings, self.dataset, self.number)


def edition_folder(settings: Settings, dataset_id: str, number: int) -> Path:
    """Return where an edition's files are, or would be."""
    return settings.vault / dataset_id / str(number)


def edition_sources(manifest: EditionManifest, folder: Path) -> dict[str, str]:
    """Return every table of an edition as DuckDB reads it from the vault."""
    return {table.table: f"read_parquet({literal(str(folder / table.path))})" for table in manifest.tables}


def find_edition(connection: Connection, dataset_id: str, number: int | None = None) -> Edition:
    """Return an edition, the newest where no number is given; raises EditionNotFound with close names."""
    if number is None:
        number = newest_number(connection, dataset_id)
    matches = (edition_table.c.dataset_id == dataset_id, edition_table.c.number == number)
    row = connection.execute(select(edition_table).where(*matches)).mappings().first()
    if row is not None:
        return _to_edition(dict(row))
    known = dataset_ids(connection)
    if dataset_id in known:
        raise EditionNotFound(f"There is no edition {number} of the dataset {dataset_id}.")
    close = did_you_mean(dataset_id, known)
    raise EditionNotFound(
        f"There is no dataset {dataset_id!r}{close or '.'}", f"There are: {', '.join(known) or 'none yet'}."
    )


def newest_number(connection: Connection, dataset_id: str) -> int:
    """Return the number of a dataset's newest edition, 0 where it has none."""
    newest = select(func.max(edition_table.c.number)).where(edition_table.c.dataset_id == dataset_id)
    return connection.execute(newest).scalar() or 0


def dataset_ids(connection: Connection) -> Sequence[str]:
    """Return every dataset that has an edition, in order."""
    column = edition_table.c.dataset_id
    return connection.execute(select(column).distinct().order_by(column)).scalars().all()


def read_manifest(settings: Settings, edition: Edition) -> EditionManifest:
    """Return an edition's manifest; raises EditionBroken where it is not the one that was published."""
    path = edition.folder(settings) / MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _broken(edition, f"{MANIFEST} can not be read") from error
    if sha256_bytes(content) != edition.manifest_sha256:
        raise _broken(edition, f"{MANIFEST} was changed")
    return EditionManifest.model_validate_json(content)


def check_files(settings: Settings, edition: Edition) -> EditionManifest:
    """Re-hash an edition's tables and reports and return its manifest; raises EditionBroken naming what is changed.

    Of its scans the index is held against its hash, which takes no time; `check_scans` re-hashes every file of them.
    """
    manifest = read_manifest(settings, edition)
    folder = edition.folder(settings)
    for entry in (*manifest.tables, *manifest.files):
        path = folder / entry.path
        if not path.is_file() or sha256_file(path) != entry.sha256:
            raise _broken(edition, f"{entry.path} is missing or was changed")
    expected = {MANIFEST, *(entry.path for entry in (*manifest.tables, *manifest.files))}
    if manifest.imaging_sha256:
        expected.add(IMAGING)
        check_index(folder / IMAGING, manifest.imaging_sha256)
    foreign = sorted({path.name for path in folder.iterdir()} - expected)
    if foreign:
        raise _broken(edition, f"{', '.join(foreign)} does not belong there")
    return manifest


def check_scans(settings: Settings, edition: Edition) -> int:
    """Re-hash every file of an edition's scans and return how many there are; raises EditionBroken naming the first."""
    manifest = read_manifest(settings, edition)
    if not manifest.imaging_sha256:
        return 0
    return verify_imaging(edition.folder(settings) / IMAGING, manifest.imaging_sha256)


def has_bytes(settings: Settings, edition: Edition) -> bool:
    """Tell whether an edition's data are still there."""
    return any(path.name != MANIFEST for path in edition.folder(settings).iterdir())


def delete_bytes(settings: Settings, edition: Edition) -> None:
    """Delete an edition's data; its manifest stays, and scans that another edition holds stay there."""
    for path in edition.folder(settings).iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != MANIFEST:
            path.unlink()


def _to_edition(row: dict[str, Any]) -> Edition:
    declaration = DatasetDeclaration.model_validate_json(row.pop("declaration"))
    return Edition(dataset=row.pop("dataset_id"), declaration=declaration, **row)


def _broken(edition: Edition, what: str) -> EditionBroken:
    message = f"Edition {edition.number} of {edition.dataset} is not what was published: {what}."
    return EditionBroken(message, "Restore the vault from backup.")
