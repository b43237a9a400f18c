"""The hard schema: what a typed table may not hold is refused with its rows, and what can't be checked never passes."""

from datetime import date
from typing import Any

import duckdb
import pandera.errors
import polars as pl
import pytest

from data_catalog import schema
from data_catalog.cdm import cdm_table, cdm_tables
from data_catalog.free_text import check_free_text
from data_catalog.reading import raw_name
from data_catalog.report import SHOWN_PER_RULE, Finding
from data_catalog.schema import BATCH, check_everything, check_references, check_typed, table_schema
from data_catalog.validation import check_table
from tests.data_catalog.typed import put

DAY = date(2020, 2, 3)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


BROKEN: dict[str, tuple[str, dict[str, Any], str]] = {
    "a code outside the list": ("patient", {"sex": "F"}, "not one of the codes female, male, unknown"),
    "a pattern": ("patient", {"country": "CZE"}, "not of the form [A-Z]{2}"),
    "a pattern's first line": ("patient", {"country": "CZ\n"}, "not of the form [A-Z]{2}"),
    "text with a control character": ("patient", {"centre": "a\x00b"}, "not of type text"),
    "an identifier with a space at its end": ("patient", {"patient_id": "P-0001 "}, "not of type identifier"),
    "an identifier that is missing": ("patient", {"patient_id": None}, "a value is missing"),
    "a date that is missing": ("visit", {"visit_date": None}, "a value is missing"),
    "a date of another century": ("visit", {"visit_date": date(1820, 1, 1)}, "under the minimum 1900-01-01"),
    "a date in the future": ("visit", {"visit_date": date(2026, 6, 2)}, "after 2026-06-01, the day of the delivery"),
    "an EDSS between two steps": ("visit", {"visit_date": DAY, "edss": 2.25}, "not in steps of 0.5 from 0"),
    "the EDSS that does not exist": ("visit", {"visit_date": DAY, "edss": 0.5}, "0.5 does not exist"),
    "an EDSS over the scale": ("visit", {"visit_date": DAY, "edss": 10.5}, "over the maximum 10"),
    "a number that is none": ("mri", {"mri_date": DAY, "region": "brain", "pbvc": float("nan")}, "not of type decimal"),
    "a sum for an item mean": ("patient_reported", {"report_date": DAY, "msis29_physical": 46.0}, "over the maximum 5"),
}


@pytest.mark.parametrize(("table", "row", "said"), BROKEN.values(), ids=BROKEN)
def test_what_a_value_may_not_be_is_found_in_its_row(
    connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any], said: str
) -> None:
    fine: dict[str, Any] = {
        "patient_id": "P-0002",
        "visit_date": DAY,
        "mri_date": DAY,
        "region": "brain",
        "report_date": DAY,
    }
    fine = {name: value for name, value in fine.items() if cdm_table(table).variable(name)}
    name, declared = put(connection, table, fine, row)
    found = {finding.rule: finding for finding in check_typed(connection, name, declared, as_of=date(2026, 6, 1))}
    assert said in found
    assert (found[said].total, [violation.row for violation in found[said].first]) == (1, [2])


SAID_OF_TEXT = {name: case for name, case in BROKEN.items() if "future" not in name and "that is none" not in name}


@pytest.mark.parametrize(("table", "row", "said"), SAID_OF_TEXT.values(), ids=SAID_OF_TEXT)
def test_typed_values_are_refused_in_the_words_texts_are(
    connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any], said: str
) -> None:
    name, declared = put(connection, table, row)
    columns = ", ".join(f"CAST({variable.name} AS VARCHAR) AS {variable.name}" for variable in declared.variables)
    connection.execute(f"CREATE TABLE {raw_name(declared)} AS SELECT _row, {columns} FROM {name}")
    typed = {(finding.rule, finding.total) for finding in check_typed(connection, name, declared)}
    texts = {(finding.rule, finding.total) for finding in check_table(connection, declared)}
    assert said in {rule for rule, _ in typed}
    assert typed == texts


def test_what_is_right_breaks_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    person = {"sex": "female", "country": "CZ", "birth_date": date(1980, 1, 1), "birth_precision": "year"}
    visits = [{"visit_date": date(2020, month, 1), "edss": month / 2} for month in range(2, 13)]
    relations = [
        put(connection, "patient", person),
        put(connection, "visit", {"visit_date": DAY, "edss": 0.0}, *visits),
    ]
    assert check_everything(connection, relations, as_of=date(2026, 6, 1)) == []


