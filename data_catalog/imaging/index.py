"""What an edition holds of imaging: one row for each scan, and the hash of every file."""

import json
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core import canonical
from core.files import sha256_bytes, sha256_file, write_durably
from data_catalog.errors import EditionBroken
from data_catalog.imaging.names import Modality, Region, ScanKinds
from data_catalog.imaging.normalise import Earlier, Stored, object_path, prepare_objects

FOLDER = "imaging"
"""Where an edition's folder holds its scans."""

INDEX = "scans.parquet"
MANIFEST = "manifest.json"

_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("scan", "patient_id", "session", "region", "modality")),
        ("scan_date", pa.date32()),
        ("field_strength", pa.float64()),
        *((name, pa.string()) for name in ("defaced", "defacing_tool", "defacing_version", "sidecar")),
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        *((name, pa.string()) for name in ("content_sha256", "voxels_sha256")),
    ]
)


@dataclass(frozen=True, slots=True)
class ImagingEntry:
    """One scan of an edition. `scan` is its BIDS stem in the source; `sidecar` its other fields as JSON."""

    scan: str
    patient_id: str
    session: str
    region: str
    modality: str
    scan_date: date | None
    field_strength: float | None
    defaced: str
    defacing_tool: str | None
    defacing_version: str | None
    sidecar: str
    sha256: str
    bytes: int
    content_sha256: str
    voxels_sha256: str

    @property
    def path(self) -> str:
        """Where the normalised file is, within the edition's imaging folder."""
        return object_path(self.sha256)


@dataclass(frozen=True)
class ImagingEntries:
    """All scans of an edition, and the hash of the manifest that proves every file of them."""

    dataset: str
    synthetic: bool
    entries: tuple[ImagingEntry, ...]
    manifest_sha256: str

    @property
    def bytes(self) -> int:
        """How many bytes the normalised files take, each counted once."""
        return sum({entry.sha256: entry.bytes for entry in self.entries}.values())

    @property
    def kinds(self) -> ScanKinds | None:
        """The regions and modalities there are, None without a scan."""
        if not self.entries:
            return None
        regions = {Region(entry.region) for entry in self.entries}
        modalities = {Modality(entry.modality) for entry in self.entries}
        return ScanKinds(regions=tuple(regions), modalities=tuple(modalities))


def write_index(folder: Path, dataset: str, entries: Sequence[ImagingEntry], synthetic: bool) -> ImagingEntries:
    """Write index and manifest beside the normalised files."""
    table = pa.Table.from_pylist([asdict(entry) for entry in entries], schema=_SCHEMA)
    pq.write_table(table, folder / INDEX, compression="zstd")
    (folder / INDEX).chmod(0o400)
    index = {"path": INDEX, "sha256": sha256_file(folder / INDEX), "bytes": (folder / INDEX).stat().st_size}
    files = {entry.path: {"path": entry.path, "sha256": entry.sha256, "bytes": entry.bytes} for entry in entries}
    content: dict[str, Any] = {
        "dataset": dataset,
        "synthetic": synthetic,
        "scans": len(entries),
        "files": [index, *(files[path] for path in sorted(files))],
    }
    written = canonical.dumps(content)
    write_durably(folder / MANIFEST, written, 0o400)
    return ImagingEntries(dataset, synthetic, tuple(entries), sha256_bytes(written))


def check_index(folder: Path, manifest_sha256: str) -> dict[str, Any]:
    """Return the manifest of an edition's scans; raises EditionBroken where it or the index is not as published."""
    content = _read_manifest(folder, manifest_sha256)
    path = folder / INDEX
    if not path.is_file() or sha256_file(path) != content["files"][0]["sha256"]:
        raise _broken(f"{INDEX} is missing or was changed")
    return content


def read_index(folder: Path, manifest_sha256: str) -> ImagingEntries:
    """Return an edition's scans; raises EditionBroken where index or manifest are not what was published."""
    content = check_index(folder, manifest_sha256)
    rows = pq.read_table(folder / INDEX).to_pylist()
    entries = tuple(ImagingEntry(**row) for row in rows)
    return ImagingEntries(content["dataset"], content["synthetic"], entries, manifest_sha256)


def verify_imaging(folder: Path, manifest_sha256: str) -> int:
    """Re-hash every file of an edition's imaging folder and return how many; raises EditionBroken naming the first."""
    files = {file["path"]: file["sha256"] for file in _read_manifest(folder, manifest_sha256)["files"]}
    for path, expected in files.items():
        if not (folder / path).is_file() or sha256_file(folder / path) != expected:
            raise _broken(f"{path} is missing or was changed")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    foreign = sorted(found - {MANIFEST, *files})
    if foreign:
        raise _broken(f"{', '.join(foreign[:3])} does not belong there")
    return len(files)


def write_without(
    source: Path, manifest_sha256: str, people: Collection[str], destination: Path
) -> tuple[ImagingEntries, int]:
    """Write an edition's imaging folder again without some people, its files by hard link; return how many scans went.

    Files are named by their content and no two people share one, so none of theirs is left. Raises EditionBroken.
    """
    held, gone = read_index(source, manifest_sha256), frozenset(people)
    kept = [entry for entry in held.entries if entry.patient_id not in gone]
    destination.mkdir(mode=0o700)
    prepare_objects(destination)
    for path in sorted({entry.path for entry in kept}):
        os.link(source / path, destination / path)
    return write_index(destination, held.dataset, kept, held.synthetic), len(held.entries) - len(kept)


def earlier_edition(folder: Path, manifest_sha256: str) -> Earlier:
    """Return an edition's normalised files for a later edition to share."""
    entries = read_index(folder, manifest_sha256).entries
    return Earlier(
        folder,
        {
            entry.content_sha256: Stored(entry.sha256, entry.bytes, entry.content_sha256, entry.voxels_sha256)
            for entry in entries
        },
    )


def _read_manifest(folder: Path, manifest_sha256: str) -> dict[str, Any]:
    try:
        written = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise _broken(f"{MANIFEST} can not be read") from error
    if sha256_bytes(written) != manifest_sha256:
        raise _broken(f"{MANIFEST} was changed")
    content: dict[str, Any] = json.loads(written)
    return content


def _broken(what: str) -> EditionBroken:
    return EditionBroken(f"The edition's scans are not what was published: {what}.", "Restore the vault from backup.")
