"""What a project sees of an edition's scans: those it was approved for, under its own names, without copying voxels.

The caller mounts the exposed folder read-only at `/data/imaging`. It is a BIDS tree of its own; no label, date or text
of the source is in it. Normalised files are shared with the vault, so their content is the same in every project.
"""

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from core import canonical
from core.errors import InvalidInput
from core.files import sha256_bytes, write_durably
from data_catalog.imaging.index import ImagingEntries, ImagingEntry
from data_catalog.imaging.inheritance import Sidecars
from data_catalog.imaging.names import LABEL_PATTERN, MODALITIES, REGIONS, scan_stem
from data_catalog.imaging.sharing import FOLDER, READ_ONLY, Sharer
from data_catalog.imaging.tree import DESCRIPTION, IGNORE, PARTICIPANTS
from data_catalog.synthetic import LABEL

BIDS_VERSION = "1.10.0"
_UNKNOWN = "n/a"
_SYNTHETIC = "These scans are synthetic: their voxels are noise drawn by Myelin. They show nobody."
_README = """{label}Scans of the people in this project, under its own pseudonyms.

Days in scans.tsv are shifted per person, as in the project's tables: a person's scan is found there by pseudonym, day,
region (acq-brain, acq-cord) and modality. Sessions are numbered per person in the order of their days. Voxels are the
same in every project that has the scan, whatever its name is there: comparing them across projects identifies people,
and the data use agreement forbids it.
"""

Shift = Callable[[str, date], date]
"""Gives a patient's date as the project sees it: the same shift as in the project's cut."""


@dataclass(frozen=True)
class ExposureRequest:
    """Everything an exposure is made of; `pseudonyms` has the cohort's people and nobody else."""

    project_id: str
    vault: Path
    scans: ImagingEntries
    pseudonyms: Mapping[str, str] = field(repr=False)
    regions: Collection[str]
    modalities: Collection[str]
    shift: Shift = field(repr=False)


