"""The synthetic twin: shaped like the cut, made without the data, and nobody in it."""

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.cdm import cdm_table
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import read_manifest
from data_catalog.imaging.checks import check_scan
from data_catalog.imaging.names import ScanKinds
from data_catalog.published.service import publish_numbers, published_numbers
from data_catalog.service import edition
from data_catalog.synthetic import LABEL
from data_catalog.twin import MOST_ROWS, TwinTable, make_twin, twin_table
from tests.support.catalog import ON_ONE_ENGINE, empty_views
from tests.support.registries import publish_trials

APPROVED = {
    "patient": ("arm", "sex", "birth_date", "course", "country"),
    "visit": ("visit_date", "edss", "fs_visual"),
    "mri": ("region", "t2_lesions", "t2_volume"),
}

pytestmark = ON_ONE_ENGINE


@pytest.fixture
def trials(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Database:
    publish_trials(database, settings, people["dana"], tmp_path / "made")
    publish_numbers(database, settings, people["dana"], "ms_cidr")
    return database


@pytest.fixture
def tables(trials: Database) -> tuple[TwinTable, ...]:
    found = edition(trials, "ms_cidr")
    numbers = published_numbers(trials, found)
    return tuple(
        TwinTable("ms_cidr", table, tuple(v for v in table.variables if v.name in APPROVED[table.name]), numbers)
        for table in found.declaration.tables
    )


def test_it_has_the_tables_columns_and_types_of_the_cut(
    trials: Database, settings: Settings, tables: tuple[TwinTable, ...], tmp_path: Path
) -> None:
    found = edition(trials, "ms_cidr")
    manifest, folder = read_manifest(settings, found), found.folder(settings)
    chosen = tuple(
        CutTable(found.declaration, manifest, found.manifest_sha256, folder, name, APPROVED[name]) for name in APPROVED
    )
    for name in ("cut", "work"):
        (tmp_path / name).mkdir()
    request = CutRequest("p", 1, trials.clock(), b"k" * 32, chosen)
    make_cut(request, tmp_path / "cut", tmp_path / "work", empty_views)
    for table in tables:
        real, made = pq.read_schema(tmp_path / "cut" / f"{table.path}.parquet"), twin_table(table).schema
        # Whether a column has a missing value stands in the cut's file, and would be told by the twin's.
        assert [(field.name, field.type) for field in made] == [(field.name, field.type) for field in real]


def test_it_is_made_without_the_vault(
    settings: Settings, tables: tuple[TwinTable, ...], trials: Database, people: dict[str, Person]
) -> None:
    shutil.rmtree(settings.vault)
    assert make_twin(tables) == make_twin(tables)


def test_where_scans_go_along_every_file_a_row_names_is_there_and_is_noise(trials: Database) -> None:
    found, table = edition(trials, "ms_cidr"), cdm_table("imaging")
    kinds = ScanKinds.model_validate({"regions": ["spinal_cord"], "modalities": ["t2w"]})
    for names in (("region", "modality"), ("scan_date",)):
        variables = tuple(v for v in table.variables if v.name in names)
        twin = TwinTable("ms_cidr", table, variables, published_numbers(trials, found), kinds)
        made = twin_table(twin).to_pylist()
        files = {row["scan_file"] for row in made if row["scan_file"]}
        with zipfile.ZipFile(io.BytesIO(make_twin([twin]))) as archive:
            scans = {name for name in archive.namelist() if name.endswith(".nii.gz")}
            assert files == scans
            assert check_scan(archive.read(min(scans)), compressed=True).problems == ()
        if "region" in names:
            of_kind = [row for row in made if (row["region"], row["modality"]) == ("spinal_cord", "t2w")]
            assert len(files) == len(of_kind) < len(made)
            assert all(f"/sub-{row['pseudonym']}/" in row["scan_file"] for row in of_kind)


def test_every_value_is_one_the_declaration_allows(tables: tuple[TwinTable, ...]) -> None:
    for table in tables:
        made = twin_table(table)
        for variable in table.variables:
            values = [value for value in made[variable.name].to_pylist() if value is not None]
            if variable.codes:
                assert set(values) <= set(variable.codes)
            if variable.maximum is not None and values:
                assert variable.minimum <= min(values) <= max(values) <= variable.maximum
            if variable.step:
                assert all(not value % variable.step for value in values)
            assert not set(values) & set(variable.never)
            assert variable.may_be_missing or len(values) == made.num_rows


def test_shares_are_those_published(tables: tuple[TwinTable, ...]) -> None:
    patients, visits, _ = map(twin_table, tables)
    women = patients["sex"].to_pylist().count("female") / patients.num_rows
    assert 0.55 < women < 0.78
    missing = visits["edss"].null_count / visits.num_rows
    assert 0.10 < missing < 0.19
    assert (patients.num_rows, patients["pseudonym"].to_pylist()) == (
        400,
        sorted(set(patients["pseudonym"].to_pylist())),
    )
    assert 1300 < visits.num_rows <= MOST_ROWS


def test_it_says_what_it_is_wherever_one_looks(tables: tuple[TwinTable, ...]) -> None:
    archive = zipfile.ZipFile(io.BytesIO(make_twin(tables)))
    assert "describe nobody" in archive.read(LABEL).decode()
    dictionary = json.loads(archive.read("dictionary.json"))
    assert (dictionary["synthetic"], dictionary["twin"]) == (True, True)
    patients = {v["name"]: v for v in dictionary["tables"][0]["variables"]}
    assert (patients["arm"]["unblinds"], "unblinds" in patients["sex"]) == ("hint", False)
    assert pq.read_schema(pa.BufferReader(archive.read("ms_cidr/visit.parquet"))).metadata[b"label"] == LABEL.encode()
    rows = list(csv.DictReader(io.StringIO(archive.read("ms_cidr/patient.csv").decode())))
    assert all(row["pseudonym"].startswith("PSYNTHETIC") for row in rows)
    assert all(row["country"].startswith("synthetic") for row in rows if row["country"])


def test_before_anything_is_published_it_is_made_from_the_dictionary(tables: tuple[TwinTable, ...]) -> None:
    bare = [TwinTable(one.dataset, one.table, one.variables, ()) for one in tables]
    assert all(twin_table(table).num_rows >= 100 for table in bare)
