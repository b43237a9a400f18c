"""The domains of what was measured: QS or RS, FT, LB, MO or NV, and their qualifiers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from data_catalog.synth.trials.course import SYSTEMS, Study
from data_catalog.synth.trials.design import WEEKS_PER_YEAR
from data_catalog.synth.trials.frames import Domain, Qualifier, findings, iso, supplemental
from data_catalog.synth.trials.people import Flags, Floats, Ints

Block = dict[str, Any]

SCALES = {
    "EDSS0101": "EDSS01-Expanded Disability Score",
    "KFSS0101": "KFSS01-Pyramidal Functions",
    "KFSS0102": "KFSS01-Cerebellar Functions",
    "KFSS0103": "KFSS01-Brain Stem Functions",
    "KFSS0104": "KFSS01-Sensory Functions",
    "KFSS0105": "KFSS01-Bowel and Bladder Functions",
    "KFSS0106": "KFSS01-Visual Functions",
    "KFSS0107": "KFSS01-Cerebral Functions",
    "AMBSCORE": "Ambulation Score",
    "MSISPHYS": "MSIS-29 Physical Impact, 0 to 100",
    "MSISPSYC": "MSIS-29 Psychological Impact, 0 to 100",
}
_SYSTEM_TESTS = {
    "pyramidal": "KFSS0101",
    "cerebellar": "KFSS0102",
    "brainstem": "KFSS0103",
    "sensory": "KFSS0104",
    "bowel_bladder": "KFSS0105",
    "visual": "KFSS0106",
    "cerebral": "KFSS0107",
}
TESTS = {
    "T25FW": "Timed 25-Foot Walk, Seconds",
    "NHPTDOM": "Nine-Hole Peg Test, Dominant Hand",
    "NHPTNDOM": "Nine-Hole Peg Test, Non-Dominant Hand",
    "SDMT": "Symbol Digit Modalities Test, Correct",
    "PASAT": "PASAT-3, Total Correct",
}
_LONGEST_WALK = 180.0
_LONGEST_PEGS = 300.0
_SUPERSEDED = 0.003
"""Share of EDSS scores entered twice, the first of which a qualifier says to be superseded."""


def measure_domains(study: Study) -> Iterator[Domain]:
    """Give the domains of scales and function tests."""
    yield from _scales(study)
    yield Domain("FT", "Functional Tests", findings("FT", study, list(_function_tests(study)), TESTS))


def _scales(study: Study) -> Iterator[Domain]:
    """Give QS, SUPPQS and, in trials that follow the later draft, RS."""
    questionnaires = list(_msis29(study))
    disability = list(_disability(study))
    superseded = [_superseded(study)]
    names = {"QS": "Questionnaires", "RS": "Disease Response and Clin Classification"}
    blocks: dict[str, list[Block]] = {"QS": questionnaires}
    blocks.setdefault(study.trial.form["edss"], []).extend(disability + superseded)
    for domain, parts in blocks.items():
        rows = findings(domain, study, [{"old": False, **part} for part in parts], SCALES)
        old = rows[f"{domain}old"].to_numpy()
        rows = rows.drop(f"{domain}old")
        yield Domain(domain, names[domain], rows)
        if old.any():
            flag = Qualifier("SUPERSED", "Superseded by a Later Entry", np.where(old, "Y", ""))
            yield supplemental(domain, rows, [flag])


def _disability(study: Study) -> Iterator[Block]:
    visits = study.visits
    yield _at_visits(study, "EDSS0101", np.where(visits.done, visits.edss, np.nan), "EDSS")
    for name in SYSTEMS:
        yield _at_visits(study, _SYSTEM_TESTS[name], visits.systems[name], "KFSS", visits.done)
    yield _at_visits(study, "AMBSCORE", visits.ambulation, "KFSS", visits.done)


def _superseded(study: Study) -> Block:
    """Return first entries of scores that were entered again: half a point off, and marked."""
    visits = study.visits
    twice = visits.done & (visits.edss >= 2) & (study.trial.draws("twice").random(len(visits.who)) < _SUPERSEDED)
    return {**_at_visits(study, "EDSS0101", visits.edss - 0.5, "EDSS", twice), "old": True}


def _at_visits(study: Study, test: str, values: Ints | Floats, category: str, only: Flags | None = None) -> Block:
    visits = study.visits
    at = np.arange(len(visits.who)) if only is None else np.flatnonzero(only)
    return {
        "who": visits.who[at],
        "test": test,
        "value": np.asarray(values, dtype=float)[at],
        "date": iso(visits.date[at]),
        "CAT": category,
        "DY": (visits.day[at] + 1).astype(float),
    }


def _msis29(study: Study) -> Iterator[Block]:
    """Give MSIS-29 at every fourth visit, as its usual 0 to 100 transform of the items' sum."""
    draw = study.trial.draws("msis29")
    visits = study.visits
    rates = study.trial.rates
    for test, items, scale in (("MSISPHYS", 20, "physical"), ("MSISPSYC", 9, "psychological")):
        own = draw.normal(rates.number("msis29", "base"), rates.number("msis29", "sd"), study.people.count)
        mean = own[visits.who] + rates.number("msis29", scale) * visits.edss + draw.normal(0, 0.15, len(visits.who))
        total = np.clip(np.round(mean * items), items, items * 5)
        share = (total - items) / (items * 4) * 100
        yield _at_visits(study, test, np.round(share, 2), "MSIS-29", visits.nth % 4 == 0)


