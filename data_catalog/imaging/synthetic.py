"""Tiny synthetic scans for a list of them: a BIDS tree with the real one's form, whose voxels are noise.

They stand in where the real scans are not. The tree says so itself in `SYNTHETIC`, README and dataset_description.json.
"""

import datetime as dt
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Protocol

import numpy as np

from core.errors import InvalidInput
from core.files import ensure_folder
from data_catalog.imaging.names import BODY_PARTS, CONTRAST, Region, parse_scan
from data_catalog.imaging.nifti import HEADER, VOXELS_AT, Header, compress, normal_header
from data_catalog.synthetic import LABEL

SIDE = 8
"""Voxels along each side of a synthetic scan."""

BIDS_VERSION = "1.10.0"
_LABEL_TEXT = "These scans are synthetic: their voxels are noise drawn by Myelin. They show nobody.\n"
_FASTEST = 1


class ListedScan(Protocol):
    """One scan to be made: `person` is the patient's identifier in the tables, `scan` the BIDS stem."""

    @property
    def person(self) -> str: ...
    @property
    def scan(self) -> str: ...
    @property
    def date(self) -> dt.date | None: ...
    @property
    def region(self) -> str: ...
    @property
    def modality(self) -> str: ...
    @property
    def field_strength(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Scan:
    """A listed scan as a plain value."""

    person: str
    scan: str
    date: dt.date | None
    region: str
    modality: str
    field_strength: float


def write_scans(scans: Iterable[ListedScan], folder: Path, progress: Callable[[int], None] = lambda count: None) -> int:
    """Write a BIDS tree of synthetic scans into an empty folder and return how many there are.

    `progress` is told the count every thousand scans. Raises FileExistsError for a scan listed twice, InvalidInput for
    a stem that is no scan's or says another modality.
    """
    ensure_folder(folder, 0o755)
    listed = sorted(((_folder(scan), scan) for scan in scans), key=lambda pair: (pair[0], pair[1].scan))
    _write_root(folder, {name.partition("/")[0]: scan.person for name, scan in listed})
    written = 0
    for name, group in groupby(listed, key=itemgetter(0)):
        session = [scan for _, scan in group]
        anat = folder / name / "anat"
        anat.mkdir(parents=True)
        _write(folder / name / f"{name.replace('/', '_')}_scans.tsv", _scans_tsv(session))
        for scan in session:
            _write(anat / f"{scan.scan}.nii.gz", scan_bytes(scan.scan))
            _write(anat / f"{scan.scan}.json", json.dumps(_sidecar(scan)).encode())
            written += 1
            if written % 1000 == 0:
                progress(written)
    return written


def _folder(scan: ListedScan) -> str:
    """Return the session's folder, or the person's where the stem has no session."""
    person, session, *_ = scan.scan.split("_")
    folder = f"{person}/{session}" if session.startswith("ses-") else person
    name = parse_scan(f"{folder}/anat/{scan.scan}.nii.gz")
    if name is None or name.modality != scan.modality:
        raise InvalidInput("A stem in the list is no scan's, or says another modality.")
    return folder


def _write_root(folder: Path, people: Mapping[str, str]) -> None:
    """Write what stands in the root; `people` says for each participant who it is in the tables."""
    description = {"Name": "Synthetic scans of Myelin", "BIDSVersion": BIDS_VERSION, "DatasetType": "raw"}
    rows = ["participant_id\tpatient_id", *(f"{label}\t{person}" for label, person in sorted(people.items()))]
    files = {
        "dataset_description.json": json.dumps(description, indent=1),
        "README": _LABEL_TEXT,
        LABEL: _LABEL_TEXT,
        ".bidsignore": f"{LABEL}\n",
        "participants.tsv": "".join(f"{row}\n" for row in rows),
    }
    for name, text in files.items():
        _write(folder / name, text.encode())


def _scans_tsv(scans: Sequence[ListedScan]) -> bytes:
    rows = [f"anat/{scan.scan}.nii.gz\t{f'{scan.date}T00:00:00' if scan.date else 'n/a'}" for scan in scans]
    return "".join(f"{row}\n" for row in ("filename\tacq_time", *rows)).encode()


def _sidecar(scan: ListedScan) -> dict[str, object]:
    """Say of a scan what a real one's sidecar says; noise has no face, but the record is what is checked."""
    body_part = {region: part for part, region in BODY_PARTS.items()}[Region(scan.region)]
    content: dict[str, object] = {"BodyPart": body_part, "MagneticFieldStrength": scan.field_strength}
    if scan.modality == "t1w_gd":
        content["ContrastBolusIngredient"] = CONTRAST.upper()
    if scan.region == "spinal_cord":
        return {**content, "Defaced": "not_needed", "FaceInFieldOfView": False}
    return {**content, "Defaced": "yes", "DefacingTool": "pydeface", "DefacingToolVersion": "2.0.2"}


def scan_bytes(name: str) -> bytes:
    """Return a scan in normal form whose voxels are noise drawn from its name."""
    return compress(_header_bytes() + _noise(name), _FASTEST)


@cache
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
