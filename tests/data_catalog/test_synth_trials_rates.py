"""The course of the synthetic trials' people agrees with the published rates, within sampling error.

Trials are drawn at their full size, and not written. Bounds are 3.3 to 3.5 standard errors.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from data_catalog.synth.trials import design
from data_catalog.synth.trials.course import Study, draw_study, years_followed
from data_catalog.synth.trials.design import WEEKS_PER_YEAR
from data_catalog.synth.trials.events import _adverse_events
from data_catalog.synth.trials.measures import _function_tests
from data_catalog.synth.trials.people import draw_people, with_moments
from data_catalog.synth.trials.samples import _laboratory, _mri


@cache
def studies(profile: str) -> tuple[Study, ...]:
    """Return the full-size trials that follow one profile, drawn and not written."""
    wanted = design.profile(profile)
    drawn = design.trials(design.full_size(), design.default_seed())
    return tuple(draw_study(trial, draw_people(trial)) for trial in drawn if trial.rates == wanted)


def worsened(study: Study, weeks: int, treated: bool) -> tuple[float, float]:
    """Return who of an arm worsened by a week, confirmed at the next visit (Kaplan-Meier), and its error."""
    visits, trial = study.visits, study.trial
    scores = np.full((study.people.count, trial.most_visits), np.nan)
    scores[visits.who, visits.nth] = np.where(visits.done, visits.edss, np.nan)
    first = scores[:, :1]
    higher = scores >= first + np.select([first == 0, first <= 5.5], [1.5, 1.0], 0.5)
    confirmed = higher[:, :-1] & higher[:, 1:]
    when = np.where(confirmed.any(axis=1), confirmed.argmax(axis=1), 999)
    held, error = 1.0, 0.0
    for nth in range(1, weeks // trial.every + 1):
        at_risk = (study.people.treated == treated) & (when >= nth) & (study.people.stayed - 2 >= nth)
        events = int((at_risk & (when == nth)).sum())
        held *= 1 - events / at_risk.sum()
        error += events / (at_risk.sum() * (at_risk.sum() - events))
    return 1 - held, held * error**0.5


PROFILES = ("oratorio", "olympus", "promise", "expand", "freedoms")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("treated", [False, True])
def test_people_worsen_as_often_as_was_published(profile: str, treated: bool) -> None:
    """On placebo the published share, on treatment by the hazard ratio fewer."""
    rates = design.profile(profile)
    weeks = int(rates.number("progression", "weeks")) // 12 * 12
    ratio = rates.number("hazard_ratio", "ratio") if treated else 1.0
    expected = 1 - (1 - rates.share("progression")) ** (ratio * weeks / rates.number("progression", "weeks"))
    arms = [study for study in studies(profile) if (study.people.treated == treated).any()]
    results = [worsened(study, weeks, treated) for study in arms]
    precision = np.array([1 / error**2 for _, error in results])
    pooled = sum(share * weight for (share, _), weight in zip(results, precision, strict=True)) / precision.sum()
    relapses = 0.02 if profile == "freedoms" else 0.0  # a second relapse can confirm the first by chance
    assert abs(pooled - expected) < 3.3 / precision.sum() ** 0.5 + relapses


def blocks(study: Study) -> dict[str, dict[str, np.ndarray]]:
    return {block["test"]: block for block in [*_mri(study), *_laboratory(study), *_function_tests(study)]}


def at_first(study: Study, test: str) -> np.ndarray:
    block = blocks(study)[test]
    first = np.r_[True, block["who"][1:] != block["who"][:-1]]
    scale = 0.001 if test == "T2VOL" and study.trial.form["mri"] == "MO" else 1
    return block["value"][first] * scale


BASELINE: dict[str, tuple[Callable[[Study], np.ndarray], str, str]] = {
    "age": (lambda study: study.people.age + 0.5, "age", "mean"),
    "women": (lambda study: study.people.female * 100.0, "female", "percent"),
    "EDSS": (lambda study: study.people.edss, "edss", "mean"),
    "any enhancing lesion": (lambda study: (at_first(study, "GDLNUM") > 0) * 100.0, "gd", "percent"),
    "enhancing lesions": (lambda study: at_first(study, "GDLNUM"), "gd", "mean"),
    "T2 volume": (lambda study: at_first(study, "T2VOL"), "t2_volume", "mean"),
    "brain volume": (lambda study: at_first(study, "BRNVOL"), "brain_volume", "mean"),
}


@pytest.mark.parametrize("profile", ["oratorio", "expand", "freedoms"])
@pytest.mark.parametrize("measure", BASELINE)
def test_people_are_at_baseline_as_was_published(profile: str, measure: str) -> None:
    values, rate, part = BASELINE[measure]
    found = np.concatenate([values(study) for study in studies(profile)])
    assert abs(found.mean() - design.profile(profile).number(rate, part)) < 3.5 * found.std() / len(found) ** 0.5


CHANGES = {"T25FW": "walk", "T2VOL": "t2_volume_change", "BRNVOL": "brain_change"}


@pytest.mark.parametrize("profile", ["oratorio", "expand", "freedoms"])
@pytest.mark.parametrize("test", CHANGES)
@pytest.mark.parametrize("treated", [False, True])
def test_people_change_as_was_published(profile: str, test: str, treated: bool) -> None:
    """The mean log change a year between the first value and the last is that of the published percent."""
    rates = []
    for study in studies(profile):
        block = blocks(study)[test]
        last = np.r_[block["who"][1:] != block["who"][:-1], True]
        first = np.r_[True, last[:-1]]
        days = (block["date"][last].astype("datetime64[D]") - block["date"][first].astype("datetime64[D]")).astype(int)
        kept = (days > 300) & (study.people.treated[block["who"][first]] == treated)
        change = np.log(block["value"][last] / block["value"][first])
        rates.append(change[kept] / days[kept] * 365.25)
    found = np.concatenate(rates)
    found = found[~np.isnan(found)]
    expected = design.profile(profile).per_year(CHANGES[test], "active" if treated else "percent")
    assert abs(found.mean() - expected) < 3.5 * found.std() / len(found) ** 0.5 + 0.02 * abs(expected)


def a_year(counts: list[np.ndarray], years: list[np.ndarray]) -> tuple[float, float]:
    """Return the events a year of all people, and its error where some people have many."""
    count, time = np.concatenate(counts), np.concatenate(years)
    rate = count.sum() / time.sum()
    return rate, float(((count - rate * time) ** 2).sum() ** 0.5 / time.sum())


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("treated", [False, True])
def test_relapses_are_as_frequent_as_was_published(profile: str, treated: bool) -> None:
    rates = design.profile(profile)
    counts, years = [], []
    for study in studies(profile):
        of = study.people.treated == treated
        counts.append(np.bincount(study.relapses.who, minlength=study.people.count)[of])
        years.append(years_followed(study.trial, study.people)[of])
    expected = rates.number("relapses", "per_year") * (rates.number("relapses", "ratio") if treated else 1.0)
    found, error = a_year(counts, years)
    assert abs(found - expected) < 3.5 * error + 0.05 * expected  # those within a month of another count once


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("treated", [False, True])
def test_new_lesions_are_as_many_as_was_published(profile: str, treated: bool) -> None:
    rates = design.profile(profile)
    counts, years = [], []
    for study in studies(profile):
        of = study.people.treated == treated
        block = blocks(study)["T2NLNUM"]
        counts.append(np.bincount(block["who"], block["value"], minlength=study.people.count)[of])
        scans = np.bincount(block["who"], minlength=study.people.count)[of]
        years.append(scans * study.trial.scan_weeks / WEEKS_PER_YEAR)
    expected = rates.number("new_t2", "per_year") * (rates.number("new_t2_on_active", "ratio") if treated else 1.0)
    found, error = a_year(counts, years)
    assert abs(found - expected) < 3.5 * error


def test_serious_events_come_at_their_declared_rate() -> None:
    rates = design.profile("oratorio")
    events, years, deaths, people = {"Y": 0, "N": 0}, 0.0, 0, 0
    for study in (study for profile in PROFILES for study in studies(profile)):
        rows = next(_adverse_events(study)).rows
        for serious in events:
            events[serious] += int((rows["AESER"] == serious).sum())
        years += float(years_followed(study.trial, study.people).sum())
        deaths += int(study.people.died.sum())
        people += study.people.count
    declared = rates.number("adverse_events", "serious_per_year") * years
    assert abs(events["Y"] - deaths - declared) < 3.5 * declared**0.5
    everything = rates.number("adverse_events", "per_year") * years
    assert abs(sum(events.values()) - deaths - everything) < 3.5 * everything**0.5
    assert abs(deaths - rates.share("death") * people) < 3.5 * (rates.share("death") * people) ** 0.5


def test_a_distribution_has_the_moments_asked_for() -> None:
    points = np.arange(3, 7, 0.5)
    shares = with_moments(points, 4.7, 1.2)
    assert (shares @ points, (shares @ (points - 4.7) ** 2) ** 0.5) == pytest.approx((4.7, 1.2))
    assert min(shares) > 0
