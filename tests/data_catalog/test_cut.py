"""A cut: approved variables of approved rows under the project's own pseudonyms, sorted by them, with proof."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from core.database import Database
from core.errors import IntegrityBroken, InvalidInput
from core.files import sha256_file
from core.people.models import Person
from core.settings import Settings
from data_catalog.cut import CutManifest, make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import check_files
from data_catalog.errors import FilterRefused
from data_catalog.models import DATASETS
from data_catalog.pseudonyms import pseudonym
from data_catalog.service import edition, ingest_dataset
from data_catalog.synthetic import write_synthetic_sources
from tests.support.catalog import ON_ONE_ENGINE, empty_views

pytestmark = ON_ONE_ENGINE

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))

Cut = Callable[..., tuple[Path, CutManifest]]


@pytest.fixture
def request_(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> CutRequest:
    """A cut of some variables of the cohort's adults, and of two of the visits."""
    tables = []
    for dataset_id, table_id, variables, row_filter in (
        ("cis_cohort", "patients", ("converted", "gender", "age", "initial_edss"), "age >= 18"),
        ("edss_visits", "visits", ("edss", "visit_date"), ""),
    ):
        write_synthetic_sources(dataset_id, tmp_path / dataset_id)
        ingest_dataset(database, settings, people["dana"], DATASETS / f"{dataset_id}.toml", tmp_path / dataset_id)
        found = edition(database, dataset_id)
        tables.append(
            CutTable(
                declaration=found.declaration,
                manifest=check_files(settings, found),
                manifest_sha256=found.manifest_sha256,
                folder=found.folder(settings),
                table_id=table_id,
                variables=variables,
                row_filter=row_filter,
            )
        )
    return CutRequest("cis-spinal", 1, datetime(2026, 6, 1, tzinfo=UTC), KEY, tuple(tables))


@pytest.fixture
def cut(tmp_path: Path) -> Cut:
    """Make a cut into a folder of its own."""

    def make(request: CutRequest, name: str = "cut") -> tuple[Path, CutManifest]:
        folder, work = tmp_path / name, tmp_path / f"{name}-work"
        folder.mkdir()
        work.mkdir()
        return folder, make_cut(request, folder, work, empty_views)

    return make


def read(path: Path) -> list[tuple[object, ...]]:
    return duckdb.sql(f"FROM read_parquet('{path}')").fetchall()


def test_it_has_the_pseudonym_and_the_approved_variables_in_declared_order(cut: Cut, request_: CutRequest) -> None:
    folder, _ = cut(request_)
    patients = pq.ParquetFile(folder / "cis_cohort" / "patients.parquet")
    assert patients.schema.names == ["pseudonym", "gender", "age", "initial_edss", "converted"]
    assert pq.ParquetFile(folder / "edss_visits" / "visits.parquet").schema.names == ["pseudonym", "visit_date", "edss"]


def test_it_has_the_filtered_rows_and_their_values(cut: Cut, request_: CutRequest) -> None:
    folder, _ = cut(request_)
    columns = "gender, age, initial_edss, converted"
    vault = request_.tables[0].folder / "patients.parquet"
    expected = duckdb.sql(f"SELECT patient_id, {columns} FROM read_parquet('{vault}') WHERE age >= 18").fetchall()
    of_patient = {(pseudonym(KEY, "cis_cohort", str(row[0])), *row[1:]) for row in expected}
    kept = read(folder / "cis_cohort" / "patients.parquet")
    assert set(kept) == of_patient
    assert len(kept) == len(expected) < 273


def test_every_visit_of_a_person_has_the_same_pseudonym(cut: Cut, request_: CutRequest) -> None:
    folder, _ = cut(request_)
    path, vault = folder / "edss_visits" / "visits.parquet", request_.tables[1].folder / "visits.parquet"
    visits = [
        duckdb.sql(f"SELECT count(*) AS n FROM read_parquet('{file}') GROUP BY {person} ORDER BY n").fetchall()
        for file, person in ((path, "pseudonym"), (vault, "patient_id"))
    ]
    assert visits[0] == visits[1]


