"""Take a delivered BIDS tree in: everything is checked, then its scans are held in normal form, or nothing is."""

import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from core import canonical
from data_catalog.errors import DataRejected
from data_catalog.imaging.bids import Validator, validate_bids
from data_catalog.imaging.checks import check_scan
from data_catalog.imaging.index import ImagingEntries, ImagingEntry, write_index
from data_catalog.imaging.names import ScanName
from data_catalog.imaging.normalise import Earlier, Stored, prepare_objects, store_scan
from data_catalog.imaging.problems import Problems
from data_catalog.imaging.sidecars import LARGEST_SIDECAR, Sidecar, check_sidecar
from data_catalog.imaging.tree import Tree, read_file, read_tree
from data_catalog.report import Report

_IN_THE_INDEX = frozenset({"BodyPart", "MagneticFieldStrength", "Defaced", "DefacingTool", "DefacingToolVersion"})


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of one scan: how it is held, or what is wrong with it."""

    name: ScanName
    sidecar: Sidecar | None
    stored: Stored | None
    problems: tuple[str, ...]


def prepare_imaging(
    source: Path,
    destination: Path,
    *,
    dataset: str,
    earlier: Earlier | None = None,
    validate: Validator = validate_bids,
) -> ImagingEntries:
    """Check a BIDS tree and write its scans, index and manifest into `destination`, which must not exist yet.

    The caller moves the folder into the vault with the rest of the edition. Scans that `earlier` holds are shared by
    hard link. Raises DataRejected with everything that is wrong, and then `destination` is gone again.
    """
    destination.mkdir(mode=0o700)
    try:
        tree, problems = read_tree(source)
        read = list(_read_scans(tree, destination, earlier))
        for scan in read:
            problems.add_all("scan", scan.problems, scan.name.path)
            problems.add_all("sidecar", scan.sidecar.problems if scan.sidecar else (), scan.name.sidecar)
        _check_people(read, problems)
        for rule, path in validate(source):
            problems.add("BIDS", rule, path)
        if problems:
            raise DataRejected(Report(dataset, problems.findings()))
        return write_index(destination, dataset, list(_entries(tree, read)), tree.synthetic)
    except BaseException:
        shutil.rmtree(destination)
        raise


def _read_scans(tree: Tree, destination: Path, earlier: Earlier | None) -> Iterable[_Read]:
    """Read scans side by side: unpacking and hashing of real ones leave Python's lock to the others."""
    prepare_objects(destination)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda name: _read_scan(tree.folder, name, destination, earlier), tree.scans)


def _read_scan(folder: Path, name: ScanName, destination: Path, earlier: Earlier | None) -> _Read:
    sidecar = _read_sidecar(folder, name)
    source = read_file(folder / name.path)
    if isinstance(source, str):
        return _Read(name, sidecar, None, (source,))
    content = check_scan(source, compressed=name.end == ".nii.gz")
    if content.problems:
        return _Read(name, sidecar, None, content.problems)
    return _Read(name, sidecar, store_scan(source, content, destination, earlier), ())


def _read_sidecar(folder: Path, name: ScanName) -> Sidecar | None:
    """Return what the sidecar says; None where there is none, which the tree has told of."""
    if not os.path.lexists(folder / name.sidecar):
        return None
    content = read_file(folder / name.sidecar, LARGEST_SIDECAR)
    return Sidecar({}, (content,)) if isinstance(content, str) else check_sidecar(content, name)


def _check_people(read: list[_Read], problems: Problems) -> None:
    """Refuse the same voxels under two people: one of them is somebody else."""
    owners: dict[str, set[str]] = {}
    for scan in read:
        if scan.stored:
            owners.setdefault(scan.stored.voxels_sha256, set()).add(scan.name.person)
    for scan in read:
        if scan.stored and len(owners[scan.stored.voxels_sha256]) > 1:
            problems.add("scan", "has the same voxels as a scan of another person", scan.name.path)


def _entries(tree: Tree, read: list[_Read]) -> Iterator[ImagingEntry]:
    for scan in read:
        assert scan.stored is not None
        assert scan.sidecar is not None
        name, values = scan.name, scan.sidecar.values
        strength = values.get("MagneticFieldStrength")
        yield ImagingEntry(
            scan=name.stem,
            patient_id=tree.patients[name.person],
            session=name.session,
            region=scan.sidecar.region,
            modality=name.modality,
            scan_date=tree.dates[name.path],
            field_strength=None if strength is None else float(strength),
            defaced=values["Defaced"],
            defacing_tool=values.get("DefacingTool"),
            defacing_version=values.get("DefacingToolVersion"),
            sidecar=canonical.dumps({k: v for k, v in values.items() if k not in _IN_THE_INDEX}).decode(),
            sha256=scan.stored.sha256,
            bytes=scan.stored.bytes,
            content_sha256=scan.stored.content_sha256,
            voxels_sha256=scan.stored.voxels_sha256,
        )
