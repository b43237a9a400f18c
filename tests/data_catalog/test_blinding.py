"""What of a request tells the treatment, and cohorts that nobody talks their way out of; everybody is synthetic."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data_catalog.blinding import restrict, selects_only, treatment_identity, unblinding
from data_catalog.cdm import cdm_tables
from data_catalog.cohort import cohort_query, normal_cohort
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import EditionManifest, TableEntry, edition_sources
from data_catalog.endpoints.catalogue import standard_endpoints
from data_catalog.endpoints.declared import as_declared_table
from data_catalog.errors import FilterRefused
from data_catalog.generalisation import Generalisation, Rules
from data_catalog.models import DatasetDeclaration, Table, Unblinding, Variable
from tests.support.catalog import empty_views
from tests.support.registries import declare

TRIALS = declare("ms_cidr", "Trials", *(table.name for table in cdm_tables()), resource="ms_cidr")
MARKED = {f"{t.name}.{v.name}": v.unblinds for t in cdm_tables() for v in t.variables if v.unblinds}
NATURAL = ("placebo", "untreated")


@dataclass(frozen=True)
class Asked:
    variables: tuple[str, ...] = ("patient_id",)
    row_filter: str = ""
    cohort: str = ""
    generalise: Rules = field(default_factory=dict)


# ---- the markers ----------------------------------------------------------------------------------------------------


def test_what_names_a_treatment_is_what_no_trial_purpose_may_use() -> None:
    names = ("treatment.drug", "treatment.atc", "adverse_event.suspected_drug")
    assert treatment_identity(TRIALS) == names
    assert {name for name, marker in MARKED.items() if marker is Unblinding.TREATMENT} == set(names)


@pytest.mark.parametrize(
    "name",
    [
        "patient.study", "patient.arm", "patient.centre", "treatment.start_date", "treatment.stop_reason",
        "adverse_event.term", "adverse_event.related", "laboratory.analyte", "laboratory.value",
        "vaccination.vaccine", "comorbidity.icd10", "related_record.record",
    ],
)  # fmt: skip
def test_what_may_tell_a_treatment_is_marked(name: str) -> None:
    assert MARKED[name] is Unblinding.HINT


def test_the_reason_says_which_rows_tell() -> None:
    (value,) = (v for t in cdm_tables() if t.name == "laboratory" for v in t.variables if v.name == "value")
    assert value.unblinds_in_words.endswith("Only where analyte is jcv_index or lymphocytes.")


def test_outcomes_and_dates_of_visits_are_not_marked() -> None:
    tables = {name.split(".")[0] for name in MARKED}
    assert tables.isdisjoint({"visit", "mri", "oct", "function_test", "patient_reported", "imaging", "relapse"})


def test_a_marker_has_its_reason_and_a_reason_its_marker() -> None:
    plain = {"name": "drug", "label": "Drug", "type": "text", "sensitivity": "sensitive"}
    assert Variable.model_validate(plain).unblinds is None
    with pytest.raises(ValidationError, match="unblinds_where belongs to unblinds"):
        Variable.model_validate({**plain, "unblinds_where": {"analyte": ["nfl"]}})
    for half in ({"unblinds": "treatment"}, {"unblinds_because": "It is the drug."}):
        with pytest.raises(ValidationError, match="unblinds and unblinds_because stand together"):
            Variable.model_validate({**plain, **half})


@pytest.mark.parametrize("where", [{"analyte": ["nothing"]}, {"sex": ["female"]}, {"value": ["1"]}])
def test_the_rows_that_tell_are_named_by_codes_of_the_same_table(where: dict[str, list[str]]) -> None:
    table = next(table for table in cdm_tables() if table.name == "laboratory").model_dump(mode="json")
    marked = {"unblinds": "hint", "unblinds_because": "It may tell.", "unblinds_where": where}
    table["variables"] = [{**v, **(marked if v["name"] == "value" else {})} for v in table["variables"]]
    with pytest.raises(ValidationError, match="unblinds_where names codes"):
        Table.model_validate_json(json.dumps(table))


def test_a_declaration_without_markers_is_the_same_bytes_as_before_there_were_any() -> None:
    bare = _unmarked(TRIALS).to_bytes()
    assert b"unblinds" not in bare
    assert b"unblinds_because" in TRIALS.to_bytes()
    assert DatasetDeclaration.model_validate_json(TRIALS.to_bytes()) == TRIALS


def test_an_edition_from_before_there_were_markers_is_read_as_it_would_be_declared_today() -> None:
    old = _unmarked(TRIALS)
    assert all(variable.unblinds is None for table in old.tables for variable in table.variables)
    assert treatment_identity(old) == treatment_identity(TRIALS)
    asked = {"laboratory": Asked(("value",))}
    assert unblinding(old, asked) == unblinding(TRIALS, asked) != ()


def test_the_drug_of_an_endpoint_is_marked_in_new_and_old_editions() -> None:
    tables = tuple(as_declared_table(definition) for definition in standard_endpoints())
    drugs = {f"{table.name}.drug" for table in tables if table.variable("drug")}
    declaration = TRIALS.model_copy(update={"tables": tables})
    assert set(treatment_identity(declaration)) == set(treatment_identity(_unmarked(declaration))) == drugs
    assert len(drugs) == 2


def _unmarked(declaration: DatasetDeclaration) -> DatasetDeclaration:
    plain = {"unblinds": None, "unblinds_because": "", "unblinds_where": {}}

    def bare(table: Table) -> Table:
        return table.model_copy(update={"variables": tuple(v.model_copy(update=plain) for v in table.variables)})

    return declaration.model_copy(update={"tables": tuple(map(bare, declaration.tables))})


# ---- what a request tells -------------------------------------------------------------------------------------------

TOLD = {
    "nothing": ({"visit": Asked(("visit_date", "edss"))}, []),
    "a variable": ({"treatment": Asked(("drug", "start_precision"))}, [("treatment.drug", "variable", "treatment")]),
    "a row filter": (
        {"adverse_event": Asked(row_filter="term = 'Flushing' or outcome = 'fatal'")},
        [("adverse_event.term", "row filter", "hint")],
    ),
    "the people's own table": ({"visit": Asked(cohort="arm = 'placebo'")}, [("patient.arm", "cohort", "hint")]),
    "rows that are counted": (
        {"visit": Asked(cohort="course = 'ppms' and not (count(treatment, drug = 'ocrelizumab') >= 1)")},
        [("treatment", "cohort", "hint"), ("treatment.drug", "cohort", "treatment")],
    ),
    "a number of rows": ({"visit": Asked(cohort="count(treatment) = 0")}, [("treatment", "cohort", "hint")]),
    "rows that do not tell": (
        {"laboratory": Asked(("analyte", "value"), row_filter="analyte in ('nfl', 'gfap') and value >= 1")},
        [],
    ),
    "rows that do not tell, counted": ({"visit": Asked(cohort="count(laboratory, analyte = 'nfl') >= 1")}, []),
    "rows of which some tell": (
        {"laboratory": Asked(("value",), row_filter="analyte = 'nfl' or value >= 1")},
        [
            ("laboratory.value", "variable", "hint"),
            ("laboratory.analyte", "row filter", "hint"),
            ("laboratory.value", "row filter", "hint"),
        ],
    ),
    "rows that tell, counted beside others": (
        {"visit": Asked(cohort="count(laboratory, analyte = 'nfl') >= 1 and count(laboratory, value < 0.5) >= 2")},
        [("laboratory", "cohort", "hint"), ("laboratory.value", "cohort", "hint")],
    ),
    "a number of rows that tells nothing": ({"visit": Asked(cohort="count(mri) >= 2")}, []),
    "days between dates": (
        {"treatment": Asked(row_filter="years(start_date, stop_date) >= 1")},
        [("treatment.start_date", "row filter", "hint"), ("treatment.stop_date", "row filter", "hint")],
    ),
    "a name in capitals of another variable": ({"visit": Asked(cohort="sex = 'female' /* arm = 'active' */")}, []),
    "a value that only looks like one": ({"adverse_event": Asked(row_filter="meddra_version = 'term = 1'")}, []),
    "a table there is not": ({"nowhere": Asked(("drug",))}, []),
}


@pytest.mark.parametrize(("requested", "told"), TOLD.values(), ids=TOLD)
def test_what_a_request_tells(requested: Mapping[str, Asked], told: list[tuple[str, str, str]]) -> None:
    found = unblinding(TRIALS, requested)
    assert [(one.full_name, one.way, str(one.unblinds)) for one in found] == told
    assert all(one.because for one in found)


def test_what_stands_in_place_of_a_value_is_told_with_it() -> None:
    rules = {"start_date": Generalisation(truncate="year")}
    (told,) = unblinding(TRIALS, {"treatment": Asked(("start_date",), generalise=rules)})
    assert told.rule == rules["start_date"]


def test_a_condition_that_can_not_be_understood_is_refused() -> None:
    with pytest.raises(FilterRefused):
        unblinding(TRIALS, {"visit": Asked(cohort="arm = 'placebo' -- or\n or 1 = 1")})


# ---- people to try cohorts on ---------------------------------------------------------------------------------------

PEOPLE = [
    (f"p{number:03}", arm, course, sex)
    for number, (arm, course, sex) in enumerate(
        product(("placebo", "untreated", "active", "unknown", None), ("ppms", "spms", None), ("female", "male", None))
    )
]
VISITS = [(name, 2.0 + number % 5) for number, (name, *_) in enumerate(PEOPLE) for _ in range(number % 3)]
CUT = declare("ms_cidr", "Trials", "patient", "visit")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edition's files of synthetic people: every arm with every course and sex, missing ones too."""
    folder = tmp_path_factory.mktemp("vault")
    names = ("patient_id", "arm", "course", "sex")
    for table, given_rows, columns in (("patient", PEOPLE, names), ("visit", VISITS, ("patient_id", "edss"))):
        kinds = {v.name: pa.date32() if v.type == "date" else pa.string() for v in _table(table).variables}
        kinds |= {v.name: pa.float64() for v in _table(table).variables if v.type == "decimal"}
        kinds |= {v.name: pa.int64() for v in _table(table).variables if v.sql_type in ("INTEGER", "BIGINT")}
        rows = [dict(zip(columns, row, strict=True)) for row in given_rows]
        pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items()))), folder / f"{table}.parquet")
    return folder


