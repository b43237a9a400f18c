"""Labels and groups in place of values: stable within a project, unrelated between projects, and not to be guessed."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from data_catalog.anonymity import anonymity
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import EditionManifest, TableEntry
from data_catalog.errors import PseudonymCollision
from data_catalog.generalisation import Generalisation, described, letter, problems_of_rules
from data_catalog.labels import labels_of
from data_catalog.models import DatasetDeclaration, Table, Variable
from data_catalog.pseudonyms import pseudonym
from data_catalog.twin import TwinTable, twin_table
from tests.support.catalog import empty_views

KEYS = [sha256(f"project {number}".encode()).digest() for number in range(400)]
ARMS = ("active", "placebo", "unknown", "untreated")
DRUGS = ("natalizumab", "ocrelizumab", "placebo", "siponimod")

Rows = Sequence[tuple[object, ...]]
Make = Callable[..., Path]


def _variable(name: str, kind: str, codes: Sequence[str] = (), **more: object) -> dict[str, object]:
    sensitivity = "identifier" if kind == "identifier" else "quasi-identifier"
    stated = {"codes": {code: f"in words {code}" for code in codes}} if codes else {}
    return {"name": name, "label": name, "type": kind, "sensitivity": sensitivity, **stated, **more}


PATIENT = Table.model_validate(
    {
        "name": "patient",
        "label": "patient",
        "person": "patient_id",
        "unique": ["patient_id"],
        "variables": [
            _variable("patient_id", "identifier"),
            _variable("arm", "code", ARMS, may_be_missing=True),
            _variable("drug", "text", pattern="[a-z]+", may_be_missing=True),
            _variable("grade", "code", ("1", "2", "3"), may_be_missing=True),
        ],
    }
)
DECLARATION = DatasetDeclaration(id="trial", label="Trial", source="a test", licence="CC0", tables=(PATIENT,))
KINDS = pa.schema([("patient_id", pa.string()), ("arm", pa.string()), ("drug", pa.string()), ("grade", pa.int32())])
BLIND = Generalisation(blind=True)
POOL = Generalisation.model_validate({"pool": {"treated": ["active"], "untreated": ["placebo", "untreated"]}})
ALL_BLIND = dict.fromkeys(("arm", "drug", "grade"), BLIND)


def variable(name: str) -> Variable:
    found = PATIENT.variable(name)
    assert found is not None
    return found


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Cut rows of synthetic people under a key with rules, and return the folder of the cut."""

    def cut(rows: Rows, rules: dict[str, Generalisation], key: bytes = KEYS[0], **more: str) -> Path:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        (folder / "cut").mkdir(parents=True)
        columns = dict(zip(KINDS.names, zip(*rows, strict=True), strict=True))
        pq.write_table(pa.table({k: list(v) for k, v in columns.items()}, KINDS), folder / "patient.parquet")
        entries = (TableEntry(table="patient", path="patient.parquet", sha256="", bytes=0, rows=len(rows)),)
        manifest = EditionManifest(
            dataset="trial", number=1, declaration_sha256="", synthetic=True, published_by="dana",
            published_at=datetime(2026, 1, 1, tzinfo=UTC), sources=(), tables=entries,
        )  # fmt: skip
        names = ("arm", "drug", "grade")
        one = CutTable(DECLARATION, manifest, "", folder, "patient", names, generalise=rules, **more)  # type: ignore[arg-type]
        make_cut(CutRequest("p", 1, datetime(2026, 1, 1, tzinfo=UTC), key, (one,)), folder / "cut", folder, empty_views)
        return folder / "cut"

    return cut


def read(cut: Path) -> dict[str, tuple[object, ...]]:
    return {row[0]: row[1:] for row in duckdb.sql(f"FROM '{cut}/trial/patient.parquet'").fetchall()}


PEOPLE = [
    (f"p{number}", ARMS[number % 4] if number % 5 else None, DRUGS[number % 3] if number % 7 else None, number % 3 + 1)
    for number in range(60)
]


def test_every_value_has_one_label_and_missing_stays_missing(make: Make) -> None:
    seen = read(make(PEOPLE, ALL_BLIND))
    for column in range(3):
        pairs = {(row[column + 1], seen[pseudonym(KEYS[0], "trial", row[0])][column]) for row in PEOPLE}
        values, labels = zip(*pairs, strict=True)
        assert len(set(values)) == len(set(labels)) == len(pairs)
        assert all((value is None) == (label is None) for value, label in pairs)
    assert not {str(v) for row in seen.values() for v in row} & {*ARMS, *DRUGS, "1", "2", "3"}


