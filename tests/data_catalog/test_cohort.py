"""A cohort says over all tables who is in; what it may not say is refused, and nothing of its text reaches DuckDB."""

import duckdb
import pytest

from data_catalog.cohort import check_cohort, cohort_query
from data_catalog.errors import FilterRefused
from data_catalog.models import DatasetDeclaration


def _table(name: str, *variables: dict[str, object]) -> dict[str, object]:
    person = {"name": "patient_id", "label": "p", "type": "identifier", "sensitivity": "identifier"}
    return {"name": name, "label": name, "person": "patient_id", "variables": [person, *variables]}


def _code(name: str, *codes: str) -> dict[str, object]:
    return {
        "name": name,
        "label": name,
        "type": "code",
        "sensitivity": "sensitive",
        "codes": {c: c for c in codes},
        "may_be_missing": True,
    }


EDSS = {"name": "edss", "label": "EDSS", "type": "decimal", "sensitivity": "sensitive", "may_be_missing": True}
DECLARATION = DatasetDeclaration.model_validate(
    {
        "id": "clinic",
        "label": "Clinic",
        "source": "a test",
        "licence": "CC0",
        "tables": [
            _table("patient", _code("course", "ppms", "rrms"), _code("arm", "placebo", "active")),
            _table("visit", EDSS),
            _table("imaging", _code("region", "brain", "spinal_cord")),
        ],
    }
)
SOURCES = {
    "patient": "(VALUES ('a', 'ppms', 'placebo'), ('b', 'ppms', 'active'), ('c', 'rrms', 'placebo'), "
    "('d', NULL, 'placebo')) AS p(patient_id, course, arm)",
    "visit": "(VALUES ('a', 4), ('a', 5), ('a', 1), ('b', 6), ('c', 1), ('c', NULL)) AS v(patient_id, edss)",
    "imaging": "(VALUES ('a', 'spinal_cord'), ('b', 'brain'), ('d', 'spinal_cord')) AS i(patient_id, region)",
}


def people(text: str) -> str:
    return "".join(sorted(row[0] for row in duckdb.sql(cohort_query(text, DECLARATION, SOURCES)).fetchall()))


MEANS = {
    "": "abcd",
    "course = 'ppms'": "ab",
    "not course = 'ppms'": "c",
    "course is null": "d",
    "count(visit) >= 2": "ac",
    "count(visit, edss >= 4) >= 2": "a",
    "count(visit) = 0": "d",
    "count(visit) < 2": "bd",
    "count(visit) <> 1": "acd",
    "count(visit, edss is null) >= 1": "c",
    "not count(imaging, region = 'spinal_cord') >= 1": "bc",
    "course = 'ppms' or count(imaging) >= 1 and arm = 'placebo'": "abd",
    "(course = 'ppms' or count(imaging) >= 1) and arm = 'placebo'": "ad",
    "course = 'ppms' and arm = 'placebo' and count(visit) >= 3 and count(imaging, region = 'spinal_cord') >= 1": "a",
}


@pytest.mark.parametrize(("text", "meant"), MEANS.items(), ids=[text or "everybody" for text in MEANS])
def test_who_is_in(text: str, meant: str) -> None:
    assert people(text) == meant


REFUSED = {
    "count(visits) >= 1": "did you mean 'visit'",
    "count(visit, region = 'brain') >= 1": "no variable 'region'",
    "count(visit, count(imaging) >= 1) >= 1": "has no place here",
    "count(visit, edss, edss) >= 1": "count takes a table",
    "count(*) >= 1": "count takes a table",
    "count(distinct visit) >= 1": "count takes a table",
    "count(clinic.visit) >= 1": "has no place here",
    "count(visit) >= 1.5": "has no place here",
    "count(visit) >= -1": "has no place here",
    "count(visit) >= '1'": "has no place here",
    "count(visit) >= count(imaging)": "has no place here",
    "count(visit) >= 99999999999999": "up to 1,000,000",
    "count(visit) between 1 and 2": "has no place here",
    "count(visit) over () >= 1": "has no place here",
    "count(visit) filter (where true) >= 1": "has no place here",
    "sum(visit) >= 1": "has no place here",
    "patient_id in ('a')": "is an identifier",
    "count(visit, patient_id = 'a') >= 1": "is an identifier",
    "patient_id in (select patient_id from visit)": "has no place here",
    "course = 'ppms'; drop table visit": "one condition",
    "count(visit": "can not be understood",
    "(" * 900 + "course = 'ppms'" + ")" * 900: "nested too deeply|understood",
    "course = 'ppms' or " * 200 + "course = 'ppms'": "up to 2000 characters",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items(), ids=[text[:40] for text in REFUSED])
def test_what_it_may_not_say(text: str, said: str) -> None:
    with pytest.raises(FilterRefused, match=said):
        check_cohort(text, DECLARATION)
