"""A delivery comes in whole and in normal form, or everything wrong with it is said and nothing is left."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from data_catalog.errors import DataRejected, EditionBroken
from data_catalog.imaging import checks
from data_catalog.imaging.index import earlier_edition, read_index, verify_imaging
from data_catalog.imaging.nifti import compress
from tests.data_catalog.imaging.conftest import SCANS, take_in

PERSON = "sub-MAR01/ses-20150301"
BRAIN = f"{PERSON}/anat/sub-MAR01_ses-20150301_acq-brain_T1w"
OTHER = "sub-NOV02/ses-baseline/anat/sub-NOV02_ses-baseline_acq-brain_T1w"
TABLE = f"{PERSON}/sub-MAR01_ses-20150301_scans.tsv"


def test_every_scan_is_on_the_index(delivery: Path, tmp_path: Path) -> None:
    taken = take_in(delivery, tmp_path / "imaging")
    assert {entry.scan for entry in taken.entries} == {scan.scan for scan in SCANS}
    by_scan = {entry.scan: entry for entry in taken.entries}
    for scan in SCANS:
        entry = by_scan[scan.scan]
        assert (entry.patient_id, entry.region) == (scan.person, scan.region)
        assert entry.session == (scan.scan.partition("ses-")[2].partition("_")[0])
        assert (entry.modality, entry.scan_date, entry.field_strength) == (
            scan.modality,
            scan.date,
            scan.field_strength,
        )
        assert entry.defaced == ("yes" if scan.region == "brain" else "not_needed")
        held = (tmp_path / "imaging" / entry.path).read_bytes()
        assert (hashlib.sha256(held).hexdigest(), len(held)) == (entry.sha256, entry.bytes)
    assert taken.synthetic
    assert read_index(tmp_path / "imaging", taken.manifest_sha256) == taken
    assert verify_imaging(tmp_path / "imaging", taken.manifest_sha256) == len(SCANS) + 1


def test_names_and_times_of_the_source_are_in_no_normalised_file(delivery: Path, tmp_path: Path) -> None:
    taken = take_in(delivery, tmp_path / "imaging")
    for entry in taken.entries:
        path = tmp_path / "imaging" / entry.path
        status = path.stat()
        assert (status.st_mtime, status.st_mode & 0o777, path.name) == (0, 0o444, f"{entry.sha256}.nii.gz")


def test_the_same_delivery_gives_the_same_files(delivery: Path, tmp_path: Path) -> None:
    one, two = (take_in(delivery, tmp_path / name) for name in ("one", "two"))
    assert one == two


def test_labels_are_patients_where_the_table_says_nothing_else(delivery: Path, tmp_path: Path) -> None:
    (delivery / "participants.tsv").write_text("participant_id\nsub-MAR01\nsub-NOV02\nsub-ZED03\n")
    patients = {entry.patient_id for entry in take_in(delivery, tmp_path / "imaging").entries}
    assert patients == {"MAR01", "NOV02", "ZED03"}


def edit(path: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda folder: (folder / path).write_bytes(change((folder / path).read_bytes())) and None


def fields(path: str, **changed: object) -> Callable[[Path], None]:
    return edit(path, lambda content: json.dumps({**json.loads(content), **changed}).encode())


def extra(path: str, content: bytes = b"x") -> Callable[[Path], None]:
    return lambda folder: (folder / path).write_bytes(content) and None


def copied(source: str, target: str) -> Callable[[Path], None]:
    return lambda folder: shutil.copyfile(folder / source, folder / target) and None


def gone(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


def linked(path: str, target: str) -> Callable[[Path], None]:
    def link(folder: Path) -> None:
        (folder / path).unlink()
        (folder / path).symlink_to(folder / target)

    return link


def sparse(folder: Path) -> None:
    path = folder / f"{BRAIN}.nii.gz"
    with path.open("r+b") as file:
        file.truncate(50_000_000)


def piped(folder: Path) -> None:
    os.mkfifo(folder / PERSON / "pipe")


REFUSED: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a scan lost": (gone(f"{BRAIN}.nii.gz"), "is listed in its scans.tsv and is not in the tree", "T1w.nii.gz"),
    "a sidecar lost": (gone(f"{BRAIN}.json"), "has no sidecar beside it", "T1w.nii.gz"),
    "a table lost": (gone(TABLE), "is not listed in its scans.tsv", "T1w.nii.gz"),
    "participants lost": (gone("participants.tsv"), "is missing", "participants.tsv"),
    "description lost": (gone("dataset_description.json"), "is missing", "dataset_description.json"),
    "a person lost": (lambda f: shutil.rmtree(f / "sub-NOV02"), "has no scans in the tree", "sub-NOV02"),
    "a person not listed": (
        edit("participants.tsv", lambda c: c.replace(b"sub-NOV02\tX-NOV02\n", b"")),
        "is not listed in participants.tsv",
        "sub-NOV02",
    ),
    "somebody twice": (
        edit("participants.tsv", lambda c: c + b"sub-NOV02\tX-9\n"),
        "lists somebody twice",
        "participants",
    ),
    "one patient, two labels": (
        edit("participants.tsv", lambda c: c.replace(b"X-NOV02", b"X-MAR01")),
        "lists somebody twice",
        "participants",
    ),
    "names in participants": (
        edit("participants.tsv", lambda c: c.replace(b"\n", b"\tMaria\n").replace(b"\tMaria", b"\tname", 1)),
        "has a column beside participant_id and patient_id",
        "participants.tsv",
    ),
    "a table cut short": (edit(TABLE, lambda c: c[:-12]), "acq_time must be n/a or a day", "scans.tsv"),
    "a row cut short": (edit(TABLE, lambda c: c[:-21]), "more or fewer values", "scans.tsv"),
    "a time of day": (edit(TABLE, lambda c: c.replace(b"00:00:00", b"10:12:53")), "without a time of day", "scans.tsv"),
    "an operator": (
        edit(TABLE, lambda c: c.replace(b"acq_time", b"operator")),
        "has a column beside filename and acq_time",
        "scans.tsv",
    ),
    "an unknown entity": (
        copied(f"{BRAIN}.nii.gz", f"{PERSON}/anat/sub-MAR01_ses-20150301_name-novak_T1w.nii.gz"),
        "is no file of an anatomical BIDS tree",
        "name-novak",
    ),
    "an unknown modality": (
        copied(f"{BRAIN}.nii.gz", f"{PERSON}/anat/sub-MAR01_ses-20150301_acq-brain_SWI.nii.gz"),
        "is no file of an anatomical BIDS tree",
        "SWI",
    ),
    "DICOM": (extra(f"{PERSON}/anat/I0001.dcm"), "is no file of an anatomical BIDS tree", "I0001.dcm"),
    "a hidden file": (extra(".DS_Store"), "is no file of an anatomical BIDS tree", ".DS_Store"),
    "hidden from the validator": (extra(".bidsignore", b"SYNTHETIC\nsub-*\n"), "hides more than", ".bidsignore"),
    "both forms": (extra(f"{BRAIN}.nii"), "is there both as .nii and as .nii.gz", "T1w.nii"),
    "a link": (linked(f"{BRAIN}.nii.gz", f"{OTHER}.nii.gz"), "is a link, pipe or device", "T1w.nii.gz"),
    "a pipe": (piped, "is a link, pipe or device", "pipe"),
    "a sparse file": (sparse, "is sparse", "T1w.nii.gz"),
    "another's scan": (copied(f"{OTHER}.nii.gz", f"{BRAIN}.nii.gz"), "same voxels as a scan of another", "MAR01"),
    "a field": (fields(f"{BRAIN}.json", PatientName="x"), "the field PatientName is not on the list", "T1w.json"),
    "defacing unknown": (fields(f"{BRAIN}.json", Defaced="unknown"), "whether the face was removed is unknown", "json"),
    "no region": (fields(f"{BRAIN}.json", BodyPart="KNEE"), "BodyPart must say BRAIN or SPINE", "T1w.json"),
    "a scan cut short": (edit(f"{BRAIN}.nii.gz", lambda c: c[:-40]), "is cut short", "T1w.nii.gz"),
    "an empty scan": (edit(f"{BRAIN}.nii.gz", lambda c: b""), "is not gzip", "T1w.nii.gz"),
    "a derivative": (fields("dataset_description.json", DatasetType="derivative"), "another type than raw", "dataset"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_delivery_is_refused(case: str, delivery: Path, tmp_path: Path) -> None:
    spoil, rule, file = REFUSED[case]
    take_in(delivery, tmp_path / "before")
    spoil(delivery)
    with pytest.raises(DataRejected) as refused:
        take_in(delivery, tmp_path / "imaging")
    found = [finding for finding in refused.value.report.findings if rule in finding.rule]
    assert any(file in str(violation.value) for finding in found for violation in finding.first)
    assert not (tmp_path / "imaging").exists()


def test_all_reasons_are_given_at_once_with_the_number_of_the_file(delivery: Path, tmp_path: Path) -> None:
    cases = ("a field", "a time of day", "hidden from the validator", "DICOM", "names in participants")
    for case in cases:
        REFUSED[case][0](delivery)
    with pytest.raises(DataRejected) as refused:
        take_in(delivery, tmp_path / "imaging")
    rules = {finding.rule for finding in refused.value.report.findings}
    for case in cases:
        assert any(REFUSED[case][1] in rule for rule in rules)
    (dicom,) = [f for f in refused.value.report.findings if f.first and f.first[0].value == "I0001.dcm"]
    paths = sorted(path.relative_to(delivery).as_posix() for path in delivery.rglob("*") if path.is_file())
    assert paths[dicom.first[0].row - 1].endswith("I0001.dcm")


def test_a_refusal_quotes_no_value(delivery: Path, tmp_path: Path) -> None:
    fields(f"{BRAIN}.json", **{"Maria Novak": "1.3.1980", "Manufacturer": "Maria Novak"})(delivery)
    with pytest.raises(DataRejected) as refused:
        take_in(delivery, tmp_path / "imaging")
    assert "Novak" not in str(refused.value)


def test_the_vault_is_as_it_was_after_a_refusal(delivery: Path, tmp_path: Path) -> None:
    first = take_in(delivery, tmp_path / "1")
    before = _everything(tmp_path / "1")
    REFUSED["a field"][0](delivery)
    earlier = earlier_edition(tmp_path / "1", first.manifest_sha256)
    with pytest.raises(DataRejected):
        take_in(delivery, tmp_path / "2", earlier=earlier)
    assert _everything(tmp_path / "1") == before


def _everything(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode, path.stat().st_nlink)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_without_the_check_one_person_has_anothers_scan(
    delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where space is told differently: the voxels alone are compared."""
    REFUSED["another's scan"][0](delivery)
    read = checks.check_scan((delivery / f"{OTHER}.nii.gz").read_bytes(), compressed=True)
    moved = read.header[:268] + b"\0\0\x80\x3f" + read.header[272:]
    (delivery / f"{BRAIN}.nii.gz").write_bytes(compress(moved + read.voxels))
    with pytest.raises(DataRejected, match="another person"):
        take_in(delivery, tmp_path / "imaging")
    monkeypatch.setattr("data_catalog.imaging.ingest._check_people", lambda read, problems: None)
    taken = take_in(delivery, tmp_path / "imaging")
    owners = {entry.voxels_sha256: set[str]() for entry in taken.entries}
    for entry in taken.entries:
        owners[entry.voxels_sha256].add(entry.patient_id)
    assert {"X-MAR01", "X-NOV02"} in owners.values()


