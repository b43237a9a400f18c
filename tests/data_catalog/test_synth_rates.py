"""The synthetic disease course shows the published rates it was drawn from, within sampling error."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from data_catalog.synth.course import Setting
from data_catalog.synth.events import _INFECTIONS as INFECTIONS
from data_catalog.synth.neutral import CHUNK, Tables, chunks, draw_tables
from data_catalog.synth.rates import CLASSES, by_class, relapse_rates, transition_matrix
from data_catalog.synth.treatments import drugs

SETTING = Setting(date(1998, 1, 1), date(2025, 8, 31), oct=0.05, ris=0.02)
PEOPLE = 40_000
STATES = sum((pl.col("edss") >= first).cast(pl.Int32) for first in (1, 4, 6.5))

BOUND = 4.0
"""Standard errors an observed rate may be off: by chance alone once in 16,000 comparisons."""


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Give the neutral tables of 40,000 people."""
    parts = list(chunks(SETTING, PEOPLE, (3,)))
    return {
        name: pl.concat([chunk[name].with_columns(pl.col("person") + first) for first, chunk in parts])
        for name in parts[0][1]
    }


def off(observed: float, expected: float, error: float) -> float:
    """Return how many standard errors an observed rate is off the published one."""
    return abs(observed - expected) / error


def share_off(hits: int, of: int, expected: float) -> float:
    """Return how far a share is off, in standard errors."""
    return off(hits / of, expected, np.sqrt(expected * (1 - expected) / of))


def rate_off(count: int, time: float, expected: float) -> float:
    """Return how far a rate of events is off, in standard errors."""
    return off(count / time, expected, np.sqrt(expected / time))


def test_women_ppms_and_onset(tables: Tables) -> None:
    patient = tables["patient"]
    assert share_off((patient["sex"] == "female").sum(), PEOPLE, 0.72) < BOUND
    assert share_off((patient["course"] == "ppms").sum(), PEOPLE, 1373 / 15826) < BOUND
    age = ((patient["onset_date"] - patient["birth_date"]).dt.total_days() / 365.25).median()
    assert 28 <= age <= 32


def transitions(states: pl.DataFrame) -> pl.DataFrame:
    """Return the counts of states a year apart, by phase."""
    later = states.select("person", pl.col("year") - 1, pl.col("state").alias("next"))
    return states.join(later, on=["person", "year"]).group_by("phase", "state", "next").len().sort("phase", "state")


def states_of(tables: Tables, source: str) -> pl.DataFrame:
    """Return everybody's state by year since onset: as drawn, or as the first visit of each year shows it."""
    drawn = tables["year"].select("person", "year", "phase", STATES.alias("state"))
    if source == "drawn":
        return drawn
    days = (pl.col("visit_date") - pl.col("onset_date")).dt.total_days()
    visits = tables["visit"].drop_nulls("edss").join(tables["patient"].select("person", "onset_date"), on="person")
    seen = visits.with_columns(year=(days / 365.25).floor().cast(pl.Int32), state=STATES)
    seen = seen.unique(["person", "year"], keep="first", maintain_order=True).select("person", "year", "state")
    return seen.join(drawn.drop("state"), on=["person", "year"])


@pytest.mark.parametrize("source", ["drawn", "visits"])
def test_edss_moves_between_states_at_the_published_rates(tables: Tables, source: str) -> None:
    counts = transitions(states_of(tables, source))
    published = {(0, 0): 0.5424, (1, 1): 0.8202, (2, 2): 0.6986, (3, 3): 0.7783}
    published |= {(0, 1): 0.4231, (1, 2): 0.1138, (2, 3): 0.0941}
    relapsing = counts.filter(pl.col("phase") == "rrms")
    for (state, after), expected in published.items():
        rows = relapsing.filter(pl.col("state") == state)
        hits = rows.filter(pl.col("next") == after)["len"].sum()
        assert share_off(hits, rows["len"].sum(), expected) < BOUND, (state, after)
        assert share_off(hits, rows["len"].sum(), expected * 0.85) > BOUND, "so many would show a rate 15% off"


