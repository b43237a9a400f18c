"""Where the records can not tell, an endpoint says so: imprecise dates, nobody watching, half a scan."""

from typing import Any

import duckdb
import pytest

from core.errors import InvalidInput
from data_catalog.endpoints.catalogue import standard_endpoints
from data_catalog.endpoints.compute import endpoint_tables
from tests.data_catalog.endpoints.rows import TABLES, drug, event, on, relapse, scan, visit
from tests.data_catalog.typed import Row, put

QUIET: dict[str, list[Row]] = {
    "patient": [{"patient_id": "a", "course": "rrms"}],
    "visit": [visit("a", day, 2) for day in (0, 200, 400, 700)],
}


def computed(endpoint: str, column: str, tables: dict[str, list[Row]]) -> Any:
    """One value of an endpoint of one person."""
    (definition,) = [each for each in standard_endpoints() if each.id == endpoint]
    with duckdb.connect() as connection:
        for name in TABLES:
            put(connection, name, *tables.get(name, []))
        (made,) = endpoint_tables(connection, [definition], {name: name for name in TABLES})
        ((value,),) = connection.execute(f"SELECT {column} FROM {made.table.name}").fetchall()
    return value


UNKNOWN = "not_assessable"
CLEAR = scan("a", 700, 0, 0)

# what it shows, relapses, scans, relapse, activity on MRI, NEDA-3, day of the first activity
NEDA: list[tuple[str, list[Row], list[Row], str, str, str, int | None]] = [
    ("nothing happened", [], [CLEAR], "no", "no", "yes", None),
    ("known to the year of the first visit", [relapse("a", -9, "year")], [CLEAR], UNKNOWN, "no", UNKNOWN, None),
    ("to a year that was watched", [relapse("a", 356, "year")], [CLEAR], "yes", "no", "no", 356),
    ("to the month of the first visit", [relapse("a", -9, "month")], [CLEAR], UNKNOWN, "no", UNKNOWN, None),
    ("to the month of the horizon", [relapse("a", 721, "month")], [CLEAR], UNKNOWN, "no", UNKNOWN, None),
    ("to the month before the first visit", [relapse("a", -40, "month")], [CLEAR], "no", "no", "yes", None),
    ("after the horizon", [relapse("a", 731)], [CLEAR], "no", "no", "yes", None),
    ("a scan known to the month", [], [scan("a", 356, 1, 0, precision="month"), CLEAR], "no", "yes", "no", 356),
    ("maybe before", [], [scan("a", -9, 1, 0, precision="month"), CLEAR], "no", UNKNOWN, UNKNOWN, None),
    ("no scan that counted new T2 lesions", [], [scan("a", 700, 0)], "no", UNKNOWN, UNKNOWN, None),
    ("new T2 lesions without contrast", [], [scan("a", 700, None, 1)], "no", "yes", "no", 700),
]


@pytest.mark.parametrize(("what", "relapses", "scans", "relapsed", "on_mri", "neda", "first_day"), NEDA)
def test_neda(
    what: str,
    relapses: list[Row],
    scans: list[Row],
    relapsed: str,
    on_mri: str,
    neda: str,
    first_day: int | None,
) -> None:
    columns = ("relapse", "mri_activity", "neda", "first_activity_days")
    found = tuple(computed("neda_3", column, QUIET | {"relapse": relapses, "mri": scans}) for column in columns)
    assert found == (relapsed, on_mri, neda, first_day), what


def test_nobody_is_free_of_a_milestone_that_no_second_visit_could_confirm() -> None:
    once = {"patient": QUIET["patient"], "visit": [visit("a", 0, 2)]}
    assert computed("edss_4_confirmed", "event", once) == "not_assessable"
    assert computed("edss_4_confirmed", "event", QUIET) == "no"


def test_nobody_is_free_of_conversion_whom_nobody_saw() -> None:
    assert computed("conversion_to_spms", "event", {"patient": QUIET["patient"]}) == "not_assessable"
    assert computed("conversion_to_spms", "event", QUIET) == "no"


@pytest.mark.parametrize(("precision", "days"), [("day", 356), ("month", 386), ("year", 700)])
def test_who_died_in_a_year_may_have_lived_to_its_end(precision: str, days: int) -> None:
    """Death is kept as 1 January 2011: known to the day, the month or the year, treatment can go on until its end."""
    dead = {"patient": [{"patient_id": "a", "course": "rrms", **on(356, "death", precision)}]}
    open_ended = {"treatment": [drug("a", "fingolimod", 0, None)]}
    watched = {"visit": [visit("a", day, 2) for day in (0, 386 if precision == "month" else 700)]}
    found = computed("years_on_treatment", "treated_days", QUIET | dead | open_ended | watched)
    assert found == min(days, 720)


@pytest.mark.parametrize(
    ("last_visit", "days", "events"),
    [(700, 190, 1), (150, 150, 0), (50, 100, 0), (None, 100, 0)],
    ids=["watched all the time", "watched for a part", "not watched after the stop", "never watched"],
)
def test_days_after_a_stop_count_as_long_as_people_are_watched(last_visit: int | None, days: int, events: int) -> None:
    seen = [] if last_visit is None else [visit("a", 0, 2), visit("a", last_visit, 2)]
    tables = QUIET | {"visit": seen, "treatment": [drug("a", "fingolimod", 0, 100)], "adverse_event": [event("a", 170)]}
    found = [computed("serious_events_on_treatment", column, tables) for column in ("treated_days", "serious_events")]
    assert found == [days, events]


def test_two_scores_of_a_day_are_refused() -> None:
    twice = QUIET | {"visit": [visit("a", 0, 2), visit("a", 0, 3), visit("a", 200, 3)]}
    with pytest.raises(InvalidInput, match="two scores on one day"):
        computed("cdw_84d_fixed_5_5", "event", twice)
