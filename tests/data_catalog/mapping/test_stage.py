"""From raw texts to typed tables: joined, filtered, pivoted, translated; and what can't be read is named by its row."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from data_catalog.mapping.models import load_mapping
from data_catalog.mapping.stage import typed
from tests.data_catalog.mapping.conftest import FILES, MAPPING, Stage


def rows(connection: duckdb.DuckDBPyConnection, table: str, *columns: str) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT {', '.join(columns)} FROM {typed(table)} ORDER BY _row").fetchall()


def test_codes_missing_constants_and_precision(staged: Stage, connection: duckdb.DuckDBPyConnection) -> None:
    assert staged().findings == ()
    assert rows(connection, "patient", "patient_id", "sex", "birth_date", "birth_precision", "country") == [
        ("A1", "female", date(1980, 5, 14), "day", "FR"),
        ("A2", "male", date(1970, 1, 1), "month", "FR"),
        ("A3", None, date(1960, 1, 1), "year", "FR"),
    ]


def test_join_filter_scale_and_pivot_give_one_table(staged: Stage, connection: duckdb.DuckDBPyConnection) -> None:
    found = staged()
    assert found.rows == {"patient": 3, "visit": 4}
    assert rows(connection, "visit", "patient_id", "visit_date", "visit_precision", "edss", "fs_visual") == [
        ("A1", date(2001, 2, 3), "day", 2.5, None),
        ("A2", date(2001, 3, 1), "month", 1.5, None),
        ("A1", date(2002, 1, 1), "day", 2.5, 1),
        ("A2", date(2002, 1, 1), "day", None, None),
    ]


def test_repeated_rows_are_left_out_where_the_mapping_says_so_and_counted(staged: Stage) -> None:
    found = staged(visits=[*FILES["visits.csv"], "1,2001-02-03,6"])
    assert (found.rows["visit"], found.duplicates["visit"]) == (4, 1)


UNREAD = [
    # file, its lines, what the finding says
    ("patients", ["A4;4;X;1980"], ["patient from patients.csv", "SEX", "no code of the mapping", "row 4: 'X'"]),
    ("patients", ["A4;4;NC;31/02/1999"], ["BORN", "no date of the form %d/%m/%Y or", "row 4: '31/02/1999'"]),
    ("visits", ["1,2001-05-01,mild"], ["visit from visits.csv", "EDSS", "can not be read as edss", "row 4: 'mild'"]),
    ("visits", ["1,2001-05-01,inf"], ["row 4: 'inf'"]),
    ("visits", ["1,2001-05-01,1_0"], ["row 4: '1_0'"]),
    ("visits", ["1,2001-05-01,0x1"], ["row 4: '0x1'"]),
    ("one_scores", ["A1,2003-01-01,VIS,1.5,"], ["visit from one/scores.csv", "row 3: '1.5'"]),
    ("two_scores", ["A2,2003-01-01,VIS,worse,"], ["visit from two/scores.csv", "row 3: 'worse'"]),
]


@pytest.mark.parametrize(("file", "lines", "words"), UNREAD)
def test_a_value_nobody_can_read_is_named_with_its_file_and_row(
    staged: Stage, file: str, lines: list[str], words: list[str]
) -> None:
    path = next(path for path in FILES if path.removesuffix(".csv").replace("/", "_") == file)
    (finding,) = staged(**{file: [*FILES[path], *lines]}).findings
    assert [word for word in words if word not in finding.to_text()] == []


AMBIGUOUS = [
    ("patients", [*FILES["patients.csv"], "A4;1;NC;1980"], "a second row of patients with the same NUMBER"),
    ("one_scores", [*FILES["one/scores.csv"], "A1,2002-01-01,EDSS,3,"], "another value of the same TEST"),
]


@pytest.mark.parametrize(("file", "lines", "words"), AMBIGUOUS)
def test_what_would_depend_on_chance_is_refused(staged: Stage, file: str, lines: list[str], words: str) -> None:
    assert [words in finding.rule for finding in staged(**{file: lines}).findings] == [True]


def test_the_same_value_twice_in_a_pivot_is_no_matter_of_chance(staged: Stage) -> None:
    assert staged(one_scores=[*FILES["one/scores.csv"], "A1,2002-01-01,EDSS,2.5,"]).findings == ()


def test_the_rate_of_what_was_not_read_is_given_for_each_variable(staged: Stage) -> None:
    lines = [*FILES["patients.csv"], "A4;4;X;1980", "A5;5;Y;1980"]
    (reading,) = [r for r in staged(patients=lines).readings if r.variable == "sex"]
    assert (reading.present, reading.unread, reading.rate) == (4, 2, 0.5)
    assert reading.source == "SEX; Féminin → female, Masculin → male"


ABSENT = ["from alone", "pivoted", "joined"]


@pytest.mark.parametrize("how", ABSENT)
def test_a_file_a_delivery_may_be_without_makes_no_rows(
    staged: Stage, connection: duckdb.DuckDBPyConnection, tmp_path: Path, how: str
) -> None:
    text = MAPPING.read_text(encoding="utf-8")
    if how == "from alone":
        text = text.replace('path = "visits.csv"', 'path = "none.csv"\noptional = true')
    elif how == "pivoted":
        text = text.replace('path = "*/scores.csv"', 'path = "*/none.csv"\noptional = true')
    else:
        extra = '[files.extra]\npath = "none.csv"\noptional = true\n\n[[tables]]\ntable = "visit"\nfrom = "visits"'
        text = text.replace('[[tables]]\ntable = "visit"\nfrom = "visits"', extra, 1)
        text = text.replace(
            'on = { PAT = "NUMBER" } }]', 'on = { PAT = "NUMBER" } }, { file = "extra", on = { PAT = "P" } }]'
        )
        text = text.replace(
            'edss = { column = "EDSS", scale',
            'fs_sensory = { derive = "coalesce(extra.S, \'1\')" }\nedss = { column = "EDSS", scale',
        )
    (tmp_path / "without.toml").write_text(text, encoding="utf-8")
    found = staged(load_mapping(tmp_path / "without.toml"))
    assert found.findings == ()
    assert found.rows["visit"] == (4 if how == "joined" else 2)
    if how == "joined":
        assert rows(connection, "visit", "fs_sensory")[0] == (1,)
