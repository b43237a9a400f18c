"""Endpoints of a small dataset of the model, by hand; and one of them in a project's cut without the visits."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.database import Database
from core.errors import InvalidInput
from core.people.models import Person
from core.settings import Settings
from data_catalog.cdm import cdm_table
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.editions import check_files
from data_catalog.endpoints.catalogue import standard_endpoints
from data_catalog.endpoints.compute import NEEDS, Computed, computable, endpoint_tables, with_endpoints
from data_catalog.engine import identifier
from data_catalog.models import DatasetDeclaration
from data_catalog.publication import Prepared, publish_edition, write_tables
from data_catalog.service import edition
from tests.data_catalog.endpoints.rows import TABLES, drug, event, on, relapse, scan, visit
from tests.data_catalog.typed import Row, put
from tests.support.catalog import ON_ONE_ENGINE, empty_views

PATIENTS: list[Row] = [
    {"patient_id": "worse", "course": "rrms"},
    {"patient_id": "stable", "course": "rrms"},
    {"patient_id": "active", "course": "spms", **on(1000, "progression")},
    {"patient_id": "early", "course": "spms", **on(-400, "progression", "year")},
    {"patient_id": "unseen", "course": "ppms"},
    {"patient_id": "long", "course": "ppms"},
    {"patient_id": "died", "course": "cis", **on(500, "death")},
]
VISITS: list[Row] = [
    *(visit("worse", day, edss) for day, edss in ((0, 2), (200, 3), (400, 3), (700, 3))),
    visit("worse", 90, None),
    visit("worse", 50, 6, "month"),
    *(visit("stable", day, 2) for day in (0, 200, 400, 700)),
    *(visit("active", day, 4) for day in (0, 365)),
    visit("early", 0, 5),
    *(visit("long", day, 4) for day in (0, 300)),
    visit("died", 0, 1),
    visit("died", 600, 1),
]
RELAPSES: list[Row] = [
    relapse("active", 0),
    relapse("active", 100),
    relapse("active", 120),
    relapse("active", 365, "month"),
    relapse("active", 300, "year"),
    relapse("active", 366),
]
SCANS: list[Row] = [
    scan("stable", 350, 0, 0),
    scan("stable", 700, None, 0),
    scan("stable", 710, 3, region="spinal_cord"),
    scan("active", 300, 2),
    scan("worse", 720, None),
]
TREATMENTS: list[Row] = [
    drug("stable", "ocrelizumab", 0, 100),
    drug("stable", "ocrelizumab", 50, 150),
    drug("stable", "ocrelizumab", 150, 200),
    drug("stable", "ocrelizumab", 300, 310),
    drug("stable", "fingolimod", 600, None),
    drug("active", "fingolimod", 100, 200, "year"),
    drug("died", "fingolimod", 400, None),
    drug("worse", "baclofen", 0, 100, kind="symptomatic"),
]
EVENTS: list[Row] = [
    event("stable", 0),
    event("stable", 289),
    event("stable", 290),
    event("stable", 5, "not_serious"),
    event("stable", 6, precision="year"),
    event("died", 450, "death"),
]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name, rows in zip(TABLES, (PATIENTS, VISITS, RELAPSES, SCANS, TREATMENTS, EVENTS), strict=True):
            put(connection, name, *rows)
        yield connection


@pytest.fixture(scope="module")
def computed(connection: duckdb.DuckDBPyConnection) -> dict[str, Computed]:
    made = endpoint_tables(connection, standard_endpoints(), {name: name for name in TABLES})
    return {each.definition.id: each for each in made}


Read = Any


@pytest.fixture
def read(connection: duckdb.DuckDBPyConnection, computed: dict[str, Computed]) -> Read:
    """Some columns of an endpoint's table by person (and drug)."""

    def rows(endpoint: str, *columns: str) -> dict[Any, tuple[Any, ...]]:
        table = computed[endpoint].table
        keys, names = table.unique, ", ".join(map(identifier, columns))
        found = connection.execute(f"SELECT {', '.join(keys)}, {names} FROM {table.name}").fetchall()
        return {row[0] if len(keys) == 1 else row[: len(keys)]: row[len(keys) :] for row in found}

    return rows