def test_worsening_is_two_and_a_half_times_as_likely_in_spms(tables: Tables) -> None:
    counts = transitions(states_of(tables, "drawn")).filter(pl.col("phase") == "spms")
    relapsing = transition_matrix()
    for state in range(3):
        rows = counts.filter(pl.col("state") == state)
        expected = 1 - (1 - relapsing[state, state + 1 :].sum()) ** 2.509
        hits = rows.filter(pl.col("next") > state)["len"].sum()
        assert share_off(hits, rows["len"].sum(), expected) < BOUND, state


def test_rows_of_the_matrix_are_shares_and_keep_the_published_numbers() -> None:
    for matrix in (transition_matrix(), transition_matrix(2.509)):
        assert np.allclose(matrix.sum(axis=1), 1)
        assert (matrix >= 0).all()
    assert np.allclose(np.diag(transition_matrix()), [0.5424, 0.8202, 0.6986, 0.7783])


def test_people_convert_to_spms_at_the_published_rate(tables: Tables) -> None:
    year = tables["year"]
    later = year.select("person", pl.col("year") - 1, pl.col("phase").alias("next"))
    at_risk = year.filter(pl.col("phase") == "rrms").join(later, on=["person", "year"])
    assert share_off((at_risk["next"] == "spms").sum(), len(at_risk), 0.046) < BOUND


def relapse_counts(tables: Tables, kind: str = "none") -> pl.DataFrame:
    """Return relapses and person-years on a drug class, by phase and EDSS, of people whose course has relapses."""
    days = (pl.col("relapse_date") - pl.col("onset_date")).dt.total_days()
    relapses = tables["relapse"].join(tables["patient"].select("person", "onset_date"), on="person")
    per_year = relapses.group_by("person", year=(days / 365.25).floor().cast(pl.Int32)).len()
    whole = tables["year"].filter((pl.col(f"on_{kind}") > 0.9999) & ~pl.col("isolated"))
    return (
        whole.join(per_year, on=["person", "year"], how="left")
        .group_by("phase", score=pl.col("edss").floor().cast(pl.Int32))
        .agg(pl.col("len").sum(), time=(pl.col("until") - pl.col("since")).sum() / 365.25)
    )


PUBLISHED_RELAPSES = {
    "rrms": dict(enumerate([0.71, 0.73, 0.68, 0.72, 0.71, 0.59, 0.49, 0.51, 0.51, 0.51])),
    "spms": dict(enumerate([0.47, 0.88, 0.55, 0.52, 0.45, 0.34, 0.34, 0.34], start=2)),
    "ppms": dict.fromkeys(range(10), 0.02),
}


@pytest.mark.parametrize("phase", PUBLISHED_RELAPSES)
def test_untreated_relapses_by_edss(tables: Tables, phase: str) -> None:
    counts = relapse_counts(tables).filter(pl.col("phase") == phase)
    for score, expected in PUBLISHED_RELAPSES[phase].items():
        row = counts.filter(pl.col("score") == score)
        # Two relapses on one day are one: at most one in a thousand.
        assert rate_off(row["len"].item(), row["time"].item(), expected * 0.999) < BOUND, score


def test_nobody_with_spms_relapses_below_edss_2(tables: Tables) -> None:
    below = relapse_counts(tables).filter((pl.col("phase") == "spms") & (pl.col("score") < 2))
    assert below["time"].sum() > 1000
    assert below["len"].sum() == 0


@pytest.mark.parametrize(
    ("kind", "ratio"),
    [
        ("injectable", 0.68),
        ("oral", 0.55),
        ("s1p", 0.46),
        ("natalizumab", 0.32),
        ("anti_cd20", 0.35),
        ("induction", 0.4),
    ],
)
def test_treatment_lowers_relapses(tables: Tables, kind: str, ratio: float) -> None:
    on = relapse_counts(tables, kind).filter(pl.col("phase") == "rrms")
    untreated = relapse_rates()[0][on["score"].to_numpy()]
    expected = float((on["time"].to_numpy() * untreated).sum()) * ratio * 0.999
    assert rate_off(on["len"].sum(), 1.0, expected) < BOUND
    assert rate_off(on["len"].sum(), 1.0, expected * 0.8) > BOUND, "so many would show a ratio a fifth off"