def _function_tests(study: Study) -> Iterator[Block]:
    """Give walk and pegs at every second visit, cognition at every fourth."""
    draw = study.trial.draws("function tests")
    visits, people = study.visits, study.people
    rates = study.trial.rates
    walk = _walk(study, draw)
    second, fourth = visits.nth % 2 == 0, visits.nth % 4 == 0
    walked: Floats = np.where(walk > _LONGEST_WALK, np.nan, np.round(walk, 1))
    yield _timed(study, "T25FW", walked, "T25FW", second)
    hand = rates.number("pegs", "median") * np.exp(draw.normal(0, rates.number("pegs", "log_sd"), people.count))
    for test, slower in (("NHPTDOM", 1.0), ("NHPTNDOM", rates.number("pegs", "other_hand"))):
        seconds: Floats = hand[visits.who] * slower * np.exp(0.02 * visits.edss + draw.normal(0, 0.06, len(visits.who)))
        pegs: Floats = np.minimum(seconds, _LONGEST_PEGS)
        yield _timed(study, test, pegs.round(1), "NHPT", second)
    for test, name, most, only in (("SDMT", "sdmt", 110, second), ("PASAT", "pasat", 60, fourth)):
        own = draw.normal(rates.number(name, "mean"), rates.number(name, "sd"), people.count)
        right = own[visits.who] - visits.edss + draw.normal(0, 2.5, len(visits.who))
        yield _at_visits(study, test, np.clip(np.round(right), 0, most), test, only)


def _timed(study: Study, test: str, seconds: Floats, category: str, only: Flags) -> Block:
    return {**_at_visits(study, test, seconds, category, only), "STRESU": "sec"}


def _walk(study: Study, draw: np.random.Generator) -> Floats:
    """Return seconds for 25 feet: everybody slows at a rate of their own, whose mean is the published one."""
    rates, people, visits = study.trial.rates, study.people, study.visits
    base = np.log(rates.number("walk", "median")) + draw.normal(0, rates.number("walk", "log_sd"), people.count)
    mean = np.where(people.treated, rates.per_year("walk", "active"), rates.per_year("walk"))
    slope = mean + draw.normal(0, 0.12, people.count)
    years = visits.nth * study.trial.every / WEEKS_PER_YEAR
    seconds: Floats = np.exp(base[visits.who] + slope[visits.who] * years + draw.normal(0, 0.05, len(years)))
    return np.maximum(seconds, 2.5)