def test_worsening(read: Read) -> None:
    columns = ("event", "event_days", "confirmed_days", "event_edss", "baseline_days", "baseline_edss", "followup_days")
    assert read("cdw_168d_fixed_5_5", *columns) == {
        "worse": ("yes", 200, 400, 3.0, 0, 2.0, 700),
        "stable": ("no", None, None, None, 0, 2.0, 700),
        "active": ("not_assessable", None, None, None, None, None, 365),
        "early": ("not_assessable", None, None, None, None, None, 0),
        "unseen": ("not_assessable", None, None, None, None, None, None),
        "died": ("no", None, None, None, 0, 1.0, 600),
        "long": ("no", None, None, None, 0, 4.0, 300),
    }


def test_every_worsening(read: Read) -> None:
    """A row per event with its number, in days since the first visit; nobody without an event has a row."""
    columns = ("event_days", "confirmed_days", "event_edss", "baseline_days", "baseline_edss", "followup_days")
    assert read("cdw_168d_roving_5_5_events", *columns) == {("worse", 1): (200, 400, 3.0, 0, 2.0, 700)}


@pytest.mark.parametrize("every", [each.id for each in standard_endpoints() if each.kind.endswith("_events")])
def test_the_first_of_every_event_is_the_first_event(read: Read, every: str) -> None:
    columns = ("event_days", "confirmed_days", "event_edss", "baseline_days", "baseline_edss", "followup_days")
    first = read(every.removesuffix("_events"), "event", *columns)
    numbered = {person: row for (person, number), row in read(every, *columns).items() if number == 1}
    assert numbered == {person: row[1:] for person, row in first.items() if row[0] == "yes"}


def test_visits_without_a_day_or_a_score_are_counted_as_not_used(read: Read) -> None:
    used = read("pira_168d_6_0", "visits_used", "visits_not_used")
    assert (used["worse"], used["unseen"]) == ((4, 2), (0, 0))


def test_milestone(read: Read) -> None:
    """A relapse known to the year only may lie near the visit that would confirm: it confirms nothing."""
    found = read("edss_4_confirmed", "event", "event_days")
    assert (found["active"], found["long"], found["unseen"]) == (("no", None), ("yes", 0), ("not_assessable", None))


def test_relapse_rate(read: Read) -> None:
    """Not the one of the first day, the one 20 days after another, the one known to the year, the one after the end."""
    found = read("annualised_relapse_rate", "relapses", "relapses_not_used", "observed_days", "annualised_rate")
    assert found["active"] == (2, 1, 365, pytest.approx(2 * 365.25 / 365, abs=1e-4))
    assert found["stable"] == (0, 0, 700, 0.0)
    assert found["early"] == (None, 0, None, None)
    assert found["unseen"] == (None, 0, None, None)


def test_neda(read: Read) -> None:
    found = read("neda_3", "neda", "relapse", "worsening", "mri_activity", "first_activity_days", "scans_used")
    assert found["stable"] == ("yes", "no", "no", "no", None, 2)
    assert found["worse"] == ("no", "no", "yes", "not_assessable", 200, 0)
    assert found["active"] == ("no", "yes", "not_assessable", "yes", 100, 0)
    assert found["died"] == ("not_assessable", "not_assessable", "not_assessable", "not_assessable", None, 0)


def test_conversion(read: Read) -> None:
    assert read("conversion_to_spms", "event", "event_days", "event_precision") == {
        "worse": ("no", None, None),
        "stable": ("no", None, None),
        "active": ("yes", 1000, "day"),
        "early": ("yes", None, "year"),
        "unseen": ("not_assessable", None, None),
        "died": ("no", None, None),
        "long": ("not_assessable", None, None),
    }


