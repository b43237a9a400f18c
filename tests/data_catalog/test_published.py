"""Published numbers: rounded or held back by one rule, entered in the ledger once, and no exact count anywhere."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from core.audit.log import entries
from core.database import Database
from core.errors import Refused
from core.people.models import Person
from core.settings import Settings
from data_catalog.cdm import cdm_table
from data_catalog.models import Variable
from data_catalog.published.bins import bins_of
from data_catalog.published.marginals import NO_VALUE, PEOPLE, ROWS, WITH_VALUE
from data_catalog.published.policy import (
    HELD,
    MINIMUM_COUNT,
    Cell,
    published,
    published_cells,
    published_rows,
    rest_of,
    share,
)
from data_catalog.published.service import publish_numbers, published_numbers
from data_catalog.service import edition
from data_catalog.tables import published_number
from tests.support.catalog import ON_ONE_ENGINE
from tests.support.registries import cohort_rows, declare, publish_rows, publish_trials

COUNTS = {0: "<10", 1: "<10", 9: "<10", 10: "10", 14: "10", 15: "20", 24: "20", 95294: "95290"}


@pytest.mark.parametrize(("count", "shown"), COUNTS.items())
def test_a_count_of_people_is_rounded_and_never_small(count: int, shown: str) -> None:
    assert published(count) == shown


def test_many_rows_of_few_people_are_not_counted() -> None:
    assert (published_rows(500, 9), published_rows(504, 10)) == ("<10", "500")


CELLS = {
    "nobody is few": ([40, 30], ["40", "30"]),
    "a few are hidden by rounding alone": ([50, 50, 3], ["50", "50", HELD]),
    "nobody at all is hidden too": ([270, 130, 0, 0], ["270", "130", HELD, HELD]),
    "somebody must be left: the next smallest goes too": ([44, 9], [HELD, HELD]),
    "and the largest stays": ([100, 44, 64, 9], ["100", HELD, "60", HELD]),
    "too few can be left": ([45, 45, 0], [HELD, "50", HELD]),
    "all are few": ([3, 2], [HELD, HELD]),
}


@pytest.mark.parametrize(("people", "shown"), CELLS.values(), ids=CELLS)
def test_a_small_cell_is_not_left_for_subtraction(people: list[int], shown: list[str]) -> None:
    cells = [Cell(str(place), count) for place, count in enumerate(people)]
    assert list(published_cells(cells, sum(people), is_partition=True).values()) == shown


def test_without_the_second_cell_subtraction_finds_that_somebody_is_there() -> None:
    assert 53 - 44 == 9, "exact counts tell the small cell itself"
    assert rest_of([published(44)], published(53)) == (1, 19), "rounded ones that it is not empty"


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_what_is_held_back_can_be_empty_or_not_for_all_a_reader_knows(people: list[int]) -> None:
    cells = [Cell(str(place), count) for place, count in enumerate(people)]
    shown = list(published_cells(cells, sum(people), is_partition=True).values())
    values = [value for value in shown if value != HELD]
    held = [count for count, value in zip(people, shown, strict=True) if value == HELD]
    assert all(count >= MINIMUM_COUNT for count, value in zip(people, shown, strict=True) if value != HELD)
    if held and values and max(held) < MINIMUM_COUNT:
        least, most = rest_of(values, published(sum(people)))
        assert least <= 0
        assert most >= MINIMUM_COUNT - 1


def test_a_share_is_of_shown_counts_only() -> None:
    assert share("90", "100") == 0.9
    assert [share(HELD, "100"), share("<10", "100"), share("10", "<10"), share("10", "")] == [None] * 4


LABELS = {
    "edss": ["0 to under 1", "1 to under 2"],
    "fs_visual": ["0", "1"],
    "ambulation": ["0 to 1", "2 to 3"],
}


@pytest.mark.parametrize(("name", "first"), LABELS.items())
def test_bins_are_parts_of_the_declared_range(name: str, first: list[str]) -> None:
    variable = cdm_table("visit").variable(name)
    assert variable is not None
    bins = bins_of(variable)
    assert [one.label for one in bins[:2]] == first
    assert (bins[0].low, bins[-1].high) == (variable.minimum, variable.maximum)


def test_without_a_whole_range_there_are_no_bins() -> None:
    text = Variable.model_validate({"name": "note", "label": "Note", "type": "text", "sensitivity": "ordinary"})
    open_ended = text.model_copy(update={"type": "integer", "minimum": 0})
    assert (bins_of(text), bins_of(open_ended)) == ((), ())


@pytest.fixture
def trials(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Database:
    publish_trials(database, settings, people["dana"], tmp_path / "made")
    return database


def test_the_ledger_takes_an_editions_numbers_once_and_keeps_them(
    trials: Database, owned_database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    count = publish_numbers(trials, settings, people["dana"], "ms_cidr")
    assert count > 100
    assert publish_numbers(trials, settings, people["dana"], "ms_cidr") == 0
    with trials.read() as connection:
        rows = connection.execute(select(published_number)).mappings().all()
        (event,) = [one for one, _ in entries(connection) if one.action == "data_catalog:numbers:publish"]
    assert len(rows) == count
    assert event.detail == {"numbers": count}
    assert {(row["published_by"], row["rule"], row["kind"]) for row in rows} == {
        ("dana", "2026.1", "marginal"),
        ("dana", "2026.1", "quality"),
    }
    marginals = [row["value"] for row in rows if row["kind"] == "marginal"]
    assert all(re.fullmatch(rf"<10|{HELD}|[1-9][0-9]*0", value) for value in marginals)
    for change in (update(published_number).values(value="7"), delete(published_number)):
        with pytest.raises(DBAPIError), owned_database.write(people["dana"]) as tx:
            tx.record("test:ledger:change", "x")
            tx.execute(change)


@ON_ONE_ENGINE
def test_numbers_are_those_of_the_data_rounded(trials: Database, settings: Settings, people: dict[str, Person]) -> None:
    publish_numbers(trials, settings, people["dana"], "ms_cidr")
    rows = cohort_rows("ms_cidr", 400)
    numbers = {
        (one.subject, one.predicate, one.statistic): one.value
        for one in published_numbers(trials, edition(trials, "ms_cidr"))
    }
    women = sum(row["sex"] == "female" for row in rows["patient"])
    scored = {row["patient_id"] for row in rows["visit"] if row["edss"] is not None and 1 <= row["edss"] < 2}
    with_score = sum(row["edss"] is not None for row in rows["visit"])
    assert numbers["patient", "", PEOPLE] == "400"
    assert numbers["visit", "", ROWS] == published(len(rows["visit"]))
    assert numbers["patient.sex", "female", PEOPLE] == published(women)
    assert numbers["visit.edss", "1 to under 2", PEOPLE] == published(len(scored))
    assert numbers["visit.edss", "", WITH_VALUE] == published(with_score)
    assert numbers["patient.course", "ris", PEOPLE] == HELD, "four or so people"
    assert numbers["patient.sex", "male", PEOPLE] == published(len(rows["patient"]) - women)
    assert numbers["patient.sex", NO_VALUE, PEOPLE] == HELD
    assert not [key for key in numbers if "patient_id" in key[0]]


@ON_ONE_ENGINE
def test_of_fewer_than_ten_people_nothing_is_counted(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    publish_rows(
        database,
        settings,
        people["dana"],
        declare("few", "Few", "patient", "visit"),
        cohort_rows("few", 9),
        tmp_path / "made",
    )
    publish_numbers(database, settings, people["dana"], "few")
    found = published_numbers(database, edition(database, "few"))
    assert {(one.subject, one.value) for one in found} == {("patient", "<10"), ("visit", "<10")}


@ON_ONE_ENGINE
def test_publishing_numbers_is_the_data_managers(
    trials: Database, settings: Settings, people: dict[str, Person]
) -> None:
    with pytest.raises(Refused, match="data_catalog:numbers:publish"):
        publish_numbers(trials, settings, people["rosa"], "ms_cidr")
