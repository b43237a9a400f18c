"""The domains of images and samples: MO or NV for what was measured on MRI, LB for blood and cerebrospinal fluid."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from data_catalog.synth.trials.course import Study
from data_catalog.synth.trials.design import WEEKS_PER_YEAR
from data_catalog.synth.trials.frames import Domain, Qualifier, findings, iso, supplemental, timed
from data_catalog.synth.trials.people import Flags, Floats, Ints

Block = dict[str, Any]

MRI_TESTS = {
    "GDLNUM": "Number of T1 Gd-Enhancing Lesions",
    "T2LNUM": "Number of T2 Lesions",
    "T2NLNUM": "Number of New or Enlarging T2 Lesions",
    "T2VOL": "Volume of T2 Lesions",
    "BRNVOL": "Normalized Brain Volume",
    "PBVC": "Percent Brain Volume Change",
    "CORDAREA": "Upper Cervical Cord Area",
}
LAB_TESTS = {
    "NFL": "Neurofilament Light Chain",
    "GFAP": "Glial Fibrillary Acidic Protein",
    "LYM": "Lymphocytes",
    "IGGINDEX": "Immunoglobulin G Index",
    "OCB": "Oligoclonal Bands",
}
ASSAYS = {"NFL": "NfL Simoa homebrew", "GFAP": "GFAP Simoa discovery"}
"""Assays of the biomarkers: names of the kind trials use."""

_SHARE_WITH_BIOMARKERS = 0.6
_SHARE_WITH_FLUID = 0.3
_LARGEST_T2_CM3 = 120.0
"""A log-normal volume has no largest; a brain has."""


def sample_domains(study: Study) -> Iterator[Domain]:
    """Give the domain of MRI measures, and that of samples with its qualifiers."""
    domain = study.trial.form["mri"]
    label = {"MO": "Morphology", "NV": "Nervous System Findings"}[domain]
    yield Domain(domain, label, findings(domain, study, list(_mri(study)), MRI_TESTS))
    rows = findings("LB", study, list(_laboratory(study)), LAB_TESTS)
    yield Domain("LB", "Laboratory Test Results", rows)
    assay = np.array([ASSAYS.get(test, "") for test in rows["LBTESTCD"]])
    yield supplemental("LB", rows, [Qualifier("ASSAY", "Assay", assay)])


def _mri(study: Study) -> Iterator[Block]:
    draw = study.trial.draws("mri")
    followed = study.sessions.nth > 0
    yield from _lesions(study, draw)
    unit, factor = ("mm3", 1000) if study.trial.form["mri"] == "MO" else ("mL", 1)
    yield _at_sessions(study, "T2VOL", np.round(_t2_volume(study, draw), 3) * factor, unit)
    brain = _brain_change(study, draw)
    volume = draw.normal(*_mean_sd(study, "brain_volume"), study.people.count)[study.sessions.who]
    yield _at_sessions(study, "BRNVOL", np.round(volume * (1 + brain / 100), 1), "mL")
    yield _at_sessions(study, "PBVC", np.round(brain, 2), "%", only=followed)
    if study.trial.cord:
        yield _at_sessions(study, "CORDAREA", np.round(_cord_area(study, draw), 1), "mm2", "SPINAL CORD")


def _lesions(study: Study, draw: np.random.Generator) -> Iterator[Block]:
    """Give lesion counts: as many T2 lesions as ever were, with at least the enhancing ones among them."""
    who, nth = study.sessions.who, study.sessions.nth
    gd = _enhancing(study, draw)
    new = _new_t2(study, draw)
    base = draw.negative_binomial(2, 2 / (2 + 40), study.people.count)[who] + 3
    total = np.cumsum(np.where(nth == 0, 0, new))
    since_first = total - total[np.maximum.accumulate(np.where(nth == 0, np.arange(len(nth)), 0))]
    yield _at_sessions(study, "GDLNUM", gd)
    yield _at_sessions(study, "T2LNUM", np.maximum(base + since_first, gd))
    yield _at_sessions(study, "T2NLNUM", new, only=nth > 0)


def _enhancing(study: Study, draw: np.random.Generator) -> Ints:
    """Return enhancing lesions: none in most, one and then a geometric number in the published share."""
    rates, sessions = study.trial.rates, study.sessions
    share, mean = rates.share("gd"), rates.number("gd", "mean")
    on_drug = study.people.treated[sessions.who] & (sessions.nth > 0)
    any_at_all = draw.random(len(sessions.who)) < np.where(
        on_drug, share * rates.number("gd_on_active", "ratio"), share
    )
    return np.where(any_at_all, draw.geometric(share / mean, len(sessions.who)), 0)


def _new_t2(study: Study, draw: np.random.Generator) -> Ints:
    """Return new lesions since the session before; a person's frailty makes any interval's sum negative binomial."""
    rates, sessions = study.trial.rates, study.sessions
    shape = rates.number("new_t2", "shape")
    frailty = draw.gamma(shape, 1 / shape, study.people.count)
    ratio = np.where(study.people.treated, rates.number("new_t2_on_active", "ratio"), 1.0)
    years = study.trial.scan_weeks / WEEKS_PER_YEAR
    return draw.poisson(rates.number("new_t2", "per_year") * years * (frailty * ratio)[sessions.who])


def _t2_volume(study: Study, draw: np.random.Generator) -> Floats:
    mean, sd = _mean_sd(study, "t2_volume")
    spread = np.sqrt(np.log1p((sd / mean) ** 2))
    base = np.minimum(draw.normal(np.log(mean) - spread**2 / 2, spread, study.people.count), np.log(_LARGEST_T2_CM3))
    growth = _yearly(study, "t2_volume_change") + draw.normal(0, 0.03, study.people.count)
    level = base[study.sessions.who] + growth[study.sessions.who] * _years(study) + _noise(study, draw, 0.02)
    return np.exp(level)


def _brain_change(study: Study, draw: np.random.Generator) -> Floats:
    """Return the change of brain volume since the first session, in percent."""
    slope = _yearly(study, "brain_change") + draw.normal(0, 0.003, study.people.count)
    change = np.expm1(slope[study.sessions.who] * _years(study)) * 100 + _noise(study, draw, 0.12)
    return np.where(study.sessions.nth == 0, 0.0, np.clip(change, -9.5, 4.5))


def _cord_area(study: Study, draw: np.random.Generator) -> Floats:
    base = np.clip(draw.normal(*_mean_sd(study, "cord_area"), study.people.count), 40, 110)
    slope = study.trial.rates.per_year("cord_area") + draw.normal(0, 0.005, study.people.count)
    return base[study.sessions.who] * np.exp(slope[study.sessions.who] * _years(study) + _noise(study, draw, 0.01))


def _laboratory(study: Study) -> Iterator[Block]:
    """Give biomarkers at sessions for those who agreed, lymphocytes for all, fluid before the first dose for some."""
    draw = study.trial.draws("laboratory")
    people, sessions = study.people, study.sessions
    agreed = (draw.random(people.count) < _SHARE_WITH_BIOMARKERS)[sessions.who]
    specimen = study.trial.rates.by_name["nfl"]["specimen"]
    lowered = np.where(people.treated[sessions.who] & (sessions.nth > 0), _log_ratio(study, "nfl_on_active"), 0.0)
    for test, name, change in (("NFL", "nfl", lowered), ("GFAP", "gfap", 0.0)):
        yield _sampled(study, draw, test, _level(study, draw, name, change, 1), "pg/mL", specimen, agreed)
    cells = _level(study, draw, "lymphocytes", 0.0, 2)
    yield _sampled(study, draw, "LYM", cells, "10^9/L", "BLOOD", np.ones(len(agreed), dtype=bool))
    yield from _fluid(study, draw)


def _fluid(study: Study, draw: np.random.Generator) -> Iterator[Block]:
    sessions = study.sessions
    punctured = (draw.random(study.people.count) < _SHARE_WITH_FLUID)[sessions.who] & (sessions.nth == 0)
    yield _sampled(study, draw, "IGGINDEX", _level(study, draw, "igg_index", 0.0, 2), "RATIO", "CSF", punctured)
    bands = draw.random(len(sessions.who)) < study.trial.rates.share("bands")
    block = _sampled(study, draw, "OCB", np.full(len(bands), np.nan), "", "CSF", punctured)
    yield {**block, "result": np.where(bands, "POSITIVE", "NEGATIVE")[punctured]}


def _level(study: Study, draw: np.random.Generator, name: str, change: Floats | float, digits: int) -> Floats:
    """Return a biomarker at every session: a log-normal level of each person's own, changed and measured with noise."""
    rates = study.trial.rates
    own = draw.normal(0, rates.number(name, "log_sd"), study.people.count)[study.sessions.who]
    level: Floats = rates.number(name, "geometric_mean") * np.exp(own + change + _noise(study, draw, 0.15))
    return np.round(level, digits)


