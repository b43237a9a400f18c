"""The benchmark runs on a small registry, and what it compares are the same events."""

import re
from functools import partial
from pathlib import Path

import pytest

from benchmarks.endpoints import SHARED, compare, ours, published
from benchmarks.harness import run_once
from data_catalog.synthetic import LABEL


def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MYELIN_BENCHMARKS", str(tmp_path))
    sources = published(40)
    assert (tmp_path / "endpoints-40" / LABEL).exists()
    whole = run_once(partial(ours, sources=sources, only=SHARED))
    assert whole.rows == 40 * len(SHARED)
    compare(sources, 40, [whole], size=4, rounds=1)
    said = capsys.readouterr().out
    assert re.search(rf"{len(SHARED)} endpoints of 4 of these people: ([1-9][0-9]*) of \1 events are the same", said)
    assert "For 40 people: pymsprog" in said
