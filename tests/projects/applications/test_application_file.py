"""An application is read whole: everything wrong with its form is said at once, by name."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from projects.applications.errors import Incomplete
from projects.applications.models import load_application_file
from projects.models import TeamRole

GOOD = """
id = "cis-spinal"
title = "Spinal cord lesions and conversion"
resource = "open"
question = "Whether spinal cord lesions go with conversion."
lay_summary = "Who goes on to have multiple sclerosis?"
about_ms = true
purposes = ["retrospective analysis"]
compares_drugs = false
population = "Adults after a first episode."
funding = "None."
commercial = false
outputs_plan = "Tables for an article."
starts = 2026-01-01
ends = 2026-12-31

[[team]]
username = "lena"
role = "lead"
organisation = "University of Examples"
sector = "academic"

[datasets.cis_cohort.patients]
row_filter = "age >= 18"
variables = ["age", "gender"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "project.toml"
    path.write_text(text)
    return path


def test_an_application_is_read(tmp_path: Path) -> None:
    file = load_application_file(write(tmp_path, GOOD))
    assert (file.id, file.team[0].role) == ("cis-spinal", TeamRole.LEAD)
    assert file.datasets["cis_cohort"]["patients"].variables == ("age", "gender")


LENA = 'username = "lena"\nrole = "lead"\norganisation = "U"\nsector = "academic"\n'

FAULTS = {
    "not TOML": (GOOD, "= = =", "no TOML file"),
    "an id with capitals": ('id = "cis-spinal"', 'id = "CIS"', "id: 'CIS' is no project id"),
    "an id that climbs": ('id = "cis-spinal"', 'id = "../vault"', "id: '../vault' is no project id"),
    "no title": ('title = "Spinal cord lesions and conversion"', "", "title: Field required"),
    "a title with a line break": ('"Spinal cord lesions and conversion"', '"a\\nb"', "title: "),
    "dates the wrong way round": ("ends = 2026-12-31", "ends = 2025-12-31", "ends before it starts"),
    "a date that is text": ("starts = 2026-01-01", 'starts = "2026-01-01"', "starts: "),
    "no lead": ('role = "lead"', 'role = "researcher"', "needs a lead"),
    "a role there is not": ('role = "lead"', 'role = "owner"', "team.0.role: "),
    "somebody twice": (
        "[datasets",
        '[[team]]\nusername = "lena"\nrole = "lead"\norganisation = "U"\nsector = "academic"\n[datasets',
        "twice in its team",
    ),
    "a variable twice": ('["age", "gender"]', '["age", "age"]', "names a variable twice"),
    "no variables": ('["age", "gender"]', "[]", "variables: "),
    "a word that is not known": ('row_filter = "age >= 18"', 'where = "age >= 18"', "where: Extra inputs"),
    "a dataset without a table": (
        GOOD[GOOD.index("[datasets") :],
        "[datasets.cis_cohort]",
        "a dataset without a table",
    ),
    "a dataset that climbs": ("[datasets.cis_cohort", '[datasets."../x"', "datasets.../x"),
}


@pytest.mark.parametrize(("good", "bad", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named(tmp_path: Path, good: str, bad: str, said: str) -> None:
    with pytest.raises(Incomplete, match="Nothing was submitted") as refused:
        load_application_file(write(tmp_path, GOOD.replace(good, bad)))
    assert said in str(refused.value)
    assert refused.value.exit_code == 2


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace('"cis-spinal"', '"CIS"').replace('"lena"', '"Lena"').replace("2026-12-31", '"soon"')
    with pytest.raises(Incomplete) as refused:
        load_application_file(write(tmp_path, text))
    assert [problem.split(":")[0] for problem in refused.value.problems] == ["id", "ends"]


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can not be read: No such file"):
        load_application_file(tmp_path / "missing.toml")
