"""What a cut holds in place of a value: declared, refused where it does not fit, and never giving itself away."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import InvalidInput
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import EditionManifest, TableEntry
from data_catalog.filter import variables_of
from data_catalog.generalisation import Generalisation, described, filter_notes, problems_of_rules
from data_catalog.models import DatasetDeclaration
from data_catalog.pseudonyms import offset_days, pseudonym
from tests.support.catalog import empty_views

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))


def _variable(name: str, kind: str, **more: object) -> dict[str, object]:
    sensitivity = "identifier" if kind == "identifier" else "quasi-identifier"
    return {"name": name, "label": name, "type": kind, "sensitivity": sensitivity, "may_be_missing": True, **more}


PRECISION = {"codes": {"day": "day", "month": "month", "year": "year"}}
VARIABLES = [
    {**_variable("patient_id", "identifier"), "may_be_missing": False},
    _variable("visit_date", "date", precision="visit_precision"),
    _variable("visit_precision", "code", **PRECISION),
    _variable("seen", "date"),
    _variable("age", "integer"),
    _variable("edss", "decimal"),
]
DECLARATION = DatasetDeclaration.model_validate(
    {
        "id": "clinic",
        "label": "Clinic",
        "source": "a test",
        "licence": "CC0",
        "tables": [
            {"name": name, "label": name, "person": "patient_id", "variables": VARIABLES}
            for name in ("visit", "relapse")
        ],
    }
)
_KINDS = {"patient_id": pa.string(), "visit_date": pa.date32(), "visit_precision": pa.string()}
KINDS = pa.schema({**_KINDS, "seen": pa.date32(), "age": pa.int64(), "edss": pa.float64()})
Row = tuple[str, date | None, str | None, date | None, int | None, float | None]
Make = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Cut rows with rules and return them; every table has the same rows."""

    def cut(rows: list[Row], variables: tuple[str, ...], key: bytes = KEY, table: str = "visit", **rules: object):
        folder = tmp_path_factory.mktemp("cut")
        (folder / "vault").mkdir()
        (folder / "cut").mkdir()
        columns = dict(zip(KINDS.names, zip(*rows, strict=True), strict=True))
        entries = []
        for name in ("visit", "relapse"):
            pq.write_table(
                pa.table({k: list(v) for k, v in columns.items()}, KINDS), folder / "vault" / f"{name}.parquet"
            )
            entries.append(TableEntry(table=name, path=f"{name}.parquet", sha256="", bytes=0, rows=len(rows)))
        manifest = EditionManifest(
            dataset="clinic", number=1, declaration_sha256="", synthetic=True, published_by="dana",
            published_at=datetime(2026, 1, 1, tzinfo=UTC), sources=(), tables=tuple(entries),
        )  # fmt: skip
        made = {name: Generalisation.model_validate(rule) for name, rule in rules.items()}
        one = CutTable(DECLARATION, manifest, "", folder / "vault", "visit", variables, generalise=made)
        request = CutRequest("p", 1, datetime(2026, 1, 1, tzinfo=UTC), key, (one, replace(one, table_id="relapse")))
        make_cut(request, folder / "cut", folder, empty_views)
        return duckdb.sql(f"FROM '{folder}/cut/clinic/{table}.parquet'").fetchall()

    return cut


def row(person: str = "a", **values: object) -> Row:
    return (person, *(values.get(name) for name in KINDS.names[1:]))  # type: ignore[return-value]


VALUES = {
    "a band of whole numbers": ("age", {"band": 5}, [17, 20, None], ["15-19", "20-24", None]),
    "a band of decimals": ("edss", {"band": 2}, [0.0, 3.5, None], ["0.0 to <2.0", "2.0 to <4.0", None]),
    "edges": ("age", {"band": [18, 30]}, [17, 18, 29, 30, None], ["<18", "18-29", "18-29", ">=30", None]),
    "edges of decimals": ("edss", {"band": [2, 4.5]}, [1.5, 4.0, 6.0], ["<2", "2 to <4.5", ">=4.5"]),
    "round": ("edss", {"round": 2}, [0.5, 3.5, None], [0.0, 4.0, None]),
    "round a whole number": ("age", {"round": 10}, [34, 36], [30, 40]),
    "top": ("age", {"top_code": 80}, [79, 91, None], [79, 80, None]),
    "top and bottom": ("age", {"top_code": 80, "bottom_code": 20}, [12, 50, 91, None], [20, 50, 80, None]),
    "year": ("seen", {"truncate": "year"}, [date(2001, 5, 7), None], [date(2001, 1, 1), None]),
    "month": ("seen", {"truncate": "month"}, [date(2001, 5, 7)], [date(2001, 5, 1)]),
}


@pytest.mark.parametrize(("name", "rule", "values", "kept"), VALUES.values(), ids=VALUES)
def test_what_is_kept(make: Make, name: str, rule: object, values: list[object], kept: list[object]) -> None:
    rows = make([row(f"p{n}", **{name: value}) for n, value in enumerate(values)], (name,), **{name: rule})
    assert Counter(row[1] for row in rows) == Counter(kept)


