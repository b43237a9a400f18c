"""The page about the checks names each of them, every kind of file, every status and every threshold."""

from pathlib import Path

import pytest

from egress_review.appetite import Thresholds, load_appetite
from egress_review.checks.drug_comparison import GROUPS, PASSAGE
from egress_review.checks.engine import CHECKS
from egress_review.checks.kinds import KINDS
from egress_review.checks.models import STATUSES

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*CHECKS, "engine"])
def test_every_check_is_described(name: str) -> None:
    assert f"| **{name}** |" in PAGE


def test_how_comparisons_are_looked_for_is_described() -> None:
    assert f"after {PASSAGE} lines" in PAGE
    assert all(word in PAGE.casefold() for word in GROUPS)


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_described(status: str) -> None:
    assert f"| `{status}` |" in PAGE


@pytest.mark.parametrize("threshold", Thresholds.model_fields)
def test_every_threshold_is_there_with_its_default(threshold: str) -> None:
    default = getattr(load_appetite().thresholds, threshold)
    assert f"| `{threshold}` | {str(default).lower()} |" in PAGE


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_of_file_is_listed_with_what_becomes_of_it(kind: object) -> None:
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {kind.handling} |"))  # type: ignore[attr-defined]
    assert kind.label in line  # type: ignore[attr-defined]