def _table(name: str) -> Table:
    table = CUT.table(name)
    assert table is not None
    return table


def _manifest() -> EditionManifest:
    entries = tuple(
        TableEntry(table=name, path=f"{name}.parquet", sha256="", bytes=0, rows=0) for name in ("patient", "visit")
    )
    return EditionManifest(
        dataset="ms_cidr", number=1, declaration_sha256="", synthetic=True, published_by="dana",
        published_at=datetime(2026, 1, 1, tzinfo=UTC), sources=(), tables=entries,
    )  # fmt: skip


def people(vault: Path, cohort: str) -> set[str]:
    query = cohort_query(cohort, CUT, edition_sources(_manifest(), vault))
    return {row[0] for row in duckdb.sql(query).fetchall()}


ARMS = st.sampled_from(("placebo", "untreated", "active", "unknown"))
LEAVES = st.one_of(
    st.builds("arm = '{}'".format, ARMS),
    st.builds("'{}' = arm".format, ARMS),
    st.builds("arm <> '{}'".format, ARMS),
    st.builds("arm in ('{}', '{}')".format, ARMS, ARMS),
    st.builds("arm >= '{}'".format, ARMS),
    st.sampled_from(("arm is null", "arm is not null", "course = 'ppms'", "sex <> 'male'", "course is null")),
    st.sampled_from(("count(visit) >= 1", "count(visit, edss >= 4) = 0", "count(patient, arm = 'placebo') >= 1")),
)
COHORTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=5,
)