def test_a_truncated_date_is_no_preciser_than_it_says(make: Make) -> None:
    rows = [row(p, visit_date=date(2001, 5, 7), visit_precision=p) for p in ("day", "month", "year")]
    made = make(rows, ("visit_date", "visit_precision"), visit_date={"truncate": "month"})
    assert sorted(made_row[2] for made_row in made) == ["month", "month", "year"]  # type: ignore[type-var]
    made = make(rows, ("visit_date", "visit_precision"), visit_date={"truncate": "year"})
    assert {made_row[2] for made_row in made} == {"year"}


dates = st.dates(date(1950, 1, 1), date(2026, 1, 1))


@settings(max_examples=8, deadline=None)
@given(visits=st.lists(st.tuples(st.sampled_from("abcde"), dates), min_size=1, max_size=20, unique=True))
def test_moving_keeps_the_days_between_in_every_table_and_is_the_projects_own(
    make: Make, visits: list[tuple[str, date]]
) -> None:
    rows = [row(person, seen=day) for person, day in visits]
    for key in (KEY, OTHER_KEY):
        moved = {person: timedelta(offset_days(key, "clinic", person, 30)) for person, _ in visits}
        expected = sorted((pseudonym(key, "clinic", person), day + moved[person]) for person, day in visits)
        assert all(timedelta(0) < abs(days) <= timedelta(30) for days in moved.values())
        for table in ("visit", "relapse"):
            assert make(rows, ("seen",), key, table, seen={"shift": 30}) == expected


def test_every_number_of_days_but_none_is_as_likely() -> None:
    drawn = Counter(offset_days(KEY, "clinic", str(person), 3) for person in range(6000))
    assert set(drawn) == {-3, -2, -1, 1, 2, 3}
    assert min(drawn.values()) > 850


def test_two_projects_move_the_same_people_by_days_of_their_own() -> None:
    mine, other = ([offset_days(key, "clinic", str(p), 30) for p in range(500)] for key in (KEY, OTHER_KEY))
    assert sum(a == b for a, b in zip(mine, other, strict=True)) < 30


def test_a_date_known_to_the_year_does_not_give_the_number_away(make: Make) -> None:
    """Moved as it is kept, the first of January would be the secret number of days from where it stands."""
    people = [f"p{n}" for n in range(40)]
    rows = [row(p, visit_date=date(2001, 1, 1), visit_precision="year") for p in people]
    rows += [row(p, visit_date=date(2001, 5, 1), visit_precision="month") for p in people]
    naive = {date(2001, 1, 1) + timedelta(offset_days(KEY, "clinic", p, 30)) for p in people}
    assert len(naive) > 20
    made = make(rows, ("visit_date", "visit_precision"), visit_date={"shift": 30})
    assert {day for _, day, precision in made if precision == "year"} == {date(2001, 1, 1)}
    assert {day for _, day, precision in made if precision == "month"} <= {date(2001, m, 1) for m in (4, 5, 6)}
    assert {len(found) for found in make(rows, ("visit_date",), visit_date={"shift": 30})} == {2}, "nor is it read out"


UNFIT = {
    "a shift of a number": ({"age": {"shift": 5}}, "shift does not fit"),
    "a band of a date": ({"seen": {"band": 5}}, "band does not fit"),
    "half years of age": ({"age": {"round": 0.5}}, "round does not fit"),
    "a code": ({"visit_precision": {"band": 5}}, "band does not fit"),
    "not in the cut": ({"edss": {"band": 5}}, "not among the variables"),
    "unknown": ({"egg": {"band": 5}}, "not among the variables"),
    "two shifts": ({"seen": {"shift": 5}, "visit_date": {"shift": 6}}, "no intervals any more"),
}


@pytest.mark.parametrize(("rules", "said"), UNFIT.values(), ids=UNFIT)
def test_a_rule_that_does_not_fit_is_refused(make: Make, rules: dict[str, object], said: str) -> None:
    variables = ("visit_date", "visit_precision", "seen", "age")
    parsed = {name: Generalisation.model_validate(rule) for name, rule in rules.items()}
    (problem,) = problems_of_rules(DECLARATION.tables[0], variables, parsed)
    assert said in problem
    with pytest.raises(InvalidInput, match=said):
        make([row()], variables, **rules)


NO_RULES: list[dict[str, object]] = [
    {}, {"band": 5, "round": 5}, {"shift": 0}, {"shift": 400}, {"band": []}, {"band": [3, 2]}, {"band": 0},
    {"round": 0}, {"top_code": 1, "bottom_code": 2}, {"truncate": "day"}, {"mask": True},
]  # fmt: skip


@pytest.mark.parametrize("rule", NO_RULES, ids=str)
def test_what_is_no_rule(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Generalisation.model_validate(rule)


def test_the_dictionary_says_so_and_the_committee_is_told_of_filters() -> None:
    table = DECLARATION.tables[0]
    rules = {"age": Generalisation(band=5)}
    age = described(table.variables[4], rules)
    assert (age.type, age.description) == ("text", "Generalised: bands of 5.")
    assert filter_notes(table, variables_of("edss > 2", table), rules) == []
    (note,) = filter_notes(table, variables_of("edss > 2 and age = 34", table), rules)
    assert "the row filter is on age, which the cut generalises (bands of 5)" in note