def test_time_on_treatment(read: Read) -> None:
    """Episodes that meet are one; one without a stop ends at the last visit or at death; no symptomatic drugs."""
    assert read("years_on_treatment", "episodes", "episodes_not_used", "treated_days") == {
        ("stable", "ocrelizumab"): (2, 0, 210),
        ("stable", "fingolimod"): (1, 0, 100),
        ("active", "fingolimod"): (0, 1, 0),
        ("died", "fingolimod"): (1, 0, 100),
    }


def test_serious_events_on_treatment(read: Read) -> None:
    """With 90 days after the stop: the episodes to day 290 and from 300 on, with the days between left out."""
    found = read("serious_events_on_treatment", "serious_events", "events_not_used", "treated_days")
    assert found["stable", "ocrelizumab"] == (2, 1, 290 + 100)
    assert found["stable", "fingolimod"] == (0, 1, 100)
    assert found["died", "fingolimod"] == (1, 0, 100)


def test_every_table_is_what_it_is_declared_to_be(
    connection: duckdb.DuckDBPyConnection, computed: dict[str, Computed]
) -> None:
    for each in computed.values():
        columns = connection.execute(f"DESCRIBE {each.table.name}").fetchall()
        assert [(name, kind) for name, kind, *_ in columns] == [(v.name, v.sql_type) for v in each.table.variables]
        coded = [variable for variable in each.table.variables if variable.codes]
        for variable in coded:
            found = connection.execute(f"SELECT DISTINCT {variable.name} FROM {each.table.name}").fetchall()
            assert {code for (code,) in found} - {None} <= set(variable.codes)


def test_without_relapses_nobody_can_say_that_something_is_independent_of_them(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    pira = [definition for definition in standard_endpoints() if definition.kind == "pira"]
    with pytest.raises(InvalidInput, match="can not be computed without relapse"):
        endpoint_tables(connection, pira, {"patient": "patient", "visit": "visit"})


def declaration(*tables: str) -> DatasetDeclaration:
    return DatasetDeclaration(
        id="small", label="A small dataset", source="synthetic", licence="none", tables=tuple(map(cdm_table, tables))
    )


def test_a_dataset_has_the_endpoints_its_tables_suffice_for() -> None:
    assert {each.kind for each in computable(declaration("patient", "visit"))} == {"conversion"}
    assert {each.kind for each in computable(declaration(*TABLES))} == set(NEEDS)


@ON_ONE_ENGINE
def test_a_project_has_the_endpoint_without_the_visits(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    tmp_path: Path,
    connection: duckdb.DuckDBPyConnection,
    computed: dict[str, Computed],
) -> None:
    endpoint = computed["cdw_168d_fixed_5_5"]
    whole = with_endpoints(declaration("patient", "visit", "relapse"), [endpoint])
    prepared, cut, work = (tmp_path / name for name in ("prepared", "cut", "work"))
    for folder in (prepared, cut, work):
        folder.mkdir()

    def query(table: Any) -> str:
        return f"SELECT {', '.join(identifier(v.name) for v in table.variables)} FROM {table.name}"

    entries = write_tables(connection, whole.tables, query, prepared)
    publish_edition(database, settings, people["dana"], Prepared(whole, prepared, True, (), entries))
    found = edition(database, "small")
    asked = CutTable(
        declaration=found.declaration,
        manifest=check_files(settings, found),
        manifest_sha256=found.manifest_sha256,
        folder=found.folder(settings),
        table_id=endpoint.table.name,
        variables=("event", "event_days", "followup_days"),
        row_filter="event <> 'not_assessable'",
    )
    make_cut(
        CutRequest("small-project", 1, datetime(2026, 6, 1, tzinfo=UTC), bytes(32), (asked,)), cut, work, empty_views
    )
    assert [path.name for path in (cut / "small").iterdir()] == ["endpoint_cdw_168d_fixed_5_5_v1.parquet"]
    rows = duckdb.sql(f"FROM read_parquet('{cut}/small/*.parquet')").fetchall()
    assert sorted(row[3] for row in rows) == [300, 600, 700, 700]
    assert [row[1:] for row in rows if row[1] == "yes"] == [("yes", 200, 700)]
    assert not {"worse", "stable", "died"} & {row[0] for row in rows}
