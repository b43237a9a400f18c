"""A project file says how coarse and whose: it is kept as approved, shown to the committee, and in the cut."""

import json
from pathlib import Path

import duckdb
import pytest

from core.database import Database
from core.errors import Refused
from core.people.models import Person
from core.settings import Settings
from projects.applications.errors import Incomplete
from projects.pages import project_page
from projects.risk import project_anonymity
from projects.service import project
from tests.support.catalog import active_project, application_file, applied, approved_project, ingest

ASKED = {
    "variables": ["gender", "age", "converted"],
    "row_filter": "age > 20",
    "generalise": {"age": {"band": 5}},
}


def test_the_cut_is_as_coarse_as_was_approved(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    active_project(database, settings, people, tmp_path, datasets={"cis_cohort": {"patients": ASKED}})
    found = project(database, "cis-spinal")
    assert found.tables[0].generalise == {"age": {"band": 5}}
    assert found.cut is not None
    folder = found.cut.folder(settings)
    ages = {row[0] for row in duckdb.sql(f"SELECT age FROM '{folder}/cis_cohort/patients.parquet'").fetchall()}
    assert {"20-24", "25-29", "30-34"} <= ages
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["generalised"] == {"cis_cohort.patients": {"age": {"band": 5}}}
    (age,) = (
        v for v in json.loads((folder / "dictionary.json").read_text())["tables"][0]["variables"] if v["name"] == "age"
    )
    assert age["type"] == "text"
    assert "bands of 5" in age["description"]

    page = project_page(database, people["dirk"], "cis-spinal")
    assert "the row filter is on age" in page.dictionary[0].notes[0]


def test_what_was_approved_is_part_of_the_version(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    versions = set()
    for number, rules in enumerate(({}, {"age": {"band": 5}}, {"age": {"band": 10}})):
        asked = {**ASKED, "generalise": rules}
        file = application_file(id=f"p{number}", datasets={"cis_cohort": {"patients": asked}})
        versions.add(approved_project(database, people, file).version)
    assert len(versions) == 3


REFUSED = {
    "a rule that does not fit": ({"generalise": {"gender": {"band": 5}}}, "band does not fit"),
    "a rule of nothing": ({"generalise": {"schooling": {"band": 5}}}, "not among the variables"),
    "a cohort over a table that is not there": ({"cohort": "count(visit) >= 1"}, "has no table 'visit'"),
    "a cohort with a variable that is none": ({"cohort": "gendre = 1"}, "did you mean 'gender'"),
}


@pytest.mark.parametrize(("changes", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path,
    changes: dict[str, object], said: str,
) -> None:  # fmt: skip
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    with pytest.raises(Incomplete, match=said):
        applied(database, people, application_file(datasets={"cis_cohort": {"patients": {**ASKED, **changes}}}))


def test_the_committee_sees_how_few_people_are_alike_and_the_team_does_not(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    smallest = []
    for number, rules in enumerate(({}, {"age": {"band": [40]}})):
        asked = {"cis_cohort": {"patients": {**ASKED, "generalise": rules}}}
        approved_project(database, people, application_file(id=f"p{number}", datasets=asked))
        found = project_anonymity(database, settings, people["dirk"], f"p{number}")["cis_cohort"][0]
        smallest.append(found.smallest)
    assert smallest[0] < smallest[1]
    with pytest.raises(Refused):
        project_anonymity(database, settings, people["lena"], "p0")
