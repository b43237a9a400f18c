"""The whole way of both resources, small: `make synth-full` at one 200th of its size, the cut's views by Docker."""

import subprocess
import sys
from pathlib import Path

from data_catalog.synth.registries import REGISTRIES

ROOT = Path(__file__).parents[2]


def test_both_resources_go_the_whole_way() -> None:
    command = [sys.executable, "-m", "benchmarks.full", "--share", "0.005"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = said.splitlines()
    published = [line for line in lines if "published numbers" in line]
    assert len(published) == 1 + len(REGISTRIES)
    assert published[0].endswith("66 in patient, 998 in visit, 260 in imaging")
    assert lines[-1].endswith("260 rows in ms_cidr/imaging.parquet; 260 scans")