def test_a_later_edition_shares_what_has_not_changed(
    delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = take_in(delivery, tmp_path / "1")
    earlier = earlier_edition(tmp_path / "1", first.manifest_sha256)
    read = checks.check_scan((delivery / f"{BRAIN}.nii.gz").read_bytes(), compressed=True)
    (delivery / f"{BRAIN}.nii.gz").write_bytes(compress(read.header + read.voxels, 9))
    monkeypatch.setattr("data_catalog.imaging.normalise.compress", lambda content: pytest.fail("compressed again"))
    second = take_in(delivery, tmp_path / "2", earlier=earlier)
    assert second == first
    for entry in second.entries:
        assert (tmp_path / "1" / entry.path).samefile(tmp_path / "2" / entry.path)
    shutil.rmtree(tmp_path / "1")
    assert verify_imaging(tmp_path / "2", second.manifest_sha256)


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_earlier_edition_is_not_shared(damage: str, delivery: Path, tmp_path: Path) -> None:
    first = take_in(delivery, tmp_path / "1")
    path = tmp_path / "1" / first.entries[0].path
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"!") if damage == "changed" else path.unlink()
    with pytest.raises(EditionBroken):
        take_in(delivery, tmp_path / "2", earlier=earlier_edition(tmp_path / "1", first.manifest_sha256))
    with pytest.raises(EditionBroken, match="missing or was changed"):
        verify_imaging(tmp_path / "1", first.manifest_sha256)
    assert not (tmp_path / "2").exists()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "manifest.json was changed": lambda folder: (folder / "manifest.json").write_bytes(b"{}"),
    "manifest.json can not be read": lambda folder: (folder / "manifest.json").unlink(),
    "scans.parquet is missing or was changed": lambda folder: (folder / "scans.parquet").unlink(),
    "objects/note does not belong there": lambda folder: (folder / "objects" / "note").write_text("x"),
}


@pytest.mark.parametrize("words", DAMAGE)
def test_damage_is_found(words: str, delivery: Path, tmp_path: Path) -> None:
    taken = take_in(delivery, tmp_path / "imaging")
    DAMAGE[words](tmp_path / "imaging")
    with pytest.raises(EditionBroken, match=words):
        verify_imaging(tmp_path / "imaging", taken.manifest_sha256)
    if "objects" not in words:
        with pytest.raises(EditionBroken, match=words):
            read_index(tmp_path / "imaging", taken.manifest_sha256)


def test_dates_are_days(delivery: Path, tmp_path: Path) -> None:
    dates = {entry.scan_date for entry in take_in(delivery, tmp_path / "imaging").entries}
    assert dates == {date(2015, 3, 1), date(2014, 1, 5), date(2016, 6, 7), None}
