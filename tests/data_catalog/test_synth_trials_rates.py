"""The course of the synthetic trials' people agrees with the published rates, within sampling error.

Trials are drawn at their full size, and not written. Bounds are 3.3 to 3.5 standard errors.
"""

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from data_catalog.synth.trials import design
from data_catalog.synth.trials.course import Study, draw_study, years_followed
from data_catalog.synth.trials.design import DESIGN
from data_catalog.synth.trials.measures import _function_tests
from data_catalog.synth.trials.people import draw_people, with_moments
from data_catalog.synth.trials.samples import _laboratory, _mri


@cache
def studies(profile: str) -> tuple[Study, ...]:
    """Return the full-size trials that follow one profile, drawn and not written."""
    wanted = design.profile(profile)
    drawn = design.trials(design.full_size(), design.default_seed())
    return tuple(draw_study(trial, draw_people(trial)) for trial in drawn if trial.rates == wanted)


def test_every_rate_says_where_it_comes_from() -> None:
    text = DESIGN.read_text(encoding="utf-8")
    written = [
        line for line in text.splitlines() if re.match(r"\w+ = \{", line) and not line.startswith(("arms", "form"))
    ]
    assert len(written) > 40
    assert all('source = "' in line for line in written)


def worsened(study: Study, weeks: int) -> tuple[float, float]:
    """Return who of the untreated worsened by a week, confirmed at the next visit (Kaplan-Meier), and its error."""
    visits, trial = study.visits, study.trial
    scores = np.full((study.people.count, trial.most_visits), np.nan)
    scores[visits.who, visits.nth] = np.where(visits.done, visits.edss, np.nan)
    first = scores[:, :1]
    higher = scores >= first + np.select([first == 0, first <= 5.5], [1.5, 1.0], 0.5)
    confirmed = higher[:, :-1] & higher[:, 1:]
    when = np.where(confirmed.any(axis=1), confirmed.argmax(axis=1), 999)
    held, error = 1.0, 0.0
    for nth in range(1, weeks // trial.every + 1):
        at_risk = ~study.people.treated & (when >= nth) & (study.people.stayed - 2 >= nth)
        events = int((at_risk & (when == nth)).sum())
        held *= 1 - events / at_risk.sum()
        error += events / (at_risk.sum() * (at_risk.sum() - events))
    return 1 - held, held * error**0.5


@pytest.mark.parametrize("profile", ["oratorio", "olympus", "promise", "expand", "freedoms"])
def test_people_on_placebo_worsen_as_often_as_was_published(profile: str) -> None:
    rates = design.profile(profile)
    weeks = int(rates.number("progression", "weeks")) // 12 * 12
    expected = 1 - (1 - rates.share("progression")) ** (weeks / rates.number("progression", "weeks"))
    results = [worsened(study, weeks) for study in studies(profile)]
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


@pytest.mark.parametrize("profile", ["expand", "freedoms"])
def test_relapses_are_as_frequent_as_was_published(profile: str) -> None:
    rates = design.profile(profile)
    for treated, ratio in ((False, 1.0), (True, rates.number("relapses", "ratio"))):
        relapses = years = 0.0
        for study in studies(profile):
            of = study.people.treated == treated
            relapses += np.bincount(study.relapses.who, minlength=study.people.count)[of].sum()
            years += years_followed(study.trial, study.people)[of].sum()
        expected = rates.number("relapses", "per_year") * ratio
        assert relapses / years == pytest.approx(expected, rel=0.1)  # those within a month of another count once


def test_a_distribution_has_the_moments_asked_for() -> None:
    points = np.arange(3, 7, 0.5)
    shares = with_moments(points, 4.7, 1.2)
    assert (shares @ points, (shares @ (points - 4.7) ** 2) ** 0.5) == pytest.approx((4.7, 1.2))
    assert min(shares) > 0
