"""A cohort says over all tables who is in; what it may not say is refused, and nothing of its text reaches DuckDB."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_catalog.cohort import check_cohort, cohort_query, normal_cohort
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
DATES = [
    {"name": name, "label": name, "type": "date", "sensitivity": "quasi-identifier", "may_be_missing": True}
    for name in ("birth_date", "onset_date")
]
DECLARATION = DatasetDeclaration.model_validate(
    {
        "id": "clinic",
        "label": "Clinic",
        "source": "a test",
        "licence": "CC0",
        "tables": [
            _table("patient", _code("course", "ppms", "rrms"), _code("arm", "placebo", "active"), *DATES),
            _table("visit", EDSS),
            _table("imaging", _code("region", "brain", "spinal_cord")),
        ],
    }
)
SOURCES = {
    "patient": "(VALUES ('a', 'ppms', 'placebo', DATE '1980-06-15', DATE '2005-06-15'), "
    "('b', 'ppms', 'active', DATE '1980-06-15', DATE '2005-06-14'), ('c', 'rrms', 'placebo', NULL, DATE '2005-01-01'), "
    "('d', NULL, 'placebo', DATE '1980-12-31', DATE '2007-01-01')) "
    "AS p(patient_id, course, arm, birth_date, onset_date)",
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
    "patient.course = 'ppms'": "ab",
    "years(birth_date, onset_date) >= 25": "ad",
    "not years(birth_date, onset_date) >= 25": "b",
    "YEARS(birth_date, onset_date) between 24 and 25": "ab",
    "26 = years(birth_date, onset_date)": "d",
    "2 <= count(visit)": "ac",
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
    "Course = 'ppms'": "did you mean 'course'",
    "course = 'PPMS'": "did you mean 'ppms'",
    "edss >= 4": r"edss is of visit, whose rows are counted: write count\(visit, edss …\) >= 1",
    "visit.edss >= 4": r"write count\(visit, edss …\) >= 1",
    "patient.edss >= 4": "patient has no variable 'edss'",
    "count(imaging where region = 'brain') >= 1": r"after a comma: count\(imaging, condition\)",
    "year(birth_date) >= 1980": "has no place here",
    "yeers(birth_date, onset_date) >= 25": "The function yeers has no place here",
    "years(birth_date, course) >= 25": "years takes two dates",
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


ONE_QUESTION = {
    "arm = 'placebo' and course = 'ppms'": [
        "course='ppms'AND(arm = 'placebo')",
        "  'placebo' = arm\n and patient.course = 'ppms' and arm = 'placebo'",
        "not (course <> 'ppms' or arm <> 'placebo')",
        "course in ('ppms') and not not arm in ('placebo', 'placebo')",
    ],
    "count(visit, edss >= 2.5) >= 3": [
        "COUNT(visit, 02.50 <= edss) > 2",
        "not count(visit, not edss < 2.500) < 3",
        'not not 003 <= count("visit", edss >= 2.5)',
    ],
    "(arm = 'active' or arm = 'placebo') and course = 'ppms'": [
        "course = 'ppms' and (arm = 'placebo' or arm = 'active' or arm = 'placebo')",
    ],
    "arm not in ('active', 'placebo')": ["not arm in ('placebo', 'active')"],
    "course is not null and count(imaging) = 0": ["not (count(imaging) <> 0 or course is null)"],
    "count(visit, edss <= 6 and edss >= 4) >= 1": ["count(visit, edss between 4 and 6) > 0"],
    "birth_date >= '1980-01-01'": ["not '1980-01-01' > birth_date -- born late"],
    "years(birth_date, onset_date) <= 45 and years(birth_date, onset_date) >= 25": [
        "Years(birth_date,onset_date) between 025 and 45"
    ],
}


@pytest.mark.parametrize("normal", ONE_QUESTION)
def test_one_cohort_has_one_normal_form_however_it_is_written(normal: str) -> None:
    assert [normal_cohort(text, DECLARATION) for text in (normal, *ONE_QUESTION[normal])] == [
        normal for _ in (normal, *ONE_QUESTION[normal])
    ]


@pytest.mark.parametrize("text", MEANS, ids=[text or "everybody" for text in MEANS])
def test_the_normal_form_means_the_same_people(text: str) -> None:
    assert people(normal_cohort(text, DECLARATION)) == people(text)


LEAVES = st.sampled_from(
    [
        "course = 'ppms'",
        "course is null",
        "arm in ('active', 'placebo')",
        "'1980-07-01' > birth_date",
        "years(birth_date, onset_date) > 24",
        "count(visit, edss > 1 or edss is null) < 2",
        "count(visit) > 0",
        "count(imaging, not region = 'brain') <= 0",
        "count(visit) < 0",
    ]
)
COHORTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=6,
)


@given(COHORTS)
def test_any_normal_form_is_its_own_and_means_the_same_people(text: str) -> None:
    normal = normal_cohort(text, DECLARATION)
    assert normal_cohort(normal, DECLARATION) == normal
    assert people(normal) == people(text)


def test_a_cohort_whose_normal_form_is_too_long_is_refused() -> None:
    text = "or ".join(f"count(visit, edss>{number})>0" for number in range(66))
    check_cohort(text, DECLARATION)
    with pytest.raises(FilterRefused, match=r"up to 2000 characters, this one 2[0-9]{3} in its normal form"):
        normal_cohort(text, DECLARATION)


def test_a_name_that_reads_as_something_else_stays_in_quotes() -> None:
    odd = {**_table("patient", _code("case", "yes", "no")), "unique": ["patient_id"]}
    declaration = DECLARATION.model_validate({**DECLARATION.model_dump(), "tables": [odd]})
    assert normal_cohort("'yes' = \"case\"", declaration) == "\"case\" = 'yes'"


def test_people_stand_in_the_first_table_with_one_row_for_each_where_the_models_is_not_there() -> None:
    cases = _table("cases", _code("course", "ppms", "rrms"), _code("arm", "placebo", "active"))
    tables = [_table("visit", EDSS), {**cases, "unique": ["patient_id"]}]
    declaration = DatasetDeclaration.model_validate({**DECLARATION.model_dump(), "tables": tables})
    sources = {"visit": SOURCES["visit"], "cases": SOURCES["patient"]}
    found = duckdb.sql(cohort_query("cases.course = 'ppms' and count(visit) >= 2", declaration, sources)).fetchall()
    assert found == [("a",)]


def test_where_no_table_is_of_people_they_are_those_with_any_row() -> None:
    tables = [_table("visit", EDSS), _table("imaging", _code("region", "brain", "spinal_cord"))]
    declaration = DatasetDeclaration.model_validate({**DECLARATION.model_dump(), "tables": tables})
    found = duckdb.sql(cohort_query("count(visit) < 2", declaration, SOURCES)).fetchall()
    assert sorted(row[0] for row in found) == ["b", "d"]
    with pytest.raises(FilterRefused, match=r"write count\(visit, edss …\) >= 1"):
        check_cohort("edss >= 4", declaration)