SERIOUS_INFECTIONS = {"none": 5.2, "injectable": 8.9, "natalizumab": 11.4, "s1p": 14.3, "anti_cd20": 19.7}
"""Published, per 1,000 person-years."""


def serious_events(tables: Tables, kind: str) -> tuple[pl.DataFrame, float]:
    """Return the serious events of people on a drug class, and the person-years on it."""
    known = {name: CLASSES[place] for name, place in zip(drugs().names, drugs().kind, strict=True)}
    of = pl.col("suspected_drug").replace_strict(known, default="none", return_dtype=pl.String)
    on = pl.col(f"on_{kind}") * (pl.col("until") - pl.col("since"))
    events = tables["adverse_event"].filter(of.fill_null("none") == kind)
    return events, tables["year"].select(on.sum() / 365.25).item()


@pytest.mark.parametrize("kind", SERIOUS_INFECTIONS)
def test_serious_infections_by_drug_class(tables: Tables, kind: str) -> None:
    events, time = serious_events(tables, kind)
    infections = events.filter(pl.col("term").is_in(INFECTIONS))
    assert rate_off(len(infections), time, SERIOUS_INFECTIONS[kind] / 1000) < BOUND


@pytest.mark.parametrize("kind", CLASSES)
def test_serious_events_of_all_kinds_by_drug_class(tables: Tables, kind: str) -> None:
    events, time = serious_events(tables, kind)
    infections = by_class("infections", "infections_rest")[CLASSES.index(kind)]
    assert rate_off(len(events), time, (infections + 11.0) / 1000) < BOUND


def test_reasons_to_stop_lie_in_the_published_ranges(tables: Tables) -> None:
    stopped = tables["treatment"]["stop_reason"].drop_nulls()
    share = {reason: (stopped == reason).sum() / len(stopped) for reason in ("adverse_event", "lack_of_efficacy")}
    assert 0.22 <= share["adverse_event"] <= 0.30
    assert 0.35 <= share["lack_of_efficacy"] <= 0.41
    assert 0.30 <= 1 - sum(share.values()) <= 0.43


def brain_scans(tables: Tables, phase: str) -> pl.DataFrame:
    """Return brain scans of people never on a drug, in a phase, with the years since the scan before."""
    days = (pl.col("mri_date") - pl.col("onset_date")).dt.total_days()
    scans = tables["mri"].filter(pl.col("region") == "brain")
    scans = scans.join(tables["patient"].select("person", "onset_date"), on="person").with_columns(
        year=(days / 365.25).floor().cast(pl.Int32),
        gap=pl.col("mri_date").diff().over("person").dt.total_days() / 365.25,
    )
    treated = tables["treatment"].filter(pl.col("kind") == "disease_modifying")
    return (
        scans.join(tables["year"], on=["person", "year"])
        .join(treated, on="person", how="anti")
        .filter(pl.col("phase") == phase)
    )


def test_enhancing_lesions_of_untreated_rrms(tables: Tables) -> None:
    lesions = brain_scans(tables, "rrms").drop_nulls("t1_gd_lesions").unique("person", keep="first")["t1_gd_lesions"]
    assert off(lesions.mean(), 1.19, lesions.std() / np.sqrt(len(lesions))) < BOUND


@pytest.mark.parametrize(("years", "expected"), [(0.5, 0.39), (2.0, 0.19)])
def test_shares_without_new_t2_lesions(tables: Tables, years: float, expected: float) -> None:
    scans = brain_scans(tables, "rrms").filter((pl.col("gap") - years).abs() < years / 10)
    one_each = scans.unique("person", keep="first")
    assert len(one_each) > 300
    assert share_off((one_each["t2_new_lesions"] == 0).sum(), len(one_each), expected) < BOUND


