"""What a project sees of an edition's scans: those it was approved for, under its own names, without copying voxels.

The exposed folder is part of the project's cut and is mounted read-only with it. It is a BIDS tree of its own; no
label, date or text of the source is in it. Normalised files are shared with the vault, so their content is the same in
every project.
"""

import hmac
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from core import canonical
from core.errors import InvalidInput
from core.files import sha256_bytes
from data_catalog.imaging.index import ImagingEntries, ImagingEntry
from data_catalog.imaging.inheritance import Sidecars
from data_catalog.imaging.names import LABEL_PATTERN, ScanKinds, scan_stem
from data_catalog.imaging.sharing import FOLDER, Sharer
from data_catalog.imaging.tree import DESCRIPTION, IGNORE, PARTICIPANTS
from data_catalog.synthetic import LABEL

BIDS_VERSION = "1.10.0"
_UNKNOWN = "n/a"
_ORDER = "\0order\0"  # no dataset's id begins with NUL, so no pseudonym is made of such a message
_SYNTHETIC = "These scans are synthetic: their voxels are noise drawn by Myelin. They show nobody."
_README = """{label}Scans of the people in this project, under its own pseudonyms.

The column scan_file of the project's table `imaging` names each scan's file. Days in scans.tsv are those of the
project's tables, n/a where it has none. Sessions are numbered per person in the order of those days, and at random
where there are none. Voxels are the same in every project that has the scan, whatever its name is there: comparing them
across projects identifies people, and the data use agreement forbids it.
"""


@dataclass(frozen=True, slots=True)
class SeenScan:
    """What a project's cut says of one scan: whose it is there, and the day, if it has one."""

    pseudonym: str
    day: date | None


@dataclass(frozen=True)
class ExposureRequest:
    """Everything an exposure is made of: `seen` has the scans in the cut by their names in the vault, and no others.

    `key` is the project's: what nothing visible orders is ordered by a hash under it.
    """

    project_id: str
    vault: Path
    scans: ImagingEntries
    kinds: ScanKinds
    seen: Mapping[str, SeenScan] = field(repr=False)
    key: bytes = field(repr=False)

    @cached_property
    def exposed(self) -> tuple["ExposedScan", ...]:
        """Every scan that is exposed, under its new name, in the order of those names."""
        return tuple(sorted(_renamed(self), key=attrgetter("person", "session", "stem")))

    def paths(self) -> dict[str, str]:
        """Return where each exposed scan's file is within the exposure, by its name in the vault."""
        return {scan.entry.scan: f"{scan.path}.nii.gz" for scan in self.exposed}


@dataclass(frozen=True)
class ExposureManifest:
    """The proof of an exposure: every file with its hash, and how normalised files came to be there."""

    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExposedScan:
    """One scan under its new name."""

    entry: ImagingEntry
    person: str
    session: str
    stem: str
    day: str

    @property
    def path(self) -> str:
        """Where its file is within the exposure, without the ending."""
        return f"sub-{self.person}/ses-{self.session}/anat/{self.stem}"


def expose(request: ExposureRequest, destination: Path) -> ExposureManifest:
    """Write a project's BIDS tree into `destination`, which must not exist yet; it is gone again where this fails.

    Raises InvalidInput for a pseudonym that is no BIDS label or that two people share.
    """
    _check(request)
    destination.mkdir()
    try:
        return _expose(request, destination)
    except BaseException:
        shutil.rmtree(destination)
        raise


def _check(request: ExposureRequest) -> None:
    owners: dict[str, str] = {}
    for scan in request.exposed:
        if owners.setdefault(scan.person, scan.entry.patient_id) != scan.entry.patient_id:
            raise InvalidInput("Two people share a pseudonym.")
    if not all(LABEL_PATTERN.fullmatch(name) for name in owners):
        raise InvalidInput("A pseudonym has other characters than letters and digits.")


def _expose(request: ExposureRequest, destination: Path) -> ExposureManifest:
    scans = request.exposed
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
        **request.kinds.model_dump(mode="json"),
        "people": len({scan.person for scan in scans}),
        "scans": len(scans),
        "shared_by": dict(sharer.counts),
        "files": [{"path": path, "sha256": sha256} for path, sha256 in files.items()],
    }
    return ExposureManifest(content)


def _renamed(request: ExposureRequest) -> Iterator[ExposedScan]:
    """Give every approved scan its new name: sessions are numbered by visible day, equal names by run."""
    approved = [entry for entry in request.scans.entries if _is_approved(entry, request)]
    approved.sort(key=attrgetter("patient_id"))
    for _, of_patient in groupby(approved, key=attrgetter("patient_id")):
        yield from _renamed_person(list(of_patient), request)


def _is_approved(entry: ImagingEntry, request: ExposureRequest) -> bool:
    kinds = request.kinds
    return entry.scan in request.seen and entry.region in kinds.regions and entry.modality in kinds.modalities


def _renamed_person(entries: Sequence[ImagingEntry], request: ExposureRequest) -> Iterator[ExposedScan]:
    drawn = {entry.scan: _drawn(entry, request) for entry in entries}
    sessions: dict[str, list[ImagingEntry]] = {}
    for entry in sorted(entries, key=lambda entry: drawn[entry.scan]):
        sessions.setdefault(entry.session, []).append(entry)

    def first(of_session: list[ImagingEntry]) -> tuple[date, bytes]:
        days = [request.seen[entry.scan].day or date.max for entry in of_session]
        return min(days), drawn[of_session[0].scan]

    for number, same in enumerate(sorted(sessions.values(), key=first), 1):
        names = [(entry.region, entry.modality) for entry in same]
        for place, entry in enumerate(same):
            run = names[: place + 1].count(names[place]) if names.count(names[place]) > 1 else None
            seen, session = request.seen[entry.scan], f"{number:02}"
            stem = scan_stem(seen.pseudonym, session, entry.region, entry.modality, run)
            day = f"{seen.day.isoformat()}T00:00:00" if seen.day else _UNKNOWN
            yield ExposedScan(entry, seen.pseudonym, session, stem, day)


def _drawn(entry: ImagingEntry, request: ExposureRequest) -> bytes:
    """Return what a scan is ordered by where no day says more: nothing of the source's names shows in it."""
    return hmac.digest(request.key, f"{_ORDER}{request.scans.dataset}\0{entry.scan}".encode(), "sha256")


def _write_root(
    request: ExposureRequest, scans: Sequence[ExposedScan], sidecars: Sidecars, sharer: Sharer
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


def _write_person(scans: Sequence[ExposedScan], sidecars: Sidecars, sharer: Sharer) -> Iterator[tuple[str, str]]:
    """Write one person's folder and return every file with its hash."""
    folder = f"sub-{scans[0].person}"
    sharer.folder(folder)
    for session, of_session in groupby(scans, key=attrgetter("session")):
        inside = f"{folder}/ses-{session}"
        sharer.folder(inside)
        sharer.folder(f"{inside}/anat")
        rows = ["filename\tacq_time"]
        for scan in of_session:
            path = scan.path
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
