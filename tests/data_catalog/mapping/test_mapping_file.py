"""A mapping file is held against the model when it is read: each line here is one change to a good one."""

from pathlib import Path

import pytest

from core.errors import InvalidInput
from data_catalog.errors import MappingRejected
from data_catalog.mapping.models import MAPPINGS, load_mapping
from tests.data_catalog.mapping.conftest import MAPPING

TEXT = MAPPING.read_text(encoding="utf-8")

WRONG = [
    # what is replaced, by what, what the refusal says
    ('table = "visit"', 'table = "visits"', "the model has no table 'visits'; did you mean 'visit'?"),
    ('edss = "EDSS"', 'eds = "EDSS"', "visit has no variable 'eds'; did you mean 'edss'?"),
    ('patient_id = "ID"\nsex', "sex", "patient needs patient_id"),
    ('= "female"', '= "woman"', "woman is no code of it"),
    ('{ value = "FR" }', '{ value = "FR", column = "C" }', "one of column, value and derive"),
    ('{ value = "FR" }', "{ }", "one of column, value and derive"),
    (', dates = ["%d/%m/%Y", "DM/%m/%Y", "%Y"]', "", "a date needs dates"),
    ('dates = ["iso"] }\nedss = {', 'dates = ["%d.%m"] }\nedss = {', "'%d.%m' is no form of a date"),
    ('derive = "nullif(VIS', 'derive = "getenv(VIS', "has no place in an expression"),
    ("where = \"EDSS <> '99'\"", 'where = "select 1"', "has no place in an expression"),
    ('from = "visits"', 'from = "visit"', "there is no file 'visit'; did you mean 'visits'?"),
    ('file = "patients", on', 'file = "people", on', "there is no file 'people'"),
    ("scale = 0.5", 'scale = 0.5, colour = "red"', "Extra inputs are not permitted"),
    ('"visits.csv"', '"../visits.csv"', "is a path inside the delivery"),
    ('"visits.csv"', '"/etc/passwd"', "is a path inside the delivery"),
    ('decimal = ","', 'encoding = "klingon"', "'klingon' is no encoding"),
    ('country = { value = "FR" }', 'country = { value = "FR", scale = 2 }', "scale and offset belong to numbers"),
    ('country = { value = "FR" }', 'centre = { value = "?" }', "the draft still asks where it comes from"),
    ('table = "patient"', 'table = "oct"', "oct has no variable 'birth_date'"),
]


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_what_does_not_fit_is_refused_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in TEXT
    changed = tmp_path / "clinic.toml"
    changed.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MappingRejected) as refusal:
        load_mapping(changed)
    assert words in str(refusal.value)


def test_a_file_that_is_none_or_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can not be read"):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("id = ")
    with pytest.raises(MappingRejected, match="no TOML file"):
        load_mapping(tmp_path / "bad.toml")


def test_an_edition_declares_the_models_variables_that_are_mapped_and_how() -> None:
    declaration = load_mapping(MAPPING).declaration
    assert [table.name for table in declaration.tables] == ["patient", "visit"]
    visit = declaration.table("visit")
    assert visit is not None
    assert [v.name for v in visit.variables] == ["patient_id", "visit_date", "visit_precision", "edss", "fs_visual"]
    edss = visit.variable("edss")
    assert edss is not None
    assert edss.derivations == ("visits: EDSS; × 0.5", "scores: EDSS")


@pytest.mark.parametrize("path", sorted(MAPPINGS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_mappings_that_come_with_myelin_fit_the_model(path: Path) -> None:
    assert load_mapping(path).id == path.stem
