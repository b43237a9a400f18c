"""The draft of a mapping: what it tells from a column's values and name, and that it never passes for a mapping."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from data_catalog.cdm import cdm_table
from data_catalog.engine import identifier, literal
from data_catalog.errors import MappingRejected
from data_catalog.mapping.draft import draft, file_names
from data_catalog.mapping.likeness import likeness, words
from data_catalog.mapping.models import load_mapping
from data_catalog.mapping.profile import Column, describe
from data_catalog.sources.delivery import guess
from data_catalog.sources.files import FileSpec

COLUMNS: dict[str, tuple[list[str], Column]] = {
    "days": (["01.02.2020", "15.03.2021"], Column(dates=("%d.%m.%Y",))),
    "some without a day": (["01.02.2020", "15.03.2021", "03.2021"], Column(dates=("%d.%m.%Y", "%m.%Y"))),
    "the 13th month is none": (["02/13/2020", "03/01/2020"], Column(dates=("%m/%d/%Y",))),
    "day or month first": (["02/03/2020", "03/01/2020"], Column(dates=("%d/%m/%Y", "%m/%d/%Y"))),
    "a word for missing": (
        ["2020-01-02"] * 8 + [f"2020-01-1{n}" for n in range(9)] + ["n/a"] * 2,
        Column(dates=("%Y-%m-%d",), codes=(), odd=("n/a",)),
    ),
    "a text seen once may be about somebody": (
        [f"2020-01-1{n}" for n in range(9)] + ["Smith"],
        Column(dates=("%Y-%m-%d",)),
    ),
    "decimal commas": (["1,5", "2,25", "7"], Column(number=True, comma=True)),
    "numbers that could be days of year 1001": (["1001", "1002"], Column(number=True)),
    "no pattern at all": (["a1", "b2"], Column()),
    "capitals": (["OCRELIZUMAB", "RITUXIMAB"], Column(capitals=True)),
    "empty": ([], Column()),
    "codes": (["K"] * 3 + ["M"] * 2, Column(codes=("K", "M"), capitals=True)),
}


def described(columns: Mapping[str, list[str]]) -> Mapping[str, Column]:
    """Return what is told from a file of these columns."""
    names = ", ".join(f"{identifier(name)} VARCHAR" for name in columns)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE raw_f (_row BIGINT, {names})")
        for name, values in columns.items():
            for value in values:
                connection.execute(f"INSERT INTO raw_f ({identifier(name)}) VALUES ({literal(value)})")
        return describe(connection, "f")


@pytest.mark.parametrize("kind", COLUMNS)
def test_what_stands_in_a_column_is_told_from_its_values(kind: str) -> None:
    values, expected = COLUMNS[kind]
    assert described({"C": values})["C"] == expected


ALIKE = [
    ("patient", "patient_id", "PATIENT_NO", Column(), True),
    ("patient", "birth_date", "DOB", Column(dates=("%Y",)), True),
    ("patient", "birth_date", "DOB", Column(), False),
    ("patient", "sex", "gender", Column(codes=("1", "2")), True),
    ("patient", "birth_date", "DATE", Column(dates=("%Y",)), False),
    ("visit", "visit_date", "DATE", Column(dates=("%Y",)), True),
    ("visit", "edss", "EDSS", Column(number=True), True),
    ("visit", "edss", "EDSS", Column(codes=("low", "high")), False),
    ("patient", "sex", "COURSE", Column(codes=("1",)), False),
]


@pytest.mark.parametrize(("table", "variable", "name", "column", "expected"), ALIKE)
def test_a_column_is_like_a_variable_by_its_words_and_its_values(
    table: str, variable: str, name: str, column: Column, expected: bool
) -> None:
    declared = cdm_table(table).variable(variable)
    assert declared is not None
    assert (likeness(declared, name, column) > 0) == expected


def test_names_are_taken_apart_into_words() -> None:
    assert words("PATIENT_NO") == words("patientId") == words("Patient-Number") == {"patient", "id"}


FILES = {
    "patients": {"PAT_ID": ["1", "2", "x"], "SEX": ["female"] * 3 + ["K"] * 3, 'A "b"\\': ["7"] * 3},
    "visits": {"PAT_ID": ["1"], "VISIT_DATE": ["01.02.2020"], "EDSS": ["1,5"]},
}
SPECS = {name: FileSpec(path=f"{name}.csv") for name in FILES}


def drafted() -> str:
    return draft("north", SPECS, {name: described(columns) for name, columns in FILES.items()})


def test_a_draft_is_toml_with_the_tables_that_are_there() -> None:
    document = tomllib.loads(drafted())
    patient, visit = document["tables"]
    assert (patient["table"], patient["from"]) == ("patient", "patients")
    assert patient["variables"]["sex"] == {"column": "SEX", "codes": {"female": "female", "K": "?"}}
    assert visit["variables"]["visit_date"] == {"column": "VISIT_DATE", "dates": ["%d.%m.%Y"]}
    assert visit["variables"]["edss"] == "EDSS"
    assert document["files"]["visits"]["decimal"] == ","


def test_a_draft_is_refused_until_every_question_is_answered(tmp_path: Path) -> None:
    file = tmp_path / "north.toml"
    file.write_text(drafted())
    with pytest.raises(MappingRejected) as refused:
        load_mapping(file)
    said = str(refused.value.problems if hasattr(refused.value, "problems") else refused.value)
    assert "'K' means" in said
    assert "licence" in said
    file.write_text(drafted().replace('"K" = "?"', '"K" = "female"').replace('= "?"', '= "said"'))
    assert load_mapping(file).id == "north"


def test_files_are_named_once() -> None:
    assert list(file_names(["a/Dm.csv", "b/dm.csv", "2020.csv", "Å.csv"])) == ["dm", "dm_2", "file_2020", "file_"]


ENCODED = [
    ("Århøj".encode(), "utf-8"),
    ("Århøj".encode("windows-1252"), "windows-1252"),
    (b"\xef\xbb\xbfA", "utf-8-sig"),
]


@pytest.mark.parametrize(("content", "encoding"), ENCODED)
def test_the_encoding_is_told_from_the_bytes(tmp_path: Path, content: bytes, encoding: str) -> None:
    file = tmp_path / "f.csv"
    file.write_bytes(b"NAME\n" + content if encoding != "utf-8-sig" else content + b"\n")
    assert guess(file).encoding == encoding
