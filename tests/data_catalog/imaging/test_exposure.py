"""A project sees what it was approved for under its own names, and nothing it does harms the vault."""

import errno
import gzip
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import IntegrityBroken, InvalidInput
from core.files import sha256_file
from data_catalog.errors import EditionBroken
from data_catalog.imaging import sharing
from data_catalog.imaging.bids import validate_bids
from data_catalog.imaging.exposure import ExposureRequest, SeenScan, expose
from data_catalog.imaging.index import ImagingEntries, ImagingEntry, verify_imaging
from data_catalog.imaging.names import ScanKinds
from data_catalog.imaging.sharing import COPY, HARD_LINK, REFLINK
from tests.data_catalog.imaging.conftest import SCANS, take_in

KEY = bytes(range(32))
NAMES = {"X-MAR01": "PAAAA", "X-NOV02": "PBBBB", "X-ZED03": "PCCCC"}
SHIFTS = {"X-MAR01": 100, "X-NOV02": -3, "X-ZED03": 0}
EVERYTHING = ScanKinds.model_validate(
    {"regions": ["brain", "spinal_cord"], "modalities": ["t1w", "t2w", "flair", "pdw", "t1w_gd"]}
)
BRAIN_02 = "sub-PAAAA/ses-02/anat/sub-PAAAA_ses-02_acq-brain_T1w"
NOBODY = 65534


def shifted(entry: ImagingEntry) -> date | None:
    return entry.scan_date and entry.scan_date - timedelta(days=SHIFTS[entry.patient_id])


@dataclass(frozen=True)
class Vault:
    folder: Path
    scans: ImagingEntries

    def request(self, **changed: object) -> ExposureRequest:
        request = ExposureRequest("p1", self.folder, self.scans, EVERYTHING, self.seen(), KEY)
        return replace(request, **changed)

    def seen(self, people: Mapping[str, str] = NAMES, *, days: bool = True) -> dict[str, SeenScan]:
        return {
            entry.scan: SeenScan(people[entry.patient_id], shifted(entry) if days else None)
            for entry in self.scans.entries
            if entry.patient_id in people
        }

    def is_intact(self) -> bool:
        return verify_imaging(self.folder, self.scans.manifest_sha256) == len(SCANS) + 1