def test_scans_of_untreated_ppms(tables: Tables) -> None:
    scans = brain_scans(tables, "ppms").unique("person", keep="first")
    enhancing = scans["t1_gd_lesions"].drop_nulls()
    assert share_off((enhancing > 0).sum(), len(enhancing), 0.247) < BOUND
    entry = tables["patient"].select("person", "entry_date")
    early = scans.join(entry, on="person").filter((pl.col("mri_date") - pl.col("entry_date")).dt.total_days() < 365)
    for measure, mean, spread in (("t2_volume", 10.9, 13.0), ("brain_volume", 1470, 89)):
        values = early[measure].drop_nulls()
        assert off(values.mean(), mean, spread / np.sqrt(len(values))) < BOUND, measure


def test_brains_shrink_as_in_oratorio(tables: Tables) -> None:
    """1.09% in 96 weeks are 0.59% a year."""
    scans = brain_scans(tables, "ppms").drop_nulls(["pbvc", "gap"]).filter(pl.col("gap") > 0.5)
    yearly = scans["pbvc"] / scans["gap"]
    published = 100 * ((1 - 0.0109) ** (365.25 / 7 / 96) - 1)
    assert off(yearly.mean(), published, yearly.std() / np.sqrt(len(yearly))) < BOUND


def test_deaths_lie_in_the_published_interval(tables: Tables) -> None:
    time = tables["year"].select((pl.col("until") - pl.col("since")).sum() / 365.25).item()
    crude = 1000 * tables["patient"]["death_date"].count() / time
    assert 6.81 <= crude <= 14.02


def test_dates_are_in_the_order_of_a_life(tables: Tables) -> None:
    patient = tables["patient"]
    extracted = SETTING.extracted
    assert (patient["birth_date"] < patient["onset_date"]).all()
    assert (patient["onset_date"] <= patient["diagnosis_date"]).all()
    assert (patient["onset_date"] < patient["progression_date"]).drop_nulls().all()
    age = (patient["onset_date"] - patient["birth_date"]).dt.total_days() / 365.25
    assert age.is_between(5, 75).all()
    for name, table in tables.items():
        days = [column for column in table.columns if column.endswith("_date")]
        if name in {"patient", "year"}:
            continue
        lives = table.join(patient.select("person", "death_date", "onset_date"), on="person")
        for day in days:
            assert (lives[day] <= extracted).drop_nulls().all(), (name, day)
            assert (lives[day] <= lives["death_date"]).drop_nulls().all(), (name, day)
        if name not in {"comorbidity"}:
            assert (lives[days[0]] >= lives["onset_date"]).drop_nulls().all(), name


def test_values_stay_where_the_common_data_model_has_them(tables: Tables) -> None:
    edss = tables["visit"]["edss"].drop_nulls()
    assert ((edss * 2) % 1 == 0).all()
    assert not (edss == 0.5).any()
    assert edss.is_between(0, 9.5).all()
    mri = tables["mri"]
    assert (mri["t1_gd_lesions"] <= mri["t2_lesions"]).mean() > 0.97
    assert (tables["treatment"]["stop_date"] >= tables["treatment"]["start_date"]).all()
    for table, key in {"visit": "visit_date", "relapse": "relapse_date", "function_test": "test_date"}.items():
        assert tables[table].select("person", key).is_unique().all(), table
    assert mri.select("person", "mri_date", "region").is_unique().all()
    women = tables["patient"].filter(pl.col("sex") == "female")["person"]
    assert tables["pregnancy"]["person"].is_in(women.implode()).all()


def test_the_same_seed_draws_the_same_tables_and_another_does_not() -> None:
    first, again, other = (draw_tables(SETTING, 200, seed) for seed in ((1, 0), (1, 0), (2, 0)))
    assert all(first[name].equals(again[name]) for name in first)
    assert not first["visit"].equals(other["visit"])


def test_people_are_drawn_in_chunks() -> None:
    """What bounds the memory: nobody beyond the chunk is drawn at once."""
    sizes = [len(chunk["patient"]) for _, chunk in chunks(Setting(date(2020, 1, 1), date(2025, 1, 1)), CHUNK + 5, (1,))]
    assert sizes == [CHUNK, 5]