def test_labels_are_the_same_in_every_cut_of_a_project_whoever_is_in_it(make: Make) -> None:
    whole = read(make(PEOPLE, ALL_BLIND))
    part = read(make(PEOPLE[:40], ALL_BLIND, row_filter="arm <> 'placebo' and drug <> 'ocrelizumab'"))
    assert 0 < len(part) < 40
    assert all(whole[name] == row for name, row in part.items())


def test_another_projects_labels_are_unrelated(make: Make) -> None:
    cuts = [read(make(PEOPLE, ALL_BLIND, key)) for key in KEYS[:2]]
    by_person = [{row[0]: cut[pseudonym(key, "trial", row[0])] for row in PEOPLE} for cut, key in zip(cuts, KEYS)]  # noqa: B905
    assert {row[1] for row in by_person[0].values()}.isdisjoint({row[1] for row in by_person[1].values()} - {None})


def test_neither_the_order_of_writing_nor_of_frequency_tells_the_letter() -> None:
    """The attack: A is the first by alphabet, or the most frequent: right as often as chance."""
    arm = variable("arm")
    drawn = [labels_of(key, "trial.patient.arm", arm, ARMS) for key in KEYS]
    for code in ARMS:  # whatever the rule, the code it names is one of these
        hits = sum(labels[code] == "A" for labels in drawn)
        assert 60 <= hits <= 140  # a quarter of 400, and 4.6 standard deviations either way
    orders = Counter(tuple(labels[code] for code in ARMS) for labels in drawn)
    assert len(orders) == 24
    assert {label for labels in drawn for label in labels.values()} == set("ABCD")


def test_letters_by_rank_would_have_been_guessed() -> None:
    """What the test above is there against: a letter by alphabet is right in every project."""
    by_rank = [{code: letter(place) for place, code in enumerate(sorted(ARMS))} for _ in KEYS]
    assert sum(labels["active"] == "A" for labels in by_rank) == len(KEYS)


def test_one_projects_labels_do_not_help_with_anothers() -> None:
    """The attack: who was told the letters of one project uses them in the next one."""
    arm = variable("arm")
    drawn = [labels_of(key, "trial.patient.arm", arm, ARMS) for key in KEYS]
    same = sum(one[code] == other[code] for one, other in zip(drawn[::2], drawn[1::2], strict=True) for code in ARMS)
    assert 140 <= same <= 260  # a quarter of 800


def test_two_variables_do_not_share_the_order() -> None:
    arm = variable("arm")
    drawn = [labels_of(KEYS[0], f"trial.patient.arm{number}", arm, ARMS) for number in range(400)]
    assert len({tuple(labels[code] for code in ARMS) for labels in drawn}) == 24


def test_a_texts_label_depends_on_the_text_alone() -> None:
    drug = variable("drug")
    alone = labels_of(KEYS[0], "trial.patient.drug", drug, ["ocrelizumab"])
    assert labels_of(KEYS[0], "trial.patient.drug", drug, DRUGS)["ocrelizumab"] == alone["ocrelizumab"]
    assert len(alone["ocrelizumab"]) == 10
    assert alone["ocrelizumab"].isalpha()


def test_two_texts_of_one_label_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_catalog.labels._WORD", 1)
    with pytest.raises(PseudonymCollision, match="one label"):
        labels_of(KEYS[0], "trial.patient.drug", variable("drug"), [f"drug {number}" for number in range(27)])


def test_the_file_holds_no_value_and_no_label_of_rows_that_were_not_approved(make: Make) -> None:
    cut = make(PEOPLE, ALL_BLIND, row_filter="arm = 'active' and drug is not null")
    content = (cut / "trial" / "patient.parquet").read_bytes()
    assert not [value for value in (*ARMS, *DRUGS) if value.encode() in content]
    every = labels_of(KEYS[0], "trial.patient.drug", variable("drug"), DRUGS)
    shown = {row[1] for row in read(cut).values()}
    assert [label for label in every.values() if label.encode() in content] == [
        label for label in every.values() if label in shown
    ]


def test_pooled_codes_are_in_their_group_and_the_others_together(make: Make) -> None:
    seen = read(make(PEOPLE, {"arm": POOL}))
    group = {"active": "treated", "placebo": "untreated", "untreated": "untreated", "unknown": "other", None: None}
    assert all(seen[pseudonym(KEYS[0], "trial", row[0])][0] == group[row[1]] for row in PEOPLE)