def test_it_is_sorted_by_pseudonym_and_then_by_date(cut: Cut, request_: CutRequest) -> None:
    folder, _ = cut(request_)
    path = folder / "edss_visits" / "visits.parquet"
    ordered = duckdb.sql(f"FROM read_parquet('{path}') ORDER BY pseudonym, visit_date, edss").fetchall()
    assert read(path) == ordered


def test_two_projects_can_not_be_linked_by_pseudonym_or_order(cut: Cut, request_: CutRequest) -> None:
    everything = request_.tables[0].table.approvable
    whole = replace(request_, tables=(replace(request_.tables[0], variables=everything, row_filter=""),))
    mine, _ = cut(whole, "mine")
    other, _ = cut(replace(whole, key=OTHER_KEY, project_id="other"), "other")
    rows = [read(folder / "cis_cohort" / "patients.parquet") for folder in (mine, other)]
    assert not {row[0] for row in rows[0]} & {row[0] for row in rows[1]}
    same_place = sum(a[1:] == b[1:] for a, b in zip(*rows, strict=True))
    assert same_place < len(rows[0]) / 20


@pytest.mark.parametrize("variables", [("edss", "visit_date"), ("edss", "visual")], ids=["dates", "no dates"])
def test_the_order_of_the_source_changes_nothing(
    cut: Cut, request_: CutRequest, tmp_path: Path, variables: tuple[str, ...]
) -> None:
    table = replace(request_.tables[1], variables=variables)
    turned = tmp_path / "turned"
    turned.mkdir()
    source = table.folder / "visits.parquet"
    duckdb.sql(f"FROM read_parquet('{source}') ORDER BY hash(edss, visit_date)").write_parquet(
        str(turned / "visits.parquet")
    )
    straight, _ = cut(replace(request_, tables=(table,)), "straight")
    shuffled, _ = cut(replace(request_, tables=(replace(table, folder=turned),)), "shuffled")
    paths = [folder / "edss_visits" / "visits.parquet" for folder in (straight, shuffled)]
    assert read(paths[0]) == read(paths[1])


def test_a_cut_with_variables_added_has_the_same_rows_under_the_same_pseudonyms(cut: Cut, request_: CutRequest) -> None:
    amended = replace(request_.tables[0], variables=(*request_.tables[0].variables, "spinal_cord_mri"))
    before, _ = cut(request_, "before")
    after, _ = cut(replace(request_, number=2, tables=(amended, request_.tables[1])), "after")
    paths = [folder / "cis_cohort" / "patients.parquet" for folder in (before, after)]
    assert "spinal_cord_mri" in pq.ParquetFile(paths[1]).schema.names
    kept = "SELECT pseudonym, gender, age, initial_edss, converted"
    rows = [duckdb.sql(f"{kept} FROM '{path}' ORDER BY ALL").fetchall() for path in paths]
    assert rows[0] == rows[1]


def test_the_dictionary_describes_what_is_there_and_nothing_else(cut: Cut, request_: CutRequest) -> None:
    folder, _ = cut(request_)
    dictionary = json.loads((folder / "dictionary.json").read_text())
    assert (dictionary["project"], dictionary["synthetic"]) == ("cis-spinal", True)
    patients, visits = dictionary["tables"]
    assert (patients["dataset"], patients["table"]) == ("cis_cohort", "patients")
    assert patients["rows"] == len(read(folder / "cis_cohort" / "patients.parquet"))
    assert [variable["name"] for variable in visits["variables"]] == ["pseudonym", "visit_date", "edss"]
    assert patients["variables"][1] == {
        "name": "gender",
        "label": "Gender",
        "type": "code",
        "unit": "",
        "codes": {"1": "male", "2": "female"},
        "description": "",
        "sensitivity": "quasi-identifier",
    }
    assert "chooling" not in (folder / "dictionary.json").read_text()


