"""A path is a scan's only if every part of it is as BIDS says."""

import pytest

from data_catalog.imaging.names import MODALITIES, REGIONS, is_scans_tsv, parse_scan, scan_stem

SCANS = {
    "sub-01/anat/sub-01_T1w.nii.gz": "t1w",
    "sub-01/ses-a/anat/sub-01_ses-a_T2w.nii": "t2w",
    "sub-01/ses-a/anat/sub-01_ses-a_acq-cord_run-2_PDw.nii.gz": "pdw",
    "sub-01/ses-a/anat/sub-01_ses-a_ce-gadolinium_rec-x_T1w.json": "t1w_gd",
    "sub-01/anat/sub-01_FLAIR.nii.gz": "flair",
}

OTHERS = [
    "sub-01/anat/sub-02_T1w.nii.gz",
    "sub-01/ses-a/anat/sub-01_ses-b_T1w.nii.gz",
    "sub-01/ses-a/anat/sub-01_T1w.nii.gz",
    "sub-01/anat/sub-01_ses-a_T1w.nii.gz",
    "sub-01/func/sub-01_T1w.nii.gz",
    "sub-01/anat/sub-01_name-smith_T1w.nii.gz",
    "sub-01/anat/sub-01_run-1_acq-x_T1w.nii.gz",
    "sub-01/anat/sub-01_run-one_T1w.nii.gz",
    "sub-01/anat/sub-01_bold.nii.gz",
    "sub-01/anat/sub-01_ce-iron_T1w.nii.gz",
    "sub-01/anat/sub-01_ce-gadolinium_T2w.nii.gz",
    "sub-0 1/anat/sub-0 1_T1w.nii.gz",
    "sub-01/anat/sub-01_T1w.nii.gz\n",
    "sub-01/anat/sub-01_T1w.mgz",
    "anat/sub-01_T1w.nii.gz",
]


@pytest.mark.parametrize(("path", "modality"), SCANS.items())
def test_a_scan(path: str, modality: str) -> None:
    scan = parse_scan(path)
    assert scan is not None
    assert scan.modality == modality
    assert scan.sidecar == path.partition(".")[0] + ".json"


@pytest.mark.parametrize("path", OTHERS)
def test_no_scan(path: str) -> None:
    assert parse_scan(path) is None


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("session", ["", "01"])
def test_a_name_that_is_given_can_be_read(region: str, modality: str, session: str) -> None:
    stem = scan_stem("P1", session, region, modality, run=3)
    folder = f"sub-P1/ses-{session}" if session else "sub-P1"
    scan = parse_scan(f"{folder}/anat/{stem}.nii.gz")
    assert scan is not None
    assert (scan.stem, scan.person, scan.session, scan.modality) == (stem, "P1", session, modality)
    assert is_scans_tsv(scan.scans_tsv)


def test_a_table_of_another_session_is_none() -> None:
    assert not is_scans_tsv("sub-01/ses-a/sub-01_ses-b_scans.tsv")
    assert not is_scans_tsv("sub-01/ses-a/sub-01_scans.tsv")