# ---- restrict -------------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(cohort=COHORTS, condition=COHORTS)
def test_the_restricted_cohort_is_the_intersection(vault: Path, cohort: str, condition: str) -> None:
    restricted = restrict(cohort, condition, CUT)
    assert people(vault, restricted) == people(vault, cohort) & people(vault, condition)
    assert restricted == normal_cohort(restricted, CUT)


def test_pasting_texts_together_would_let_an_or_out(vault: Path) -> None:
    """The attack `restrict` is there against: without parentheses, `or` takes the restriction off its first half."""
    cohort, only = "course = 'ppms' or course = 'spms'", "arm = 'placebo'"
    allowed = people(vault, only)
    assert not people(vault, f"{cohort} and {only}") <= allowed
    assert people(vault, restrict(cohort, only, CUT)) <= allowed


BREAKOUTS = ("sex = 'male') or (sex = 'female'", "sex = 'male' --", "sex = 'male' /*", "sex = 'male'; sex = 'male'")


@pytest.mark.parametrize("cohort", BREAKOUTS)
def test_a_text_that_reaches_into_the_condition_gains_nothing(vault: Path, cohort: str) -> None:
    try:
        restricted = restrict(cohort, "arm = 'placebo'", CUT)
    except FilterRefused:
        return
    assert people(vault, restricted) <= people(vault, "arm = 'placebo'")


def test_everybody_restricted_is_the_condition_and_by_nothing_is_the_cohort() -> None:
    assert restrict("", "arm = 'placebo'", CUT) == "arm = 'placebo'"
    assert restrict(" ", "", CUT) == ""
    assert restrict("SEX = 'male'".lower(), "", CUT) == "sex = 'male'"


def test_what_grows_too_long_is_refused() -> None:
    long = " or ".join(f"count(visit, edss = {n}) = {n}" for n in range(60))
    with pytest.raises(FilterRefused, match="up to 2000 characters"):
        restrict(long, " or ".join(f"count(visit, edss > {n}) = {n}" for n in range(60)), CUT)


