"""Synthetic sources stand in where the real ones are not: of the same shape, with the same faults, and labelled."""

import csv
from pathlib import Path

import pytest

from core.database import Database
from core.errors import NotFound
from core.people.models import Person
from core.settings import Settings
from data_catalog.models import DATASETS
from data_catalog.service import edition, ingest_dataset
from data_catalog.synthetic import is_synthetic, write_synthetic_sources


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("dataset_id", ["cis_cohort", "edss_visits"])
def test_they_keep_to_the_declaration_and_the_label_stays(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, dataset_id: str
) -> None:
    write_synthetic_sources(dataset_id, tmp_path / dataset_id)
    manifest = ingest_dataset(
        database, settings, people["dana"], DATASETS / f"{dataset_id}.toml", tmp_path / dataset_id, synthetic=False
    )
    assert manifest.synthetic, "the folder says so itself, whatever the caller says"
    assert edition(database, dataset_id).synthetic


def test_the_cohort_has_the_size_and_the_faults_of_the_real_one(tmp_path: Path) -> None:
    write_synthetic_sources("cis_cohort", tmp_path)
    cohort = rows(tmp_path / "cis_cohort.csv")
    assert len(cohort) == 273
    assert [sum(row[column] == "" for row in cohort) for column in ("Schooling", "Initial_Symptom")] == [1, 1]
    assert all(row["Schooling"] in ("", f"{float(row['Schooling'] or 0)}") for row in cohort)
    assert all((row["Initial_EDSS"] == "") == (row["group"] == "2") for row in cohort)


def test_an_analysis_finds_what_the_demo_shows(tmp_path: Path) -> None:
    """No cell of the 2×2 of conversion by spinal cord lesions is small, and lesions go with conversion."""
    write_synthetic_sources("cis_cohort", tmp_path)
    cells = {(spinal, group): 0 for spinal in "01" for group in "12"}
    for row in rows(tmp_path / "cis_cohort.csv"):
        cells[row["Spinal_Cord_MRI"], row["group"]] += 1
    assert min(cells.values()) >= 10
    assert cells["1", "1"] * cells["0", "2"] > cells["1", "2"] * cells["0", "1"]


def test_visits_have_identifiers_with_spaces_and_a_column_that_is_empty_for_some(tmp_path: Path) -> None:
    write_synthetic_sources("edss_visits", tmp_path)
    visits = rows(tmp_path / "visits.csv")
    assert {row["ID"][:4] for row in visits} == {"ipt "}
    walkers = {row["ID"] for row in visits if row["FSamb"]}
    assert walkers < {row["ID"] for row in visits}


def test_a_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_synthetic_sources("cis_cohort", tmp_path / name, seed=seed)
    a, b, c = ((tmp_path / name / "cis_cohort.csv").read_bytes() for name in "abc")
    assert a == b != c


def test_only_what_is_drawn_is_labelled(tmp_path: Path) -> None:
    assert not is_synthetic(tmp_path)
    write_synthetic_sources("edss_visits", tmp_path)
    assert is_synthetic(tmp_path)


def test_a_dataset_without_a_generator_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no synthetic clinic"):
        write_synthetic_sources("clinic", tmp_path)
