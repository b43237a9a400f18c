"""k-anonymity is of people and of what the cut would hold; nothing but counts comes out."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_catalog.anonymity import Anonymity, anonymity, facts
from data_catalog.cut_request import CutTable
from data_catalog.editions import EditionManifest, TableEntry
from data_catalog.generalisation import Generalisation
from data_catalog.models import DatasetDeclaration


def _variable(name: str, kind: str, sensitivity: str = "quasi-identifier") -> dict[str, object]:
    return {"name": name, "label": name, "type": kind, "sensitivity": sensitivity}


PERSON = _variable("patient_id", "identifier", "identifier")
DECLARATION = DatasetDeclaration.model_validate(
    {
        "id": "clinic",
        "label": "Clinic",
        "source": "a test",
        "licence": "CC0",
        "tables": [
            {
                "name": "patient",
                "label": "p",
                "person": "patient_id",
                "variables": [
                    PERSON,
                    _variable("age", "integer"),
                    _variable("sex", "text"),
                    _variable("edss", "decimal", "sensitive"),
                ],
            },
            {
                "name": "visit",
                "label": "v",
                "person": "patient_id",
                "variables": [PERSON, _variable("year", "integer")],
            },
        ],
    }
)


@pytest.fixture
def table(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Twelve people: eleven alike in age band and sex, one woman of 71; one has visits of her own."""
    people = [f"p{n}" for n in range(12)]
    patients = {"patient_id": people, "age": [30, 31, 32, 33, 34] * 2 + [30, 71], "sex": ["f"] * 12, "edss": [1.0] * 12}
    visits = {"patient_id": [*people, *people, "p0"], "year": [2001] * 12 + [2005] * 12 + [2019]}
    pq.write_table(pa.table(patients), tmp_path / "patient.parquet")
    pq.write_table(pa.table(visits), tmp_path / "visit.parquet")
    entries = tuple(
        TableEntry(table=name, path=f"{name}.parquet", sha256="", bytes=0, rows=rows)
        for name, rows in (("patient", 12), ("visit", 25))
    )
    manifest = EditionManifest(
        dataset="clinic", number=1, declaration_sha256="", synthetic=True, published_by="dana",
        published_at=datetime(2026, 1, 1, tzinfo=UTC), sources=(), tables=entries,
    )  # fmt: skip

    def one(name: str, *variables: str, row_filter: str = "", **rules: object) -> CutTable:
        made = {variable: Generalisation.model_validate(rule) for variable, rule in rules.items()}
        return CutTable(DECLARATION, manifest, "", tmp_path, name, variables, row_filter, generalise=made)

    return one


def test_the_exact_value_tells_more_than_its_band(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (exact, by_age, by_sex) = anonymity([table("patient", "age", "sex", "edss")], tmp_path)
    assert exact == Anonymity(("patient.age", "patient.sex"), 12, 1, {5: 12, 10: 12})
    assert by_age.smallest == 1
    assert by_sex == Anonymity(("patient.sex",), 12, 12, {5: 0, 10: 0})
    (banded, *_) = anonymity([table("patient", "age", "sex", age={"band": 10})], tmp_path)
    assert banded == Anonymity(("patient.age", "patient.sex"), 12, 1, {5: 1, 10: 1})
    (capped,) = anonymity([table("patient", "age", age={"top_code": 30})], tmp_path)
    assert capped.in_small == {5: 0, 10: 0}


def test_people_are_counted_and_their_rows_summed_up(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (together, *parts) = anonymity([table("visit", "year")], tmp_path)
    assert together.quasi_identifiers == ("visit.year (least)", "visit.year (most)", "visit (rows)")
    assert (together.people, together.smallest, together.in_small) == (12, 1, {5: 1, 10: 1})
    assert {part.quasi_identifiers: part.smallest for part in parts}[("visit.year (least)",)] == 12


def test_only_the_rows_of_the_cut_count(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (measured,) = anonymity([table("patient", "sex", row_filter="age < 71")], tmp_path)
    assert (measured.people, measured.smallest) == (11, 11)


def test_tables_are_put_together_by_person(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    tables = [table("patient", "sex", row_filter="age < 71"), table("visit", "year", row_filter="year < 2010")]
    (together, *_) = anonymity(tables, tmp_path)
    assert (together.people, together.smallest, together.in_small) == (12, 1, {5: 1, 10: 1})


def test_nothing_but_counts_is_said(table, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    said = facts(anonymity([table("patient", "age", "sex")], tmp_path))
    assert said[0] == (
        "patient.age, patient.sex",
        "smallest class 1; 12 of 12 people in classes below 5; 12 of 12 people in classes below 10",
    )
    assert "71" not in str(said)
    assert anonymity([table("patient", "edss")], tmp_path) == []
    assert facts([]) == [("k-anonymity", "the cut has no quasi-identifier")]
