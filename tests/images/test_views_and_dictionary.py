"""A cut becomes one file of read-only views that carry the dictionary, whole or not at all."""

import copy
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from myelin.dictionary import read_dictionary, show
from myelin.errors import DataUnavailable
from myelin.make_views import main, make_views
from myelin.memory import database_memory
from myelin.views import open_views
from myelin.workspace import Workspace

from tests.images.cut import DICTIONARY, PEOPLE, write_dictionary


@pytest.fixture
def workspace(cut: Path, tmp_path: Path) -> Workspace:
    make_views(cut)
    return Workspace(data=cut, scratch=tmp_path / "scratch")


def changed(cut: Path, change: Any) -> Path:
    """Change the cut's dictionary in place."""
    dictionary = copy.deepcopy(DICTIONARY)
    change(dictionary["tables"][0])
    write_dictionary(cut, dictionary)
    return cut


def test_each_table_is_a_view(workspace: Workspace) -> None:
    with open_views(workspace) as data:
        assert data.sql("SELECT count(DISTINCT pseudonym) FROM cis_cohort.patients").fetchall() == [(PEOPLE,)]


def test_the_dictionary_is_in_the_comments(workspace: Workspace) -> None:
    with open_views(workspace) as data:
        comments = dict(
            data.sql("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'patients'").fetchall()
        )
        (view,) = data.sql("SELECT comment FROM duckdb_views() WHERE view_name = 'patients'").fetchall()
    assert view == ("One row per patient's first attack",)
    assert comments["age"] == "Age at onset. Unit: years"
    assert comments["spinal_cord_mri"] == (
        "Spinal cord lesions on MRI. Codes: 0 = negative, 1 = positive. First scan; the radiologist's reading"
    )
    assert comments["pseudonym"] == "Pseudonym of the person, this project's own"


def test_names_are_quoted(cut: Path) -> None:
    odd = 'od"d ; name'
    source = cut / "cis_cohort/patients.parquet"
    duckdb.sql(f"SELECT pseudonym, age AS \"{odd.replace(chr(34), chr(34) * 2)}\" FROM '{source}'").write_parquet(
        str(cut / "new")
    )
    (cut / "new").replace(source)
    variable = {"name": odd, "label": "it's odd", "type": "integer", "codes": None}
    assert make_views(changed(cut, lambda table: table.update(variables=[variable]))) == 1


def test_only_the_finished_file_is_left(workspace: Workspace) -> None:
    assert sorted(path.name for path in workspace.data.iterdir()) == [
        "cis_cohort",
        "dictionary.json",
        "manifest.json",
        "project.duckdb",
    ]


def test_making_the_views_again_replaces_them(workspace: Workspace) -> None:
    (workspace.data / "project.duckdb.new").write_bytes(b"left by a run that was killed")
    assert make_views(workspace.data) == 1


def rename(table: dict[str, Any]) -> None:
    table["variables"][0]["name"] = "schooling"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (rename, "age, schooling differ"),
        (lambda table: table["variables"].pop(), "converted differ"),
        (lambda table: table.update(rows=1), "has 240 rows, its dictionary says 1"),
        (lambda table: table.update(table="visits"), "patients.parquet, cis_cohort/visits.parquet"),
        (lambda table: table.pop("label"), "not a data dictionary"),
    ],
)
def test_a_cut_that_is_not_what_its_dictionary_says_gets_no_views(
    cut: Path, change: Any, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(changed(cut, change))]) == 1
    assert says in capsys.readouterr().err
    assert not (cut / "project.duckdb").exists()


def test_a_parquet_file_nobody_described_gets_no_views(cut: Path) -> None:
    (cut / "cis_cohort/extra.parquet").write_bytes((cut / "cis_cohort/patients.parquet").read_bytes())
    with pytest.raises(DataUnavailable, match=r"the folder differ in cis_cohort/extra.parquet"):
        make_views(cut)


@pytest.mark.parametrize("manifest", ["", "{}", json.dumps({"files": [{"path": "cis_cohort/other.parquet"}]})])
def test_a_manifest_that_says_otherwise_gets_no_views(cut: Path, manifest: str) -> None:
    (cut / "manifest.json").write_text(manifest)
    with pytest.raises(DataUnavailable, match="manifest"):
        make_views(cut)


def test_the_views_cannot_be_changed(workspace: Workspace) -> None:
    with open_views(workspace) as data, pytest.raises(duckdb.Error, match="read-only"):
        data.execute("CREATE TABLE cis_cohort.mine AS SELECT 1")


def test_no_extension_is_fetched(workspace: Workspace) -> None:
    names = "('autoinstall_known_extensions', 'autoload_known_extensions', 'allow_community_extensions')"
    with open_views(workspace) as data:
        settings = data.sql(f"SELECT DISTINCT value FROM duckdb_settings() WHERE name IN {names}").fetchall()
    assert settings == [("false",)]


def test_missing_data_say_what_to_do(tmp_path: Path) -> None:
    workspace = Workspace(data=tmp_path)
    with pytest.raises(DataUnavailable, match="Restart your server"):
        open_views(workspace)
    with pytest.raises(DataUnavailable, match="Restart your server"):
        read_dictionary(workspace.dictionary)


def test_the_dictionary_is_searched_by_words(cut: Path) -> None:
    dictionary = read_dictionary(cut / "dictionary.json")
    names = [row["variable"] for row in show(dictionary, search="POSITIVE spinal")]
    assert names == ["spinal_cord_mri"]
    assert len(show(dictionary, "patients")) == len(show(dictionary, "cis_cohort.patients")) == 6
    assert show(dictionary, search="nothing")._repr_html_().startswith("<table>")


def test_an_unknown_table_is_answered_with_those_there_are(cut: Path) -> None:
    with pytest.raises(DataUnavailable, match=r"Its tables are: cis_cohort.patients"):
        show(read_dictionary(cut / "dictionary.json"), "visits")


def test_synthetic_data_say_so(cut: Path) -> None:
    assert show(read_dictionary(cut / "dictionary.json")).caption.startswith("SYNTHETIC DATA, no real people")
    write_dictionary(cut, DICTIONARY | {"synthetic": False})
    assert show(read_dictionary(cut / "dictionary.json")).caption.startswith("Project cis-spinal")


@pytest.mark.parametrize(
    ("given", "expected"), [("2147483648\n", 2**30), ("max\n", None), ("9223372036854771712", None)]
)
def test_the_database_takes_half_of_what_the_container_has(tmp_path: Path, given: str, expected: int | None) -> None:
    (tmp_path / "limit").write_text(given)
    machine = database_memory(())
    assert database_memory((tmp_path / "limit", tmp_path / "absent")) == (expected or machine)