@pytest.mark.parametrize("table", [table.name for table in cdm_tables()])
def test_an_empty_table_is_checked_without_complaint(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    assert check_typed(connection, *put(connection, table)) == []


def test_totals_and_first_rows_are_those_of_the_whole_table(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, declared = put(connection, "patient")
    connection.execute(
        f"INSERT INTO {name} (patient_id, sex, _row) SELECT 'P' || i, 'F', 9000 - i FROM range(9000) t(i)"
    )
    monkeypatch.setattr(schema, "BATCH", 1000)
    (finding,) = check_typed(connection, name, declared)
    assert (finding.total, [violation.row for violation in finding.first]) == (9000, list(range(1, SHOWN_PER_RULE + 1)))
    assert {violation.value for violation in finding.first} == {"F"}
    assert BATCH > 1000


def test_rows_that_share_their_unique_variables_are_found_across_batches(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BATCH", 1)
    visits = [{"visit_date": DAY}, {"visit_date": date(2021, 1, 1)}, {"visit_date": DAY}, {"visit_date": DAY}]
    (finding,) = check_typed(connection, *put(connection, "visit", *visits))
    assert finding.rule == "already in an earlier row"
    assert [(violation.row, violation.value) for violation in finding.first] == [
        (3, "P-0001, 2020-02-03"),
        (4, "P-0001, 2020-02-03"),
    ]


def test_the_schema_of_a_whole_table_knows_its_unique_variables() -> None:
    declared = cdm_table("visit")
    frame = pl.DataFrame(
        {v.name: [None, None] for v in declared.variables} | {"_row": [1, 2]},
        schema={v.name: schema._TYPES[v.sql_type] for v in declared.variables} | {"_row": pl.Int64},
    ).with_columns(patient_id=pl.lit("P-0001"), visit_date=pl.lit(DAY))
    with pytest.raises(pandera.errors.SchemaErrors, match="not unique"):
        table_schema(declared).validate(frame, lazy=True)
    table_schema(declared, whole=False).validate(frame, lazy=True)


SHAPES = {
    "a column of another type": (
        "ALTER TABLE patient ALTER sex TYPE INTEGER",
        "sex",
        "kept as INTEGER instead of VARCHAR",
    ),
    "a column too few": ("ALTER TABLE patient DROP sex", "sex", "the column is not there"),
    "a column too many": ("ALTER TABLE patient ADD COLUMN name VARCHAR", "name", "the column is not declared"),
}


@pytest.mark.parametrize(("change", "column", "said"), SHAPES.values(), ids=SHAPES)
def test_a_table_of_another_shape_is_refused_before_its_values(
    connection: duckdb.DuckDBPyConnection, change: str, column: str, said: str
) -> None:
    name, declared = put(connection, "patient")
    connection.execute(change)
    assert check_typed(connection, name, declared) == [Finding("patient", column, said, 1)]
    assert check_everything(connection, [(name, declared)]) == [Finding("patient", column, said, 1)]


def test_a_check_that_can_not_be_made_is_no_check_that_is_kept() -> None:
    declared = cdm_table("patient")
    wrong = pl.DataFrame({v.name: [1] for v in declared.variables} | {"_row": [1]})
    with pytest.raises(AssertionError):
        schema._errors(table_schema(declared, whole=False), wrong)


def test_a_person_nobody_knows_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    patients = put(connection, "patient", {"patient_id": "P-0001"})
    visits = put(connection, "visit", {"visit_date": DAY}, {"visit_date": DAY, "patient_id": "P-0002"})
    (finding,) = check_references(connection, [patients, visits])
    assert (finding.table, finding.column, finding.rule) == (
        "visit",
        "patient_id",
        "a person who is not in the table patient",
    )
    assert [(violation.row, violation.value) for violation in finding.first] == [(2, "P-0002")]
    assert check_references(connection, [visits]) == []


PEOPLE = ("P-0001", "7", "40321", "ipt 01", "ab")
TEXTS = {
    "the identifier": ("seen with P-0001.", "the identifier of a person of this source"),
    "in other letters": ("(p-0001)", "the identifier of a person of this source"),
    "with another dash": ("P_0001/2", "the identifier of a person of this source"),
    "of two words": ("as ipt 01 said", "the identifier of a person of this source"),
    "of digits": ("no 40321", "the identifier of a person of this source"),
    "of two letters": ("ab", "the identifier of a person of this source"),
    "a part of it": ("P-00012", None),
    "as part of a word": ("cab", None),
    "a short number": ("7 mg", None),
    "mail": ("write to a.person@example.org", "an e-mail address"),
    "telephone": ("+420 601 123 456", "a telephone number"),
    "French telephone": ("le 06 12 34 56 78", "a telephone number"),
    "Danish telephone": ("20 12 34 56", "a telephone number"),
    "said to be telephone": ("tel. 12345", "a telephone number"),
    "Danish number": ("010180-1234", "a personal number"),
    "Danish number without dash": ("0101801234", "a personal number"),
    "Swedish number": ("800131-1234", "a personal number"),
    "Swedish number in full": ("19800131-1234", "a personal number"),
    "Finnish number": ("010180-123A", "a personal number"),
    "Norwegian number": ("01018012345", "a personal number"),
    "Czech number": ("805131/1234", "a personal number"),
    "Italian code": ("RSSMRA80A01H501U", "a personal number"),
    "French number": ("1 80 01 75 123 456 12", "a personal number"),
    "a dose and a day": ("300 mg on 2020-02-03, 12 weeks", None),
    "a version": ("26.1", None),
    "a range": ("lymphocytes 0.8-1.2, 1200-1500", None),
}


@pytest.mark.parametrize(("text", "what"), TEXTS.values(), ids=TEXTS)
def test_what_names_somebody_in_free_text_is_found_and_not_repeated(
    connection: duckdb.DuckDBPyConnection, text: str, what: str | None
) -> None:
    patients = put(connection, "patient", *({"patient_id": person} for person in PEOPLE))
    events = put(connection, "adverse_event", {"term": "Influenza"}, {"term": text}, {"term": text}, {})
    found = check_free_text(connection, [patients, events])
    assert check_typed(connection, *events) == [], "nothing else would find it"
    if what is None:
        assert found == []
        return
    assert [(finding.table, finding.column, finding.rule, finding.total) for finding in found] == [
        ("adverse_event", "term", f"free text that holds {what}", 2)
    ]
    assert [(violation.row, violation.value) for violation in found[0].first] == [(2, None), (3, None)]


def test_identifiers_are_looked_for_where_there_is_no_table_of_patients(connection: duckdb.DuckDBPyConnection) -> None:
    events = put(connection, "adverse_event", {"patient_id": "P-0009", "term": "as P-0009"})
    (finding,) = check_free_text(connection, [events])
    assert finding.total == 1
