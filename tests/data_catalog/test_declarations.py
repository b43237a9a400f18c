"""A declaration is a file people read; what contradicts itself in it is refused by name."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from data_catalog.errors import DeclarationRejected
from data_catalog.models import DATASETS, DatasetDeclaration, Sensitivity, load_declaration
from tests.data_catalog.conftest import DECLARATION

OF_THE_COHORT = [
    *("patient_id", "gender", "age", "schooling", "breastfeeding", "varicella", "initial_symptom", "presentation"),
    *("oligoclonal_bands", "llssep", "ulssep", "vep", "baep", "periventricular_mri", "cortical_mri"),
    *("infratentorial_mri", "spinal_cord_mri", "initial_edss", "final_edss", "converted"),
]


def test_the_cohort_is_declared_variable_by_variable() -> None:
    declaration = load_declaration(DATASETS / "cis_cohort.toml")
    (patients,) = declaration.tables
    assert (declaration.id, patients.name, patients.person) == ("cis_cohort", "patients", "patient_id")
    assert [variable.name for variable in patients.variables] == OF_THE_COHORT
    bands = patients.variable("oligoclonal_bands")
    assert bands is not None
    assert bands.codes == {"0": "negative", "1": "positive", "2": "unknown"}


@pytest.mark.parametrize("dataset_id", ["cis_cohort", "edss_visits"])
def test_identifiers_are_never_approvable(dataset_id: str) -> None:
    for table in load_declaration(DATASETS / f"{dataset_id}.toml").tables:
        identifiers = {v.name for v in table.variables if v.sensitivity is Sensitivity.IDENTIFIER}
        assert identifiers == {"patient_id"}
        assert not identifiers & set(table.approvable)


@pytest.mark.parametrize("dataset_id", ["cis_cohort", "edss_visits"])
def test_a_declaration_is_kept_by_its_edition_as_it_was_read(dataset_id: str) -> None:
    declaration = load_declaration(DATASETS / f"{dataset_id}.toml")
    assert DatasetDeclaration.model_validate_json(declaration.to_bytes()) == declaration


FAULTS = {
    "no TOML": ("[[tables]]", "[[tables", "no TOML file"),
    "a word that is not known": ('unit = "years"', 'units = "years"', "units: Extra inputs"),
    "an unknown type": ('type = "decimal"', 'type = "float"', "type: Input should be 'integer', 'decimal'"),
    "a name with a space": ('name = "age"', 'name = "the age"', "name: String should match"),
    "the name cuts begin with": (
        'name = "age"',
        'name = "pseudonym"',
        "pseudonym and scan_file are columns that cuts add",
    ),
    "the name of a scan's file": (
        'name = "age"',
        'name = "scan_file"',
        "pseudonym and scan_file are columns that cuts add",
    ),
    "the address of a page": ('id = "clinic"', 'id = "search"', "search is a name that Myelin uses itself"),
    "a cut's folder of scans": ('id = "clinic"', 'id = "imaging"', "imaging is a name that Myelin uses itself"),
    "codes on a number": ("minimum = 0\nmaximum = 110", 'codes = { 1 = "a" }', "codes belong to the type code"),
    "a code without codes": ('codes = { 1 = "male", 2 = "female" }', "", "codes belong to the type code"),
    "a range on a text": ('type = "text"', 'type = "text"\nminimum = 1', "minimum and maximum belong to"),
    "a date's bound that is a number": ("minimum = 2000-01-01", "minimum = 2000", "are of the variable's own type"),
    "a whole number's bound that is not": ("maximum = 110", "maximum = 110.5", "are of the variable's own type"),
    "a step from nowhere": ("minimum = 0\nmaximum = 10\nstep", "maximum = 10\nstep", "step belongs to numbers"),
    "point_zero on a text": ('type = "text"', 'type = "text"\npoint_zero = true', "point_zero belongs to"),
    "missing codes of what is never missing": ("may_be_missing = true\nmissing_codes", "missing_codes", "need may_be"),
    "an identifier that is ordinary": (
        'type = "identifier"\nsensitivity = "identifier"',
        'type = "identifier"\nsensitivity = "ordinary"',
        "the type identifier has the sensitivity identifier",
    ),
    "a name twice": ('name = "edss"', 'name = "age"', "two variables have the name age"),
    "a column twice": ('column = "EDSS"', 'column = "Age"', "two variables have the column Age"),
    "a person that is no variable": ('person = "patient_id"', 'person = "patient"', "name no variable: patient"),
    "a person that is no identifier": ('person = "patient_id"', 'person = "age"', "age must be of type identifier"),
    "a file elsewhere": ('file = "visits.csv"', 'file = "../visits.csv"', "file: String should match"),
}


@pytest.mark.parametrize(("good", "bad", "said"), FAULTS.values(), ids=FAULTS)
def test_a_contradiction_is_refused_by_name(declaration_file: Path, good: str, bad: str, said: str) -> None:
    assert good in DECLARATION
    declaration_file.write_text(DECLARATION.replace(good, bad))
    with pytest.raises(DeclarationRejected) as refused:
        load_declaration(declaration_file)
    assert said in str(refused.value)


def test_two_tables_need_two_names_and_two_files(declaration_file: Path) -> None:
    declaration_file.write_text(DECLARATION + DECLARATION[DECLARATION.index("[[tables]]") :])
    with pytest.raises(DeclarationRejected, match="two tables have the same name"):
        load_declaration(declaration_file)


def test_a_declaration_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can not be read: No such file"):
        load_declaration(tmp_path / "missing.toml")
