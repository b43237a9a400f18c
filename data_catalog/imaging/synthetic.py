"""Tiny synthetic scans for a list of them: a BIDS tree with the real one's form, whose voxels are noise.

They stand in where the real scans are not. The tree says so itself in `SYNTHETIC`, README and dataset_description.json.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import numpy as np

from core.files import ensure_folder
from data_catalog.imaging.names import BODY_PARTS, CONTRAST, scan_stem
from data_catalog.imaging.nifti import HEADER, VOXELS_AT, Header, compress, normal_header
from data_catalog.synthetic import LABEL

SIDE = 8
"""Voxels along each side of a synthetic scan."""

BIDS_VERSION = "1.10.0"
_LABEL_TEXT = "These scans are synthetic: their voxels are noise drawn by Myelin. They show nobody.\n"
_FASTEST = 1


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan to be made: labels are letters and digits, as BIDS has them."""

    person: str
    session: str
    region: str
    modality: str
    scanned: date | None
    field_strength: float
    run: int | None = None

    @property
    def stem(self) -> str:
        """The scan's name in the tree and in the vault."""
        return scan_stem(self.person, self.session, self.region, self.modality, self.run)

    @property
    def folder(self) -> str:
        """The session's folder, or the person's where there are no sessions."""
        return f"sub-{self.person}/ses-{self.session}" if self.session else f"sub-{self.person}"


def write_scans(scans: Iterable[Scan], folder: Path, progress: Callable[[int], None] = lambda count: None) -> int:
    """Write a BIDS tree of synthetic scans into an empty folder and return how many there are.

    `progress` is told the count every thousand scans. Raises FileExistsError for a scan listed twice.
    """
    ensure_folder(folder, 0o755)
    listed = sorted(scans, key=lambda scan: (scan.folder, scan.stem))
    _write_root(folder, sorted({scan.person for scan in listed}))
    start, written = _header_bytes(), 0
    for name, group in groupby(listed, key=lambda scan: scan.folder):
        session = list(group)
        anat = folder / name / "anat"
        anat.mkdir(parents=True)
        _write(folder / name / f"{name.replace('/', '_')}_scans.tsv", _scans_tsv(session))
        for scan in session:
            _write(anat / f"{scan.stem}.nii.gz", compress(start + _noise(scan.stem), _FASTEST))
            _write(anat / f"{scan.stem}.json", json.dumps(_sidecar(scan)).encode())
            written += 1
            if written % 1000 == 0:
                progress(written)
    return written


def _write_root(folder: Path, people: list[str]) -> None:
    description = {"Name": "Synthetic scans of Myelin", "BIDSVersion": BIDS_VERSION, "DatasetType": "raw"}
    files = {
        "dataset_description.json": json.dumps(description, indent=1),
        "README": _LABEL_TEXT,
        LABEL: _LABEL_TEXT,
        ".bidsignore": f"{LABEL}\n",
        "participants.tsv": "".join(f"{line}\n" for line in ("participant_id", *(f"sub-{who}" for who in people))),
    }
    for name, text in files.items():
        _write(folder / name, text.encode())


def _scans_tsv(scans: list[Scan]) -> bytes:
    rows = [f"anat/{scan.stem}.nii.gz\t{f'{scan.scanned}T00:00:00' if scan.scanned else 'n/a'}" for scan in scans]
    return "".join(f"{row}\n" for row in ("filename\tacq_time", *rows)).encode()


def _sidecar(scan: Scan) -> dict[str, object]:
    """Say of a scan what a real one's sidecar says; noise has no face, but the record is what is checked."""
    body_part = {region: part for part, region in BODY_PARTS.items()}[scan.region]
    content: dict[str, object] = {"BodyPart": body_part, "MagneticFieldStrength": scan.field_strength}
    if scan.modality == "t1w_gd":
        content["ContrastBolusIngredient"] = CONTRAST.upper()
    if scan.region == "spinal_cord":
        return {**content, "Defaced": "not_needed", "FaceInFieldOfView": False}
    return {**content, "Defaced": "yes", "DefacingTool": "pydeface", "DefacingToolVersion": "2.0.2"}


def _header_bytes() -> bytes:
    header = np.zeros(1, HEADER)
    fields = header[0]
    fields["dim"] = 3, SIDE, SIDE, SIDE, 1, 1, 1, 1
    fields["pixdim"] = 1, 1, 1, 1, 0, 0, 0, 0
    fields["datatype"], fields["bitpix"], fields["scl_slope"], fields["xyzt_units"] = 4, 16, 1, 2
    fields["sform_code"] = 1
    fields["srow"] = 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0
    content = normal_header(Header("<", fields))
    assert len(content) == VOXELS_AT
    return content


def _noise(stem: str) -> bytes:
    """Return int16 voxels from 0 to 255, which are this scan's alone."""
    voxels = bytearray(2 * SIDE**3)
    voxels[::2] = hashlib.shake_128(f"{LABEL} {stem}".encode()).digest(SIDE**3)
    return bytes(voxels)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)
