"""The common data model says everything about every variable, and keeps the rules of the two resources."""

from pathlib import Path

import pytest

from core.errors import NotFound
from data_catalog import cdm
from data_catalog.cdm import TABLE_NAMES, cdm_table, cdm_tables
from data_catalog.models import Purpose, Sensitivity, Table, Variable, VariableType

VARIABLES = [(table, variable) for table in cdm_tables() for variable in table.variables]
BMSD = {Purpose.RETROSPECTIVE, Purpose.PROSPECTIVE, Purpose.SAFETY}

each_variable = pytest.mark.parametrize(
    ("table", "variable"), VARIABLES, ids=[f"{table.name}.{variable.name}" for table, variable in VARIABLES]
)


def test_every_file_is_a_table_of_its_name() -> None:
    files = {path.stem for path in Path(cdm.__file__).parent.glob("*.toml")}
    assert files == set(TABLE_NAMES) == {table.name for table in cdm_tables()}
    assert len(TABLE_NAMES) == len(files)


@each_variable
def test_every_variable_says_what_it_is(table: Table, variable: Variable) -> None:
    assert variable.label
    assert variable.definition
    assert variable.purposes, "none would mean any"
    assert variable.column == ""
    assert variable.type is not VariableType.INTEGER or (variable.minimum is not None and variable.maximum is not None)
    assert (
        variable.type not in {VariableType.INTEGER, VariableType.DECIMAL} or variable.unit or variable.name == "value"
    )


@each_variable
def test_every_date_carries_its_precision(table: Table, variable: Variable) -> None:
    if variable.type is not VariableType.DATE:
        assert variable.precision is None
        return
    assert variable.name.endswith("_date")
    precision = table.variable(variable.name.replace("_date", "_precision"))
    assert precision is not None
    assert variable.precision == precision.name
    assert list(precision.codes) == ["day", "month", "year"]
    assert (precision.purposes, precision.minimum_dataset) == (variable.purposes, variable.minimum_dataset)


@pytest.mark.parametrize("table", cdm_tables(), ids=TABLE_NAMES)
def test_every_row_is_about_a_person_and_only_identifiers_name_them(table: Table) -> None:
    assert table.person == "patient_id"
    identifiers = {v.name for v in table.variables if v.sensitivity is Sensitivity.IDENTIFIER}
    assert identifiers == ({"patient_id", "scan"} if table.name == "imaging" else {"patient_id"})
    also = {"laboratory": {"analyte"}, "related_record": {"relation", "record"}}
    needed = {"patient_id", *table.unique} | also.get(table.name, set())
    assert {v.name for v in table.variables if not v.may_be_missing} == needed


@each_variable
def test_what_somebody_was_treated_with_serves_no_purpose_of_ms_cidr(table: Table, variable: Variable) -> None:
    if variable.name in {"drug", "atc", "suspected_drug", "related", "vaccine"}:
        assert set(variable.purposes) == BMSD


def test_the_minimum_dataset_has_the_course_of_the_disease_and_its_treatment() -> None:
    minimum = {
        f"{table.name}.{v.name}" for table, v in VARIABLES if v.minimum_dataset and not v.name.endswith("precision")
    }
    assert minimum - {f"{name}.patient_id" for name in TABLE_NAMES} == {
        *("patient.country", "patient.sex", "patient.birth_date", "patient.onset_date", "patient.diagnosis_date"),
        *("patient.course", "patient.death_date", "visit.visit_date", "visit.edss", "relapse.relapse_date"),
        *("treatment.drug", "treatment.kind", "treatment.start_date", "treatment.stop_date", "treatment.stop_reason"),
        *("adverse_event.event_date", "adverse_event.term", "adverse_event.meddra_version"),
        *("adverse_event.seriousness", "adverse_event.outcome"),
    }


def test_edss_is_the_scale_it_is() -> None:
    edss = cdm_table("visit").variable("edss")
    assert edss is not None
    assert (edss.minimum, edss.maximum, edss.step, edss.never) == (0, 10, 0.5, (0.5,))


def test_a_table_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="no table lesions"):
        cdm_table("lesions")
