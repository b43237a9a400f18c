"""The thresholds: one file, read whole or refused whole, known by version and hash."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from egress_review.appetite import DEFAULT, AppetiteInvalid, Thresholds, load_appetite, parse_appetite


def written(folder: Path, change: tuple[str, str]) -> Path:
    text = DEFAULT.read_text(encoding="utf-8")
    assert change[0] in text
    path = folder / "appetite.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    return path


def test_the_defaults_are_those_of_the_disclosure_rules() -> None:
    assert load_appetite().thresholds == Thresholds(
        minimum_count=10, minimum_degrees_of_freedom=10, dominance_n=2, dominance_k=0.90, p_percent=0.10,
        zero_is_disclosive=True, survival_step=10, differencing=10, rounding="none",
    )  # fmt: skip


def test_every_threshold_names_its_source() -> None:
    assert set(load_appetite().sources) == set(Thresholds.model_fields)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("minimum_count = 10  ", "minimum_count = 0  "), "thresholds.minimum_count"),
        (("minimum_count = 10  ", 'minimum_count = "10"  '), "thresholds.minimum_count"),
        (("dominance_k = 0.90", "dominance_k = 90"), "thresholds.dominance_k"),
        (("p_percent = 0.10", "p_percnt = 0.10"), "thresholds.p_percent"),
        (('rounding = "none"', 'rounding = "nearest 7"'), "thresholds.rounding"),
        (('version = "2026.1"', 'version = ""'), "version"),
        (('rounding = "disclosure rules of this system"', ""), "no source is given for rounding"),
        (("[sources]", '[sources]\nminimum = "me"'), "a source is given for minimum"),
        (("[thresholds]", "[thresholds"), "can't be read"),
    ],
)
def test_a_file_that_is_wrong_is_refused_and_the_place_is_named(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(AppetiteInvalid, match=complaint):
        load_appetite(written(tmp_path, change))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AppetiteInvalid, match="can't be read"):
        load_appetite(tmp_path / "none.toml")


def test_the_hash_follows_the_content_not_the_way_it_is_written(tmp_path: Path) -> None:
    default = load_appetite()
    assert load_appetite(written(tmp_path, ("# people in a cell", "# persons in a cell"))).sha256 == default.sha256
    assert load_appetite(written(tmp_path, ("minimum_count = 10 ", "minimum_count = 11 "))).sha256 != default.sha256


def test_what_was_recorded_can_be_read_back() -> None:
    default = load_appetite()
    assert parse_appetite(default.model_dump(mode="json")) == default


def test_an_appetite_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_appetite().thresholds.minimum_count = 1
