"""Every rule of data quality: a few rows that break it, and a few that keep it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import pytest

from data_catalog.cdm import cdm_table
from data_catalog.facts import Registry
from data_catalog.models import VariableType
from data_catalog.quality.indicators import indicators
from data_catalog.quality.models import About, Indicator, Status
from data_catalog.quality.rules import approvals, rule_book
from tests.data_catalog.typed import put

ABOUT = About("clinic", "A clinic", 1, "2026-06-01", synthetic=True)
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def d(text: str) -> date:
    return date.fromisoformat(text)


def on(name: str, text: str) -> dict[str, Any]:
    """Give a date as precise as it is written: `2001`, `2001-05` or `2001-05-07`."""
    precision = {4: "year", 7: "month", 10: "day"}[len(text)]
    return {f"{name}_date": d((text + "-01-01")[:10]), f"{name}_precision": precision}


def patient(**dates: str) -> dict[str, Any]:
    return {name: value for stem, text in dates.items() for name, value in on(stem, text).items()}


DEAD = {"patient": [patient(death="2010-05")]}
JUMP = [{**on("visit", "2010-01-01"), "edss": 2.0}, {**on("visit", "2010-06-01"), "edss": 5.0}]
RAN_ON = [
    {"drug": "interferon beta-1a", "kind": "disease_modifying", **on("start", "2005-01"), **on("stop", "2007-03-10")},
    {"drug": "natalizumab", "kind": "disease_modifying", **on("start", "2007-03")},
]
NEVER_STOPPED = [{**RAN_ON[0], "stop_date": None}, RAN_ON[1]]
GAP = [{**RAN_ON[0], **on("stop", "2006")}, RAN_ON[1]]
EARLY = {"drug": "natalizumab", **on("start", "2003-12")}

CASES: dict[str, tuple[Rows, Rows]] = {
    "birth_before_onset": (
        {"patient": [patient(birth="1980-05-07", onset="1979")]},
        {"patient": [patient(birth="1980-05-07", onset="1980")]},
    ),
    "onset_before_diagnosis": (
        {"patient": [patient(onset="2001-05-07", diagnosis="2001-04")]},
        {"patient": [patient(onset="2001-05-07", diagnosis="2001")]},
    ),
    "progression_after_onset": (
        {"patient": [patient(onset="2001-05-07", progression="2001-05-07")]},
        {"patient": [patient(onset="2001-05-07", progression="2001-05")]},
    ),
    "progression_of_spms": (
        {"patient": [{**patient(progression="2001"), "course": "rrms"}]},
        {"patient": [{**patient(progression="2001"), "course": "spms"}]},
    ),
    "diagnosis_before_visit": (
        {"patient": [patient(diagnosis="2001-05-07")], "visit": [on("visit", "2001-04")]},
        {"patient": [patient(diagnosis="2001-05-07")], "visit": [on("visit", "2001-05")]},
    ),
    **{
        f"nothing_after_death_{table}": (
            {**DEAD, table: [{**needed, **on(stem, "2010-06-01")}]},
            {**DEAD, table: [{**needed, **on(stem, "2010-05-31")}]},
        )
        for table, stem, needed in (
            ("visit", "visit", {}),
            ("relapse", "relapse", {}),
            ("treatment", "start", {}),
            ("mri", "mri", {"region": "brain"}),
            ("function_test", "test", {}),
            ("patient_reported", "report", {}),
            ("laboratory", "sample", {"analyte": "nfl"}),
            ("oct", "oct", {"eye": "left"}),
            ("adverse_event", "event", {}),
            ("vaccination", "vaccination", {}),
            ("imaging", "scan", {"scan": "sub-1_T1w"}),
        )
    },
    "onset_before_relapse": (
        {"patient": [patient(onset="2001-05-07")], "relapse": [on("relapse", "2001-05-06")]},
        {"patient": [patient(onset="2001-05-07")], "relapse": [on("relapse", "2001")]},
    ),
    "relapses_apart": (
        {"relapse": [on("relapse", "2001-05-01"), on("relapse", "2001-05-30")]},
        {"relapse": [on("relapse", "2001-05-01"), on("relapse", "2001-05-31")]},
    ),
    "treatment_stop_after_start": (
        {"treatment": [{**on("start", "2001-05-07"), **on("stop", "2001-04")}]},
        {"treatment": [{**on("start", "2001-05-07"), **on("stop", "2001-05")}]},
    ),
    "treatments_one_at_a_time": ({"treatment": NEVER_STOPPED}, {"treatment": RAN_ON}),
    "treatment_after_approval": ({"treatment": [EARLY]}, {"treatment": [{**EARLY, **on("start", "2004")}]}),
    "event_before_report": (
        {"adverse_event": [{**on("event", "2001-05-07"), **on("reported", "2001-05-06")}]},
        {"adverse_event": [{**on("event", "2001-05-07"), **on("reported", "2001-05")}]},
    ),
    "pregnancy_of_women": (
        {"patient": [{"sex": "male"}], "pregnancy": [{}]},
        {"patient": [{"sex": "female"}], "pregnancy": [{}]},
    ),
    "pregnancy_ends_after_lmp": (
        {"pregnancy": [{**on("lmp", "2001-05-07"), **on("end", "2001-05-06")}]},
        {"pregnancy": [{**on("lmp", "2001-05-07"), **on("end", "2002-02")}]},
    ),
    "ambulation_fits_edss": (
        {"visit": [{**on("visit", "2001"), "edss": 6.0, "ambulation": 4}]},
        {"visit": [{**on("visit", "2001"), "edss": 6.0, "ambulation": 5}]},
    ),
    "onset_age": (
        {"patient": [patient(birth="1990-05", onset="1995-04")]},
        {"patient": [patient(birth="1990-05", onset="1995-05")]},
    ),
    "edss_jump": (
        {"visit": JUMP, "relapse": [on("relapse", "2009-12-31")]},
        {"visit": JUMP, "relapse": [on("relapse", "2010-03-01")]},
    ),
    "gadolinium_within_t2": (
        {"mri": [{**on("mri", "2001"), "region": "brain", "t1_gd_lesions": 3, "t2_lesions": 2}]},
        {"mri": [{**on("mri", "2001"), "region": "brain", "t1_gd_lesions": 2, "t2_lesions": 2}]},
    ),
    "new_within_t2": (
        {"mri": [{**on("mri", "2001"), "region": "brain", "t2_new_lesions": 3, "t2_lesions": 2}]},
        {"mri": [{**on("mri", "2001"), "region": "brain", "t2_new_lesions": 2, "t2_lesions": 2}]},
    ),
    "pbvc_range": (
        {"mri": [{**on("mri", "2001"), "region": "brain", "pbvc": -10.5}]},
        {"mri": [{**on("mri", "2001"), "region": "brain", "pbvc": -0.5}]},
    ),
    "t25fw_within_manual": (
        {"function_test": [{**on("test", "2001"), "t25fw": 181.0}]},
        {"function_test": [{**on("test", "2001"), "t25fw": 180.0}]},
    ),
    "nhpt_within_manual": (
        {"function_test": [{**on("test", "2001"), "nhpt_nondominant": 301.0}]},
        {"function_test": [{**on("test", "2001"), "nhpt_dominant": 300.0}]},
    ),
    "msis29_is_item_mean": (
        {"patient_reported": [{**on("report", "2001"), "msis29_psychological": 23.0}]},
        {"patient_reported": [{**on("report", "2001"), "msis29_physical": 2.3}]},
    ),
    "biomarker_has_assay": (
        {"laboratory": [{"analyte": "nfl", "value": 9.5, "assay": "an assay", "unit": "pg/mL"}]},
        {"laboratory": [{"analyte": "nfl", "value": 9.5, "assay": "a", "platform": "b", "unit": "pg/mL"}]},
    ),
    "laboratory_has_result": (
        {"laboratory": [{"analyte": "ocb"}]},
        {"laboratory": [{"analyte": "ocb", "result": "positive"}]},
    ),
}


def found(
    name: str, rows: Rows, registry: Registry | None = None, alter: Sequence[str] = (), also: Sequence[str] = ()
) -> Indicator:
    """Count one indicator over these rows; `also` names tables that are there and empty."""
    with duckdb.connect() as connection:
        for table in {*rows, *also}:
            put(connection, table, *rows.get(table, ()))
        for statement in alter:
            connection.execute(statement)
        indicator = indicators(connection, {table: table for table in {*rows, *also}}, ABOUT, registry).indicator(name)
    assert indicator is not None
    return indicator


def test_every_rule_is_in_the_table() -> None:
    assert set(CASES) == {rule.id for rule in rule_book().rules}


@pytest.mark.parametrize(("broken", "kept"), CASES.values(), ids=CASES)
def test_a_rule_tells_what_breaks_it_from_what_keeps_it(
    request: pytest.FixtureRequest, broken: Rows, kept: Rows
) -> None:
    name = request.node.callspec.id
    indicator = found(name, broken)
    assert (indicator.status, indicator.n, indicator.of) == (Status.LOOK, 1, 1)
    indicator = found(name, kept)
    assert (indicator.status, indicator.n, indicator.of) == (Status.OK, 0, 1)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_without_its_tables_is_not_checked(name: str) -> None:
    indicator = found(name, {})
    assert (indicator.status, indicator.rate) == (Status.NOT_CHECKED, None)
    assert indicator.why.startswith("not there: ")


@pytest.mark.parametrize("name", CASES)
def test_a_rule_without_rows_is_not_checked(name: str) -> None:
    (rule,) = (rule for rule in rule_book().rules if rule.id == name)
    assert found(name, {}, also=[need.partition(".")[0] for need in rule.needs]).status is Status.NOT_CHECKED


def test_a_rule_without_a_column_is_not_checked() -> None:
    broken = CASES["edss_jump"][0]
    indicator = found("edss_jump", broken, alter=["ALTER TABLE visit DROP edss"])
    assert (indicator.status, indicator.why) == (Status.NOT_CHECKED, "not there: visit.edss")


def test_rules_need_no_row_numbers() -> None:
    assert (
        found("treatments_one_at_a_time", {"treatment": NEVER_STOPPED}, alter=["ALTER TABLE treatment DROP _row"]).n
        == 1
    )


@pytest.mark.parametrize("rule", rule_book().rules, ids=lambda rule: rule.id)
def test_what_a_rule_needs_is_in_the_model(rule: Any) -> None:
    for need in rule.needs:
        table, _, variable = need.partition(".")
        assert cdm_table(table).variable(variable) is not None


MORE: dict[str, tuple[str, Rows, int]] = {
    "a drug after a gap": ("treatments_one_at_a_time", {"treatment": GAP}, 0),
    "a drug that ended in an unknown day of the month the next began": (
        "treatments_one_at_a_time",
        {"treatment": RAN_ON},
        0,
    ),
    "the same drug twice": (
        "treatments_one_at_a_time",
        {"treatment": [NEVER_STOPPED[0], {**RAN_ON[0], **on("start", "2006")}]},
        0,
    ),
    "a drug within another that both a third follows": (
        "treatments_one_at_a_time",
        {
            "treatment": [
                {**RAN_ON[0], **on("stop", "2012")},
                {**RAN_ON[0], "drug": "fingolimod", **on("start", "2013"), **on("stop", "2014")},
                {**RAN_ON[1], **on("start", "2013-06-01")},
            ]
        },
        1,
    ),
    "a relapse in the month of the visit before": (
        "edss_jump",
        {"visit": JUMP, "relapse": [on("relapse", "2010-01")]},
        0,
    ),
    "another person's relapse": (
        "edss_jump",
        {"visit": JUMP, "relapse": [{**on("relapse", "2010-03-01"), "patient_id": "P-0002"}]},
        1,
    ),
    "another person's visit": (
        "edss_jump",
        {
            "visit": [JUMP[0], JUMP[1], {**JUMP[1], **on("visit", "2011"), "patient_id": "P-0002", "edss": 9.0}],
            "relapse": [],
        },
        1,
    ),
    "relapses of unknown days": (
        "relapses_apart",
        {"relapse": [on("relapse", "2001-05"), on("relapse", "2001-05-30")]},
        0,
    ),
    "an onset at 76": ("onset_age", {"patient": [patient(birth="1920-03-01", onset="1996-03-01")]}, 1),
    "an onset at 75": ("onset_age", {"patient": [patient(birth="1920-03-01", onset="1996-02-28")]}, 0),
    "walking with an EDSS that says not": (
        "ambulation_fits_edss",
        {"visit": [{**on("visit", "2001"), "edss": 3.0, "ambulation": 7}]},
        1,
    ),
}


@pytest.mark.parametrize(("name", "rows", "broken"), MORE.values(), ids=MORE)
def test_finer_cases(name: str, rows: Rows, broken: int) -> None:
    assert (found(name, rows).n or 0) == broken


def test_the_first_day_alone_would_call_a_year_wrong() -> None:
    """Somebody diagnosed in 2001, with a first symptom in May 2001: on first days the diagnosis comes first."""
    kept = CASES["onset_before_diagnosis"][1]["patient"][0]
    assert kept["diagnosis_date"] < kept["onset_date"]
    assert found("onset_before_diagnosis", {"patient": [kept]}).n == 0


VARIABLE = Registry(country="many", people=20, as_of="2025")
FACTS = Registry(country="Czech Republic", people=20, as_of="June 2025", coverage_percent=80)


def people(women: int, men: int, onset: str = "2010-01-01") -> Rows:
    row = patient(birth="1980-01-01", onset=onset)
    sexes = ["female"] * women + ["male"] * men
    return {"patient": [{**row, "patient_id": f"P-{number}", "sex": sex} for number, sex in enumerate(sexes)]}


AGAINST = {
    "as many women as published": ("share_of_women", people(14, 6), FACTS, Status.OK),
    "too many men": ("share_of_women", people(10, 10), FACTS, Status.LOOK),
    "an onset as published": ("median_onset_age", people(14, 6), FACTS, Status.OK),
    "a late onset": ("median_onset_age", people(14, 6, "2020-01-01"), FACTS, Status.LOOK),
    "everybody is there": ("people_included", people(14, 6), FACTS, Status.OK),
    "a fifth is missing": ("people_included", people(10, 6), FACTS, Status.LOOK),
    "the coverage declared": ("coverage", people(14, 6), FACTS, Status.OK),
    "a lower coverage": ("coverage", people(10, 6), FACTS, Status.LOOK),
    "a coverage that varies": (
        "coverage",
        people(14, 6),
        Registry(country="many", people=20, as_of="2025"),
        Status.NOT_CHECKED,
    ),
    "no registry to compare with": ("share_of_women", people(10, 10), None, Status.NOT_CHECKED),
    "no registry that declares people": ("people_included", people(10, 10), None, Status.NOT_CHECKED),
    "no table of patients": ("people_included", {"visit": []}, FACTS, Status.NOT_CHECKED),
}


@pytest.mark.parametrize(("name", "rows", "facts", "status"), AGAINST.values(), ids=AGAINST)
def test_an_edition_is_compared_with_what_is_published(
    name: str, rows: Rows, facts: Registry | None, status: Status
) -> None:
    assert found(name, rows, facts).status is status


def test_coverage_is_of_the_people_the_registry_is_a_part_of() -> None:
    indicator = found("coverage", people(14, 6), FACTS)
    assert (indicator.n, indicator.of, indicator.rate) == (20, 25, 0.8)


COMPLETE: dict[str, tuple[str, Rows, Status, int | None, int | None]] = {
    "present": ("patient_sex", {"patient": [{"sex": "male"}]}, Status.OK, 1, 1),
    "half of the minimum dataset": ("patient_sex", {"patient": [{"sex": "male"}, {}]}, Status.LOOK, 1, 2),
    "half of another variable": ("visit_fs_visual", {"visit": [{"fs_visual": 1}, {}]}, Status.OK, 1, 2),
    "never delivered": ("patient_centre", {"patient": [{}]}, Status.NOT_AVAILABLE, 0, 1),
    "a minimum never delivered": ("patient_sex", {"patient": [{}]}, Status.NOT_AVAILABLE, 0, 1),
    "no such table": ("visit_edss", {"patient": [{}]}, Status.NOT_AVAILABLE, None, None),
    "no rows": ("visit_edss", {"visit": []}, Status.NOT_CHECKED, None, None),
    "a date without precision": (
        "patient_birth_precision",
        {"patient": [{"birth_date": d("1980-01-01")}, {}]},
        Status.NOT_AVAILABLE,
        0,
        1,
    ),
    "somebody alive": ("patient_death_date", {"patient": [patient(death="2010"), {}]}, Status.OK, 1, 2),
    "a reason among those who stopped": (
        "treatment_stop_reason",
        {"treatment": [{**on("stop", "2010"), "stop_reason": "other"}, {}]},
        Status.OK,
        1,
        1,
    ),
}


@pytest.mark.parametrize(("name", "rows", "status", "n", "of"), COMPLETE.values(), ids=COMPLETE)
def test_how_complete_a_variable_is(name: str, rows: Rows, status: Status, n: int | None, of: int | None) -> None:
    indicator = found(f"complete_{name}", rows)
    assert (indicator.status, indicator.n, indicator.of) == (status, n, of)


def test_every_variable_but_identifiers_of_people_has_its_completeness() -> None:
    with duckdb.connect() as connection:
        report = indicators(connection, {}, ABOUT)
    counted = {indicator.variable for indicator in report.indicators if indicator.variable}
    assert "visit.edss" in counted
    assert "visit.patient_id" not in counted
    assert set(rule_book().completeness.among) | rule_book().completeness.unjudged <= counted
    assert all(indicator.status is Status.NOT_AVAILABLE for indicator in report.indicators if indicator.variable)
    assert not report.to_look_at


def test_drugs_with_a_year_of_approval_are_written_as_the_model_writes_drugs() -> None:
    drug = cdm_table("treatment").variable("drug")
    assert drug is not None
    assert drug.type is VariableType.TEXT
    assert all(name == name.lower() and 1993 <= year <= 2026 for name, year in approvals().items())
