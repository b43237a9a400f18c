"""Hold a scan in its normal form under its hash: written anew, or shared with an earlier edition by hard link.

A *normalised file* is NIfTI-1 in gzip with voxels, shape, type, scaling and spatial transform, and nothing else the
source said. A file that arrives in normal form keeps its bytes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from core.files import sha256_bytes
from data_catalog.errors import EditionBroken
from data_catalog.imaging.checks import ScanContent
from data_catalog.imaging.nifti import compress

OBJECTS = "objects"
"""The folder of normalised files, which are named by their SHA-256."""

OBJECT_MODE = 0o444
"""Readable for all: where files are hard links, a project's container reads this very inode."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A normalised file as it is held; `content_sha256` is of what is in the gzip, whichever zlib wrote it."""

    sha256: str
    bytes: int
    content_sha256: str
    voxels_sha256: str

    @property
    def path(self) -> str:
        """Where it is, within an edition's imaging folder."""
        return object_path(self.sha256)


@dataclass(frozen=True)
class Earlier:
    """An earlier edition's imaging folder, and the normalised files in it by the hash of their content."""

    folder: Path
    objects: Mapping[str, Stored]


def object_path(sha256_of_file: str) -> str:
    """Return where a normalised file is held."""
    return f"{OBJECTS}/{sha256_of_file[:2]}/{sha256_of_file}.nii.gz"


def normalised(source: bytes, content: ScanContent) -> bytes:
    """Return a checked scan in normal form: its own bytes where it is in it already."""
    return source if content.is_normal else compress(content.header + content.voxels)


def store_scan(source: bytes, content: ScanContent, folder: Path, earlier: Earlier | None = None) -> Stored:
    """Hold a checked scan; raises EditionBroken where the earlier edition's copy is not what it was."""
    voxels_sha256 = content.voxels_sha256
    content_sha256 = sha256(content.header + bytes.fromhex(voxels_sha256)).hexdigest()
    known = earlier.objects.get(content_sha256) if earlier else None
    if earlier and known:
        _share(earlier.folder / known.path, known, folder)
        return known
    normal = normalised(source, content)
    stored = Stored(sha256_bytes(normal), len(normal), content_sha256, voxels_sha256)
    _write_object(folder / stored.path, normal)
    return stored


def prepare_objects(folder: Path) -> None:
    """Make the folders that normalised files are written into."""
    for number in range(256):
        (folder / OBJECTS / f"{number:02x}").mkdir(parents=True)


def _share(held: Path, known: Stored, folder: Path) -> None:
    try:
        intact = sha256_bytes(held.read_bytes()) == known.sha256
    except OSError:
        intact = False
    if not intact:
        message = f"The vault's scan {known.sha256} is not what was published: it is missing or was changed."
        raise EditionBroken(message, "Restore the vault from backup.")
    try:
        os.link(held, folder / known.path)
    except FileExistsError:
        return  # the same scan of the same person twice, under two names


def _write_object(path: Path, content: bytes) -> None:
    """Write a file whose owner, mode and time say nothing of when or by whom it came."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OBJECT_MODE)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, OBJECT_MODE)
        os.utime(descriptor, (0, 0))