@pytest.fixture
def vault(delivery: Path, tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault", take_in(delivery, tmp_path / "vault"))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def scans(folder: Path) -> set[str]:
    return {path.rpartition("/")[2].removesuffix(".nii.gz") for path in files(folder) if path.endswith(".nii.gz")}


def test_names_are_the_projects_own(vault: Vault, tmp_path: Path) -> None:
    manifest = expose(vault.request(), tmp_path / "exposed")
    assert scans(tmp_path / "exposed") == {
        "sub-PAAAA_ses-01_acq-brain_T1w",
        "sub-PAAAA_ses-02_acq-brain_T1w",
        "sub-PAAAA_ses-02_acq-cord_T2w",
        "sub-PBBBB_ses-01_acq-brain_T1w",
        "sub-PBBBB_ses-01_acq-brain_ce-gadolinium_T1w",
        "sub-PCCCC_ses-01_acq-brain_FLAIR",
    }
    assert (manifest.content["people"], manifest.content["scans"]) == (3, 6)
    assert validate_bids(tmp_path / "exposed") == []


def test_no_label_and_no_date_of_the_source_is_left(vault: Vault, tmp_path: Path) -> None:
    manifest = expose(vault.request(), tmp_path / "exposed")
    known = ["MAR01", "NOV02", "ZED03", "20150301", "20140105", "baseline", "2015-03-01", "2014-01-05", "2016-06-07"]
    texts = [json.dumps(manifest.content).encode(), *(path.encode() for path in files(tmp_path / "exposed"))]
    for path in (tmp_path / "exposed").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            texts.append(gzip.decompress(content) if path.suffix == ".gz" else content)
    assert [word for word in known if any(word.encode() in text for text in texts)] == []


def test_days_are_shifted_per_person(vault: Vault, tmp_path: Path) -> None:
    expose(vault.request(), tmp_path / "exposed")
    days = {}
    for table in (tmp_path / "exposed").rglob("*_scans.tsv"):
        for row in table.read_text().splitlines()[1:]:
            name, day = row.split("\t")
            days[name.removeprefix("anat/").removesuffix(".nii.gz")] = day.removesuffix("T00:00:00")
    assert days["sub-PAAAA_ses-01_acq-brain_T1w"] == str(date(2014, 1, 5) - timedelta(days=100))
    assert days["sub-PAAAA_ses-02_acq-cord_T2w"] == str(date(2015, 3, 1) - timedelta(days=100))
    assert days["sub-PBBBB_ses-01_acq-brain_T1w"] == str(date(2016, 6, 10))
    assert days["sub-PCCCC_ses-01_acq-brain_FLAIR"] == "n/a"


ONLY = {
    "regions": ({"regions": ["spinal_cord"]}, NAMES, {"sub-PAAAA_ses-01_acq-cord_T2w"}),
    "modalities": ({"modalities": ["flair"]}, NAMES, {"sub-PCCCC_ses-01_acq-brain_FLAIR"}),
    "contrast apart": ({"modalities": ["t1w_gd"]}, NAMES, {"sub-PBBBB_ses-01_acq-brain_ce-gadolinium_T1w"}),
    "cohort": ({}, {"X-ZED03": "PCCCC"}, {"sub-PCCCC_ses-01_acq-brain_FLAIR"}),
    "nobody": ({}, {}, set()),
}


@pytest.mark.parametrize("case", ONLY)
def test_only_what_was_approved_is_there(case: str, vault: Vault, tmp_path: Path) -> None:
    changed, people, expected = ONLY[case]
    kinds = ScanKinds.model_validate(EVERYTHING.model_dump(mode="json") | changed)
    expose(vault.request(kinds=kinds, seen=vault.seen(people)), tmp_path / "exposed")
    assert scans(tmp_path / "exposed") == expected
    listed = (tmp_path / "exposed" / "participants.tsv").read_text().split()[1:]
    assert set(listed) == {scan.partition("_")[0] for scan in expected}


@pytest.mark.parametrize(
    "people", [{"X-MAR01": "P1", "X-NOV02": "P1", "X-ZED03": "P2"}, {"X-MAR01": "../../x", "X-NOV02": "P1"}]
)
def test_a_request_that_can_not_be_is_refused(people: dict[str, str], vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        expose(vault.request(seen=vault.seen(people)), tmp_path / "exposed")
    assert not (tmp_path / "exposed").exists()


@pytest.mark.parametrize("kinds", [{"regions": ["knee"]}, {"modalities": ["swi"]}, {"regions": []}])
def test_kinds_that_there_are_not_are_refused(kinds: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError):
        ScanKinds.model_validate(EVERYTHING.model_dump(mode="json") | kinds)


def test_paths_are_those_of_the_files(vault: Vault, tmp_path: Path) -> None:
    request = vault.request()
    expose(request, tmp_path / "exposed")
    assert set(request.paths()) == {entry.scan for entry in vault.scans.entries}
    for entry in vault.scans.entries:
        assert sha256_file(tmp_path / "exposed" / request.paths()[entry.scan]) == entry.sha256


def numbers(request: ExposureRequest) -> tuple[str, ...]:
    """Which number the sessions of one person have, in the order of their days in the source."""
    theirs = sorted((scan.entry.scan_date, scan.session) for scan in request.exposed if scan.person == "PAAAA")
    return tuple(dict.fromkeys(session for _, session in theirs))


def test_where_days_are_not_shown_the_order_of_sessions_tells_nothing_of_them(vault: Vault) -> None:
    """Numbered by hidden days, every key would give the same order; by a hash under it, keys differ."""
    keys = [bytes([number]) * 32 for number in range(16)]
    assert {numbers(vault.request(key=key)) for key in keys} == {("01", "02")}
    hidden = [vault.request(key=key, seen=vault.seen(days=False)) for key in keys]
    assert {numbers(request) for request in hidden} == {("01", "02"), ("02", "01")}
    assert {scan.day for scan in hidden[0].exposed} == {"n/a"}
    assert numbers(hidden[0]) == numbers(vault.request(key=keys[0], seen=vault.seen(days=False)))


def test_what_fails_on_the_way_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    (vault.folder / vault.scans.entries[-1].path).unlink()
    with pytest.raises(FileNotFoundError):
        expose(vault.request(), tmp_path / "exposed")
    assert not (tmp_path / "exposed").exists()


def test_two_scans_of_one_kind_are_runs(vault: Vault, tmp_path: Path) -> None:
    twice = tuple(
        replace(entry, session="s", modality="t1w") for entry in vault.scans.entries if entry.region == "brain"
    )
    expose(vault.request(scans=replace(vault.scans, entries=twice)), tmp_path / "exposed")
    assert {"sub-PBBBB_ses-01_acq-brain_run-01_T1w", "sub-PBBBB_ses-01_acq-brain_run-02_T1w"} < scans(
        tmp_path / "exposed"
    )


def test_sidecars_say_what_the_source_said(vault: Vault, tmp_path: Path) -> None:
    """By inheritance: the root's for region and suffix, overruled by the scan's own."""
    expose(vault.request(), tmp_path / "exposed")
    by_hash = {entry.sha256: entry for entry in vault.scans.entries}
    own = 0
    for path in (tmp_path / "exposed").rglob("*.nii.gz"):
        parts = path.name.removesuffix(".nii.gz").split("_")
        said = json.loads((tmp_path / "exposed" / f"{parts[2]}_{parts[-1]}.json").read_text())
        beside = path.with_name(path.name.replace(".nii.gz", ".json"))
        if beside.exists():
            said |= json.loads(beside.read_text())
            own += 1
        entry = by_hash[sha256_file(path)]
        body_part = "BRAIN" if entry.region == "brain" else "SPINE"
        assert (said["BodyPart"], said["MagneticFieldStrength"]) == (body_part, entry.field_strength)
        assert (said["Defaced"], said.get("DefacingTool")) == (entry.defaced, entry.defacing_tool)
        assert said.get("FaceInFieldOfView") is (None if entry.region == "brain" else False)
        assert ("ContrastBolusIngredient" in said) == (entry.modality == "t1w_gd")
    assert 0 < own < len(SCANS)


def test_the_manifest_proves_every_file(vault: Vault, tmp_path: Path) -> None:
    manifest = expose(vault.request(), tmp_path / "exposed")
    listed = {file["path"]: file["sha256"] for file in manifest.content["files"]}
    assert listed == {path: sha256_file(tmp_path / "exposed" / path) for path in files(tmp_path / "exposed")}
    assert manifest.content["edition_manifest_sha256"] == vault.scans.manifest_sha256


def test_everything_is_read_only_whatever_the_umask(vault: Vault, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        expose(vault.request(), tmp_path / "exposed")
    finally:
        os.umask(before)
    for path in [tmp_path / "exposed", *(tmp_path / "exposed").rglob("*")]:
        status = path.stat()
        assert (status.st_mode & 0o777, status.st_uid) == (0o755 if path.is_dir() else 0o444, os.getuid())


def test_synthetic_scans_are_labelled(vault: Vault, tmp_path: Path) -> None:
    expose(vault.request(), tmp_path / "exposed")
    assert {"SYNTHETIC", ".bidsignore"} < files(tmp_path / "exposed")
    assert "synthetic" in (tmp_path / "exposed" / "README").read_text()
    expose(vault.request(scans=replace(vault.scans, synthetic=False)), tmp_path / "real")
    assert "SYNTHETIC" not in files(tmp_path / "real")
    assert "synthetic" not in (tmp_path / "real" / "README").read_text()


def test_deleting_an_exposure_leaves_the_vault(vault: Vault, tmp_path: Path) -> None:
    expose(vault.request(), tmp_path / "exposed")
    shutil.rmtree(tmp_path / "exposed")
    assert vault.is_intact()


# How files are shared


def can_not(number: int, times: int = 10**6) -> object:
    left = [times]

    def refuse(*arguments: object, **options: object) -> None:
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        real(*arguments, **options)

    real = os.link
    return refuse


def copying(new: int, source: int) -> None:
    os.write(new, os.read(source, 1 << 20))


def test_where_there_are_no_reflinks_files_are_hard_links(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_clone", can_not(errno.EOPNOTSUPP))
    manifest = expose(vault.request(), tmp_path / "exposed")
    assert manifest.content["shared_by"] == {HARD_LINK: len(SCANS)}
    held = {entry.sha256: vault.folder / entry.path for entry in vault.scans.entries}
    for path in (tmp_path / "exposed").rglob("*.nii.gz"):
        assert path.samefile(held[sha256_file(path)])


@pytest.mark.parametrize(("way", "number"), [(REFLINK, 0), (COPY, errno.EXDEV), (COPY, errno.EPERM)])
def test_other_ways_make_files_of_their_own(
    way: str, number: int, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system call of a reflink is played by a copy, since few file systems have it."""
    monkeypatch.setattr(sharing, "_clone", copying if way == REFLINK else can_not(errno.EXDEV))
    if number:
        monkeypatch.setattr(os, "link", can_not(number))
    manifest = expose(vault.request(), tmp_path / "exposed")
    assert manifest.content["shared_by"] == {way: len(SCANS)}
    for path in (tmp_path / "exposed").rglob("*.nii.gz"):
        assert (path.stat().st_nlink, path.stat().st_mode & 0o777, path.stat().st_mtime) == (1, 0o444, 0)
        path.chmod(0o644)
        path.write_bytes(b"changed")
    assert vault.is_intact()


def test_a_file_with_too_many_links_is_copied_and_the_next_one_linked(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_clone", can_not(errno.EOPNOTSUPP))
    monkeypatch.setattr(os, "link", can_not(errno.EMLINK, times=1))
    manifest = expose(vault.request(), tmp_path / "exposed")
    assert manifest.content["shared_by"] == {COPY: 1, HARD_LINK: len(SCANS) - 1}


def test_a_file_of_the_vault_that_can_be_written_is_not_linked(vault: Vault, tmp_path: Path) -> None:
    (vault.folder / vault.scans.entries[0].path).chmod(0o664)
    with pytest.raises(IntegrityBroken, match="can be written"):
        expose(vault.request(), tmp_path / "exposed")
    assert not (tmp_path / "exposed").exists()


# What a hard link that can be written would do


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder anybody can reach, as pytest's own can't be."""
    folder = Path(tempfile.mkdtemp(prefix="myelin-exposure-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def write_as(user: int, path: Path) -> bool:
    """Try to add a byte to a file as some user; tell whether it worked."""
    tried = subprocess.run(["/bin/sh", "-c", 'printf x >> "$1"', "-", str(path)], user=user, capture_output=True)
    return tried.returncode == 0


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as somebody else")


@needs_root
def test_a_project_can_not_write_through_the_link(delivery: Path, open_folder: Path) -> None:
    vault = Vault(open_folder / "vault", take_in(delivery, open_folder / "vault"))
    expose(vault.request(), open_folder / "exposed")
    path = open_folder / "exposed" / f"{BRAIN_02}.nii.gz"
    assert path.stat().st_nlink > 1
    assert not write_as(NOBODY, path)
    assert vault.is_intact()


@needs_root
def test_without_the_mode_writing_changes_the_vault_and_its_hash_tells(delivery: Path, open_folder: Path) -> None:
    vault = Vault(open_folder / "vault", take_in(delivery, open_folder / "vault"))
    expose(vault.request(), open_folder / "exposed")
    path = open_folder / "exposed" / f"{BRAIN_02}.nii.gz"
    path.chmod(0o666)
    assert write_as(NOBODY, path)
    with pytest.raises(EditionBroken, match="missing or was changed"):
        vault.is_intact()


@needs_root
def test_root_itself_can_not_write_through_a_read_only_mount(delivery: Path, open_folder: Path) -> None:
    """As a container has it at `/data`; without the mount root is not stopped by a mode."""
    vault = Vault(open_folder / "vault", take_in(delivery, open_folder / "vault"))
    expose(vault.request(), open_folder / "exposed")
    (open_folder / "data").mkdir()
    mount = 'mount --bind "$1" "$2" && mount -o remount,bind,ro "$2" || exit 9; printf x >> "$2/$3" || exit 7'
    arguments = [str(open_folder / "exposed"), str(open_folder / "data"), f"{BRAIN_02}.nii.gz"]
    tried = subprocess.run(["unshare", "-m", "/bin/sh", "-c", mount, "-", *arguments], capture_output=True)
    if tried.returncode not in (0, 2, 7):
        pytest.skip("this machine does not let root mount")
    assert tried.returncode != 0
    assert vault.is_intact()
    assert write_as(0, open_folder / "exposed" / f"{BRAIN_02}.nii.gz")
    with pytest.raises(EditionBroken):
        vault.is_intact()