def _sampled(
    study: Study, draw: np.random.Generator, test: str, values: Floats, unit: str, specimen: str, only: Flags
) -> Block:
    block = _at_sessions(study, test, values, unit, only=only)
    dates = study.sessions.date[only]
    method = "SINGLE MOLECULE ARRAY" if test in ASSAYS else ""
    when = timed(dates, draw) if study.trial.form["times"] else iso(dates)
    del block["LOC"]
    return {**block, "date": when, "SPEC": specimen, "METHOD": method}


def _at_sessions(
    study: Study, test: str, values: Ints | Floats, unit: str = "", place: str = "BRAIN", only: Flags | None = None
) -> Block:
    sessions = study.sessions
    at = np.arange(len(sessions.who)) if only is None else np.flatnonzero(only)
    found = np.asarray(values, dtype=float)[at]
    return {
        "who": sessions.who[at],
        "test": test,
        "value": found,
        "date": iso(sessions.date[at]),
        "STRESU": unit,
        "LOC": place,
    }


def _mean_sd(study: Study, name: str) -> tuple[float, float]:
    return study.trial.rates.number(name, "mean"), study.trial.rates.number(name, "sd")


def _yearly(study: Study, name: str) -> Floats:
    rates = study.trial.rates
    return np.where(study.people.treated, rates.per_year(name, "active"), rates.per_year(name))


def _years(study: Study) -> Floats:
    return study.sessions.week / WEEKS_PER_YEAR


def _noise(study: Study, draw: np.random.Generator, sd: float) -> Floats:
    return draw.normal(0, sd, len(study.sessions.who))


def _log_ratio(study: Study, name: str) -> float:
    return float(np.log(study.trial.rates.number(name, "ratio")))
