"""Synthetic scans say so, and no two are the same."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidInput
from data_catalog.imaging.synthetic import write_scans
from data_catalog.synthetic import is_synthetic
from tests.data_catalog.imaging.conftest import SCANS


def test_the_tree_says_it_is_synthetic(delivery: Path) -> None:
    assert is_synthetic(delivery)
    assert "Synthetic" in json.loads((delivery / "dataset_description.json").read_text())["Name"]
    assert "synthetic" in (delivery / "README").read_text()


def test_every_scan_is_its_own_and_comes_out_the_same_again(delivery: Path, tmp_path: Path) -> None:
    told: list[int] = []
    assert write_scans(reversed(SCANS), tmp_path / "again", told.append) == len(SCANS)
    scans = sorted(delivery.rglob("*.nii.gz"))
    assert len({hashlib.sha256(path.read_bytes()).digest() for path in scans}) == len(SCANS)
    for path in delivery.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(delivery)).read_bytes()
    assert told == []


def test_a_scan_listed_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        write_scans([SCANS[0], SCANS[0]], tmp_path / "scans")


@pytest.mark.parametrize("changed", [{"scan": "sub-MAR01_ses-1_bold"}, {"modality": "t2w"}, {"scan": "sub-1_x_T1w"}])
def test_a_stem_that_says_something_else_is_refused(changed: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        write_scans([replace(SCANS[0], **changed)], tmp_path / "scans")
