"""The document on imaging says what the code does, and the benchmark runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from data_catalog.imaging.checks import LARGEST_RATIO, LARGEST_SCAN
from data_catalog.imaging.names import BODY_PARTS, MODALITIES, REGIONS
from data_catalog.imaging.nifti import TEXTS
from data_catalog.imaging.sidecars import LARGEST_SIDECAR, allowed
from data_catalog.imaging.tree import PARTICIPANT_COLUMNS, SCAN_COLUMNS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "imaging.md").read_text(encoding="utf-8")
WORDS = {*allowed().fields, *MODALITIES, *REGIONS, *BODY_PARTS, *TEXTS, *PARTICIPANT_COLUMNS, *SCAN_COLUMNS}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_field_and_code_is_in_the_document(word: str) -> None:
    assert f"`{word}`" in TEXT


def test_the_limits_are_those_of_the_code() -> None:
    assert f"more than {LARGEST_SCAN:,} bytes of voxels; growing more than {LARGEST_RATIO} times" in TEXT
    assert f"more than {LARGEST_SIDECAR:,} bytes" in TEXT


def test_the_benchmark_runs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.imaging", "--scans", "12", "--pairs", "1", "--folder", str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "(at most 2)" in said
    assert list(tmp_path.iterdir()) == []
