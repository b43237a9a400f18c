"""What other systems read: dictionary as CSV and JSON Schema, DCAT-AP with published counts only."""

import csv
import io
import json
from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.editions import Edition
from data_catalog.interchange import dcat_catalog, dcat_dataset, dictionary_csv, json_schema
from data_catalog.published.marginals import PEOPLE, ROWS, Number
from data_catalog.service import edition
from tests.support.catalog import ON_ONE_ENGINE
from tests.support.registries import publish_trials

ADDRESS = "https://example.org/data/ms_cidr"

pytestmark = ON_ONE_ENGINE


@pytest.fixture
def trials(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Edition:
    publish_trials(database, settings, people["dana"], tmp_path / "made", people=20)
    return edition(database, "ms_cidr")


def test_the_csv_has_a_row_for_every_variable(trials: Edition) -> None:
    rows = list(csv.DictReader(io.StringIO(dictionary_csv(trials.declaration))))
    assert len(rows) == sum(len(table.variables) for table in trials.declaration.tables)
    (edss,) = [row for row in rows if row["variable"] == "edss"]
    assert (edss["table"], edss["unit"], edss["minimum"], edss["maximum"]) == ("visit", "EDSS points", "0", "10")
    assert (edss["never"], edss["minimum_dataset"]) == ("0.5", "yes")
    (sex,) = [row for row in rows if row["variable"] == "sex"]
    assert "female = female" in sex["codes"]
    (study,) = [row for row in rows if row["variable"] == "study"]
    assert (study["unblinds"], sex["unblinds"], sex["unblinds_because"]) == ("hint", "", "")
    assert study["unblinds_because"].startswith("A trial tested one drug")


GOOD = {"patient_id": "x", "visit_date": "2020-01-31", "visit_precision": "day", "edss": 2.5, "fs_visual": None}
ROWS_TO_JUDGE = {
    "a good row": (GOOD, True),
    "a score that does not exist": ({**GOOD, "edss": 0.5}, False),
    "a score between steps": ({**GOOD, "edss": 2.25}, False),
    "a score too high": ({**GOOD, "edss": 10.5}, False),
    "a code that is none": ({**GOOD, "visit_precision": "hour"}, False),
    "nobody's row": ({key: value for key, value in GOOD.items() if key != "patient_id"}, False),
    "a column that is not declared": ({**GOOD, "name": "x"}, False),
}


@pytest.mark.parametrize(("row", "is_valid"), ROWS_TO_JUDGE.values(), ids=ROWS_TO_JUDGE)
def test_the_json_schema_judges_a_row_as_the_declaration_does(trials: Edition, row: object, is_valid: bool) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json_schema(trials, ADDRESS))
    validator.check_schema(validator.schema)
    assert validator.is_valid({"visit": [row]}) is is_valid


def test_dcat_counts_what_was_published_and_nothing_else(trials: Edition) -> None:
    published = [
        Number(name, "", statistic, "130") for name in ("patient", "visit", "mri") for statistic in (PEOPLE, ROWS)
    ]
    full = dcat_dataset(trials, published, ADDRESS)
    assert full["healthdcatap:numberOfUniqueIndividuals"]["@value"] == "130"
    assert full["healthdcatap:numberOfRecords"]["@value"] == "390"
    small = dcat_dataset(trials, [Number("patient", "", PEOPLE, "<10"), *published[1:2]], ADDRESS)
    assert not [term for term in small if term.startswith("healthdcatap")]


def test_dcat_says_that_data_are_synthetic_and_not_public(trials: Edition) -> None:
    text = json.dumps(dcat_catalog([dcat_dataset(trials, (), ADDRESS)], "https://example.org/data"))
    assert "Synthetic data: they describe nobody." in text
    assert "access-right/NON_PUBLIC" in text