def test_the_manifest_proves_every_file(cut: Cut, request_: CutRequest) -> None:
    folder, manifest = cut(request_)
    assert json.loads((folder / "manifest.json").read_text()) == manifest.content
    assert sha256_file(folder / "manifest.json") == manifest.sha256
    content = manifest.content
    assert {file["path"] for file in content["files"]} == {
        "cis_cohort/patients.parquet",
        "edss_visits/visits.parquet",
        "dictionary.json",
        "project.duckdb",
    }
    for file in content["files"]:
        assert (file["sha256"], file["bytes"]) == (
            sha256_file(folder / file["path"]),
            (folder / file["path"]).stat().st_size,
        )
    assert content["editions"]["cis_cohort"] == {
        "number": 1,
        "manifest_sha256": request_.tables[0].manifest_sha256,
    }
    assert content["row_filter"] == {"cis_cohort.patients": "age >= 18", "edss_visits.visits": ""}
    assert content["variables"]["edss_visits.visits"] == ["visit_date", "edss"]
    assert (content["project"], content["cut"], content["synthetic"]) == ("cis-spinal", 1, True)


def test_one_synthetic_table_makes_the_cut_synthetic(request_: CutRequest) -> None:
    real = replace(request_.tables[0], manifest=request_.tables[0].manifest.model_copy(update={"synthetic": False}))
    assert replace(request_, tables=(real, request_.tables[1])).synthetic
    assert not replace(request_, tables=(real,)).synthetic


def test_its_files_are_readable_and_no_more(cut: Cut, request_: CutRequest) -> None:
    folder, _ = cut(request_)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o444}


def test_nothing_of_how_it_was_made_is_in_the_parquet(cut: Cut, request_: CutRequest, tmp_path: Path) -> None:
    """No path, no query, no filter, no name of a source column: only the columns' names and the writer's."""
    folder, _ = cut(request_)
    metadata = pq.ParquetFile(folder / "cis_cohort" / "patients.parquet").metadata
    assert metadata.metadata is None
    assert metadata.created_by.startswith("DuckDB version")
    content = (folder / "cis_cohort" / "patients.parquet").read_bytes()
    for told in (str(tmp_path), "patient_id", "_person", "_source", "schooling", "Gender"):
        assert told.encode() not in content


def test_the_key_is_not_shown_where_a_request_is_printed(request_: CutRequest) -> None:
    assert repr(KEY) not in repr(request_)


REFUSED = {
    "an identifier": ({"variables": ("age", "patient_id")}, InvalidInput, "patient_id is an identifier"),
    "an unknown variable": ({"variables": ("agee",)}, InvalidInput, "did you mean 'age'"),
    "an unknown table": ({"table_id": "patient"}, InvalidInput, "did you mean 'patients'"),
    "a filter that is none": ({"row_filter": "1 = 1"}, FilterRefused, "has no place here"),
}


@pytest.mark.parametrize(("change", "error", "said"), REFUSED.values(), ids=REFUSED)
def test_what_was_approved_by_mistake_is_not_cut(
    cut: Cut, request_: CutRequest, tmp_path: Path, change: dict[str, object], error: type[Exception], said: str
) -> None:
    wrong = replace(request_.tables[0], **change)  # type: ignore[arg-type]
    with pytest.raises(error, match=said):
        cut(replace(request_, tables=(wrong,)))
    assert list((tmp_path / "cut").rglob("*.parquet")) == []


def test_a_file_that_has_no_place_in_a_cut_is_noticed(request_: CutRequest, tmp_path: Path) -> None:
    def untidy_views(folder: Path) -> None:
        empty_views(folder)
        (folder / "project.duckdb.wal").touch()

    for name in ("cut", "work"):
        (tmp_path / name).mkdir()
    with pytest.raises(IntegrityBroken, match=r"project\.duckdb\.wal"):
        make_cut(request_, tmp_path / "cut", tmp_path / "work", untidy_views)


def test_the_mapping_of_people_to_pseudonyms_does_not_stay(cut: Cut, request_: CutRequest, tmp_path: Path) -> None:
    cut(request_)
    assert list((tmp_path / "cut-work").iterdir()) == []