def test_number_codes_are_pooled_too(make: Make) -> None:
    rule = Generalisation.model_validate({"pool": {"low": ["1"], "high": ["2", "3"]}})
    seen = read(make(PEOPLE, {"grade": rule}))
    assert Counter(row[2] for row in seen.values()) == {"low": 20, "high": 40}


def test_the_dictionary_has_letters_and_groups_in_place_of_codes(make: Make) -> None:
    cut = make(PEOPLE, {"arm": BLIND, "drug": BLIND, "grade": BLIND})
    text = (cut / "dictionary.json").read_text()
    _, arm, drug, grade = json.loads(text)["tables"][0]["variables"]
    assert list(arm["codes"]) == ["A", "B", "C", "D"]
    assert (list(grade["codes"]), drug["codes"]) == (["A", "B", "C"], {})
    assert not [word for word in ARMS if word in text]
    assert "label of the project's own" in arm["description"]
    assert json.loads((cut / "manifest.json").read_text())["generalised"] == {
        "trial.patient": {name: {"blind": True} for name in ("arm", "drug", "grade")}
    }
    pooled = described(variable("arm"), {"arm": POOL})
    assert pooled.codes == {
        "treated": "in words active",
        "untreated": "in words placebo; or in words untreated",
        "other": "in words unknown",
    }


def test_the_twin_has_the_same_types_and_codes(make: Make) -> None:
    rules = {"arm": POOL, "drug": BLIND, "grade": BLIND}
    variables = tuple(described(variable(name), rules) for name in rules)
    twin = twin_table(TwinTable("trial", PATIENT, variables, ()))
    cut = pq.read_table(make(PEOPLE, rules) / "trial" / "patient.parquet")
    assert twin.schema.names == cut.schema.names
    assert [str(kind) for kind in twin.schema.types] == [str(kind) for kind in cut.schema.types]
    assert set(twin["arm"].to_pylist()) <= {"treated", "untreated", "other"}
    assert set(twin["grade"].to_pylist()) == {"A", "B", "C"}


def test_anonymity_counts_labels_as_the_values_they_stand_for(make: Make, tmp_path: Path) -> None:
    make(PEOPLE, {})
    folder = next(path for path in tmp_path.iterdir() if (path / "patient.parquet").exists())
    entries = (TableEntry(table="patient", path="patient.parquet", sha256="", bytes=0, rows=60),)
    manifest = EditionManifest(
        dataset="trial", number=1, declaration_sha256="", synthetic=True, published_by="dana",
        published_at=datetime(2026, 1, 1, tzinfo=UTC), sources=(), tables=entries,
    )  # fmt: skip
    plain, blind = (
        anonymity([CutTable(DECLARATION, manifest, "", folder, "patient", ("arm", "drug"), generalise=rules)], folder)
        for rules in ({}, ALL_BLIND)
    )
    assert plain == blind


REFUSED = [
    ({"blind": False}, "Input should be True"),
    ({"pool": {}}, "at least 1 item"),
    ({"pool": {"treated": []}}, "at least 1 item"),
    ({"pool": {"a": ["x"], "b": ["x"]}}, "a code is pooled in one group"),
    ({"pool": {"Not a name": ["x"]}}, "should match pattern"),
    ({"pool": {"a": ["x"]}, "blind": True}, "takes one of"),
]


@pytest.mark.parametrize(("rule", "why"), REFUSED)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Generalisation.model_validate(rule)


def test_a_rule_that_does_not_fit_is_named() -> None:
    unknown = Generalisation.model_validate({"pool": {"a": ["active", "verum"]}})
    names = ("arm", "drug", "grade")
    assert list(problems_of_rules(PATIENT, names, {"arm": unknown, "drug": POOL})) == [
        "patient: verum is no code of arm, and can not be pooled",
        "patient: drug is of type text, which pool does not fit",
    ]
    assert list(problems_of_rules(PATIENT, names, ALL_BLIND)) == []


def test_a_rule_is_read_again_as_it_was_written_down() -> None:
    for rule in (BLIND, POOL):
        assert Generalisation.model_validate(json.loads(json.dumps(rule.given))) == rule


def test_letters_go_on_after_z() -> None:
    assert [letter(place) for place in (0, 25, 26, 51, 52, 701)] == ["A", "Z", "AA", "AZ", "BA", "ZZ"]