@dataclass(frozen=True)
class ExposureManifest:
    """The proof of an exposure: every file with its hash, and how normalised files came to be there.

    It is kept outside of the exposed folder; the researchers' own copy would name nothing they can't see.
    """

    content: dict[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class _Exposed:
    """One scan under its new name."""

    entry: ImagingEntry
    person: str
    session: str
    stem: str
    day: str


def expose(request: ExposureRequest, destination: Path) -> ExposureManifest:
    """Write a project's BIDS tree into `destination`, which must not exist yet; it is gone again where this fails.

    Raises InvalidInput for a region or modality there is not, and for a pseudonym that is no BIDS label or not unique.
    """
    _check(request)
    destination.mkdir()
    try:
        return _expose(request, destination)
    except BaseException:
        shutil.rmtree(destination)
        raise


def withdraw(folder: Path, pseudonym: str) -> tuple[str, ...]:
    """Take one person out of an exposure and return the paths that were removed; the vault's files stay.

    A project that has a file open can read it to the end. Raises InvalidInput for somebody who is not in it.
    """
    person = f"sub-{pseudonym}"
    rows = (folder / PARTICIPANTS).read_bytes().splitlines(keepends=True)
    kept = [row for row in rows if row.strip() != person.encode()]
    if len(kept) == len(rows) or LABEL_PATTERN.fullmatch(pseudonym) is None:
        raise InvalidInput("There is nobody of this pseudonym in the exposure.")
    removed = [path for path in (folder / person).rglob("*") if not path.is_dir()]
    # The row goes last: whoever was interrupted can withdraw once more.
    delete_exposure(folder / person)
    removed += _remove_idle_sidecars(folder)
    write_durably(folder / PARTICIPANTS, b"".join(kept), READ_ONLY)
    (folder / PARTICIPANTS).chmod(READ_ONLY)
    return tuple(sorted(path.relative_to(folder).as_posix() for path in removed))


def _remove_idle_sidecars(folder: Path) -> list[Path]:
    """Remove sidecars of the root that describe nobody any more, and return them."""
    idle = []
    for sidecar in folder.glob("acq-*.json"):
        region, _, suffix = sidecar.stem.partition("_")
        if next(folder.glob(f"sub-*/ses-*/anat/*_{region}_*{suffix}.nii.gz"), None) is None:
            sidecar.unlink()
            idle.append(sidecar)
    return idle


def delete_exposure(folder: Path) -> None:
    """Remove an exposure, or what a crash left of it; the vault's files stay."""
    if folder.exists():
        shutil.rmtree(folder)


def _check(request: ExposureRequest) -> None:
    unknown = sorted(({*request.regions} - set(REGIONS)) | ({*request.modalities} - set(MODALITIES)))
    if unknown:
        known = f"There are: {', '.join([*REGIONS, *MODALITIES])}."
        raise InvalidInput(f"There is no region or modality {', '.join(unknown)}.", known)
    names = request.pseudonyms.values()
    if len(set(names)) < len(names) or not all(LABEL_PATTERN.fullmatch(name) for name in names):
        raise InvalidInput("A pseudonym is given twice, or has other characters than letters and digits.")


def _expose(request: ExposureRequest, destination: Path) -> ExposureManifest:
    scans = sorted(_renamed(request), key=attrgetter("person", "session", "stem"))
    sidecars = Sidecars([scan.entry for scan in scans])
    with Sharer(request.vault, destination) as sharer:
        root = _write_root(request, scans, sidecars, sharer)
        files = {path: sha256_bytes(content) for path, content in root.items()}
        for _, of_person in groupby(scans, key=attrgetter("person")):
            files.update(_write_person(list(of_person), sidecars, sharer))
        destination.chmod(FOLDER)
        sharer.make_durable()
    content = {
        "project": request.project_id,
        "dataset": request.scans.dataset,
        "edition_manifest_sha256": request.scans.manifest_sha256,
        "synthetic": request.scans.synthetic,
        "regions": sorted(request.regions),
        "modalities": sorted(request.modalities),
        "people": len({scan.person for scan in scans}),
        "scans": len(scans),
        "shared_by": dict(sharer.counts),
        "files": [{"path": path, "sha256": sha256} for path, sha256 in files.items()],
    }
    return ExposureManifest(content, sha256_bytes(canonical.dumps(content)))


def _renamed(request: ExposureRequest) -> Iterator[_Exposed]:
    """Give every approved scan its new name: sessions are numbered by date, equal names by run."""
    approved = [entry for entry in request.scans.entries if _is_approved(entry, request)]
    approved.sort(key=attrgetter("patient_id"))
    for patient, of_patient in groupby(approved, key=attrgetter("patient_id")):
        yield from _renamed_person(patient, list(of_patient), request)


def _is_approved(entry: ImagingEntry, request: ExposureRequest) -> bool:
    return (
        entry.patient_id in request.pseudonyms
        and entry.region in request.regions
        and entry.modality in request.modalities
    )


def _renamed_person(patient: str, entries: Sequence[ImagingEntry], request: ExposureRequest) -> Iterator[_Exposed]:
    person = request.pseudonyms[patient]
    first = dict[str, date]()
    for entry in entries:
        first[entry.session] = min(first.get(entry.session, date.max), entry.scan_date or date.max)
    order = sorted(first, key=lambda session: (first[session], session))
    numbers = {session: f"{number:02}" for number, session in enumerate(order, 1)}
    for session, number in numbers.items():
        same = [entry for entry in entries if entry.session == session]
        names = [(entry.region, entry.modality) for entry in same]
        for place, entry in enumerate(same):
            run = names[: place + 1].count(names[place]) if names.count(names[place]) > 1 else None
            stem = scan_stem(person, number, entry.region, entry.modality, run)
            yield _Exposed(entry, person, number, stem, _shifted(entry, request))


def _shifted(entry: ImagingEntry, request: ExposureRequest) -> str:
    if entry.scan_date is None:
        return _UNKNOWN
    return f"{request.shift(entry.patient_id, entry.scan_date).isoformat()}T00:00:00"


def _write_root(
    request: ExposureRequest, scans: Sequence[_Exposed], sidecars: Sidecars, sharer: Sharer
) -> dict[str, bytes]:
    """Write what stands in the root and return it by path."""
    synthetic = request.scans.synthetic
    description = {"Name": f"Scans for the project {request.project_id}", "BIDSVersion": BIDS_VERSION}
    people = sorted({scan.person for scan in scans})
    files = {
        DESCRIPTION: canonical.dumps({**description, "DatasetType": "raw"}),
        "README": _README.format(label=f"{_SYNTHETIC}\n\n" if synthetic else "").encode(),
        PARTICIPANTS: "".join(f"{row}\n" for row in ("participant_id", *(f"sub-{who}" for who in people))).encode(),
        **sidecars.of_root(),
    }
    if synthetic:
        files |= {LABEL: f"{_SYNTHETIC}\n".encode(), IGNORE: f"{LABEL}\n".encode()}
    for path, content in files.items():
        sharer.write(path, content)
    return files


def _write_person(scans: Sequence[_Exposed], sidecars: Sidecars, sharer: Sharer) -> Iterator[tuple[str, str]]:
    """Write one person's folder and return every file with its hash."""
    folder = f"sub-{scans[0].person}"
    sharer.folder(folder)
    for session, of_session in groupby(scans, key=attrgetter("session")):
        inside = f"{folder}/ses-{session}"
        sharer.folder(inside)
        sharer.folder(f"{inside}/anat")
        rows = ["filename\tacq_time"]
        for scan in of_session:
            path = f"{inside}/anat/{scan.stem}"
            sharer.share(scan.entry.path, f"{path}.nii.gz")
            yield f"{path}.nii.gz", scan.entry.sha256
            own = sidecars.of_scan(scan.entry)
            if own:
                sharer.write_shared(f"{path}.json", own)
                yield f"{path}.json", sha256_bytes(own)
            rows.append(f"anat/{scan.stem}.nii.gz\t{scan.day}")
        table, content = f"{inside}/{folder}_ses-{session}_scans.tsv", "".join(f"{row}\n" for row in rows).encode()
        sharer.write(table, content)
        yield table, sha256_bytes(content)
