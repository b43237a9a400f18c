"""Views are made in the real image, which sees one folder and no network; what fails there is told here."""

import json
from pathlib import Path

import duckdb
import pytest

from core.settings import Settings
from hub import views
from hub.engine import engine
from hub.errors import EngineUnavailable, ViewsFailed
from hub.views import make_views


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A cut of one table of two rows, without its views."""
    folder = tmp_path / "cut"
    (folder / "cohort").mkdir(parents=True)
    parquet = folder / "cohort" / "patients.parquet"
    duckdb.sql(f"COPY (SELECT 'P' || i AS pseudonym, i AS age FROM range(2) t(i)) TO '{parquet}'")
    age = {"name": "age", "label": "Age", "type": "integer", "unit": "years", "codes": {}, "description": ""}
    table = {"dataset": "cohort", "table": "patients", "label": "Patients", "rows": 2}
    tables = [{**table, "variables": [{**age, "sensitivity": "quasi_identifier"}]}]
    (folder / "dictionary.json").write_text(json.dumps({"project": "study", "synthetic": True, "tables": tables}))
    (folder / "manifest.json").write_text(json.dumps({"files": [{"path": "cohort/patients.parquet"}]}))
    return folder


def test_views_hold_the_path_the_container_has(cut: Path, settings: Settings) -> None:
    make_views(settings, cut)
    with duckdb.connect(str(cut / "project.duckdb"), read_only=True) as connection:
        ((sql,),) = connection.execute("SELECT sql FROM duckdb_views() WHERE schema_name = 'cohort'").fetchall()
    assert "/data/cohort/patients.parquet" in sql


def test_a_cut_that_is_not_in_order_is_refused_by_name(cut: Path, settings: Settings) -> None:
    (cut / "cohort" / "patients.parquet").unlink()
    with pytest.raises(ViewsFailed, match=r"The dictionary and the folder differ in cohort/patients\.parquet"):
        make_views(settings, cut)


def test_a_missing_image_is_told(cut: Path) -> None:
    settings = Settings(mode="demo", notebook_image="myelin-test/none:latest")
    with pytest.raises(ViewsFailed, match="make image"):
        make_views(settings, cut)


def test_it_runs_without_network_rights_or_any_other_folder(cut: Path) -> None:
    options = " ".join(views._confined(cut))
    for wall in ("--network none", "--read-only", "--cap-drop ALL", "no-new-privileges:true", "--pids-limit"):
        assert wall in options
    assert options.count("--mount") == 1


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(EngineUnavailable, match="Is its daemon running"), engine():
        pass