@pytest.mark.parametrize("cohort", ["", "course = 'ppms' or count(visit) >= 1", "not (arm = 'active') or sex is null"])
def test_a_cut_holds_nobody_beyond_the_restriction(vault: Path, tmp_path: Path, cohort: str) -> None:
    def arms(text: str) -> set[str | None]:
        folder = tmp_path / f"cut{len(list(tmp_path.iterdir()))}"
        (folder / "cut").mkdir(parents=True)
        one = CutTable(CUT, _manifest(), "", vault, "patient", ("arm", "sex"), cohort=text)
        visits = replace(one, table_id="visit", variables=("edss",))
        request = CutRequest("p", 1, datetime(2026, 1, 1, tzinfo=UTC), bytes(range(32)), (one, visits))
        make_cut(request, folder / "cut", folder, empty_views)
        (of_patients, _) = json.loads((folder / "cut" / "dictionary.json").read_text())["tables"]
        told = {v["name"]: v.get("unblinds") for v in of_patients["variables"]}
        assert told == {"pseudonym": None, "arm": "hint", "sex": None}
        made = folder / "cut" / "ms_cidr"
        of_visits, of_people = (
            set(_first(f"SELECT pseudonym FROM '{made}/{table}.parquet'")) for table in ("visit", "patient")
        )
        assert of_visits <= of_people
        return set(_first(f"SELECT arm FROM '{made}/patient.parquet'"))

    assert not arms(cohort) <= set(NATURAL)
    assert arms(restrict(cohort, "arm in ('placebo', 'untreated')", CUT)) <= set(NATURAL)


def _first(query: str) -> Iterator[str | None]:
    return (row[0] for row in duckdb.sql(query).fetchall())


# ---- selects_only ---------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(cohort=COHORTS)
def test_what_is_proven_is_so(vault: Path, cohort: str) -> None:
    if selects_only(cohort, "arm", NATURAL, CUT):
        arms = {arm for name, arm, *_ in PEOPLE if name in people(vault, cohort)}
        assert arms <= set(NATURAL)


@settings(max_examples=100, deadline=None)
@given(cohort=COHORTS)
def test_what_was_restricted_is_proven(cohort: str) -> None:
    assert selects_only(restrict(cohort, "arm in ('placebo', 'untreated')", CUT), "arm", NATURAL, CUT)


PROVEN = [
    "arm = 'placebo'",
    "'untreated' = arm",
    "arm in ('placebo', 'untreated')",
    "course = 'ppms' and (arm = 'placebo' or arm = 'untreated')",
    "arm = 'placebo' or (arm = 'active' and arm = 'untreated')",
    "not (arm <> 'placebo' or sex = 'male')",
    "not (not (arm in ('placebo')))",
]
NOT_PROVEN = [
    "",
    "arm in ('placebo', 'untreated') or sex = 'male'",
    "arm in ('placebo', 'active')",
    "arm = 'placebo' or arm is null",
    "not (arm = 'active')",
    "not (arm = 'placebo')",
    "not (arm <> 'placebo' and sex = 'male')",
    "arm <> 'active' and arm <> 'unknown'",
    "arm >= 'placebo'",
    "arm is not null",
    "count(patient, arm = 'placebo') >= 1",
    "count(patient, arm = 'placebo') >= 0",
    "sex = 'female' and course = 'ppms'",
    "arm = 'placebo'; arm = 'active'",
    "arm = 'placebo' -- and\nor true",
    "arm = coalesce('placebo', 'active')",
    "arm = 'placebo' is not false",
    "(arm = 'placebo') = (sex = 'male')",
    "nobody = 'placebo'",
]


@pytest.mark.parametrize("cohort", PROVEN)
def test_proofs(cohort: str) -> None:
    assert selects_only(cohort, "arm", NATURAL, CUT)


@pytest.mark.parametrize("cohort", NOT_PROVEN)
def test_no_proof(cohort: str) -> None:
    assert not selects_only(cohort, "arm", NATURAL, CUT)


def test_the_words_alone_would_have_been_taken_for_proof(vault: Path) -> None:
    """The attack: the text holds the very condition asked for, and lets everybody in all the same."""
    cohort = "arm in ('placebo', 'untreated') or not (arm in ('placebo', 'untreated')) or arm is null"
    assert "arm in ('placebo', 'untreated')" in cohort
    assert people(vault, cohort) == {name for name, *_ in PEOPLE}
    assert not selects_only(cohort, "arm", NATURAL, CUT)
