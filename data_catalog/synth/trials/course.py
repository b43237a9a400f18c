"""The disease course of a trial's people: visits with EDSS and functional systems, relapses, MRI sessions."""

from dataclasses import dataclass

import numpy as np

from data_catalog.synth.trials.design import WEEKS_PER_YEAR, Trial
from data_catalog.synth.trials.people import Days, Flags, Floats, Ints, People

SYSTEMS = {
    "visual": 6,
    "brainstem": 5,
    "pyramidal": 6,
    "cerebellar": 5,
    "sensory": 6,
    "bowel_bladder": 6,
    "cerebral": 5,
}
"""Kurtzke's functional systems, and the highest score of each."""

_WEIGHTS = {"visual": 0.25, "brainstem": 0.25, "pyramidal": 0.6, "cerebellar": 0.4, "sensory": 0.4}
_AMBULATION = np.array([0] * 8 + [1, 2, 3, 4, 6, 8, 10, 11] + [12] * 5)
"""Ambulation by twice the EDSS, after Neurostatus (recalled)."""

_MOST_STEPS = 6
_WANDER = 0.06
"""Share of visits that miss the true score by half a point."""

_RELAPSE_SHOWS_DAYS = 45
_RELAPSES_APART_DAYS = 31
_QUIET_DAYS = 14
"""Days before the last planned visit without a new relapse, so that its treatment falls into the trial."""


@dataclass(frozen=True)
class Visits:
    """Every visit of a trial; `who` is the person's place among the trial's people."""

    who: Ints
    nth: Ints
    day: Ints
    date: Days
    edss: Floats
    done: Flags
    systems: dict[str, Ints]
    ambulation: Ints


@dataclass(frozen=True)
class Relapses:
    """Every relapse, at least 31 days apart within a person."""

    who: Ints
    day: Ints
    date: Days


@dataclass(frozen=True)
class Sessions:
    """Every MRI session, numbered within the person."""

    who: Ints
    nth: Ints
    week: Ints
    date: Days


@dataclass(frozen=True)
class Study:
    """A trial with all that happened in it."""

    trial: Trial
    people: People
    visits: Visits
    relapses: Relapses
    sessions: Sessions


def draw_study(trial: Trial, people: People) -> Study:
    """Let the trial's people run their course."""
    who, nth, day = _schedule(trial, people)
    relapses = _relapses(trial, people)
    edss = _edss(trial, people, who, day, relapses)
    done = trial.draws("not done").random(len(who)) >= trial.rates.share("edss_not_done")
    visits = Visits(
        who=who,
        nth=nth,
        day=day,
        date=people.start[who] + day,
        edss=edss,
        done=done | (nth == 0),
        systems=_systems(trial, people, who, edss),
        ambulation=_AMBULATION[(edss * 2).astype(int)],
    )
    return Study(trial, people, visits, relapses, draw_sessions(trial, people))


def draw_sessions(trial: Trial, people: People) -> Sessions:
    """Return the MRI sessions of everybody's stay: one before the first dose, then at the trial's interval."""
    draw = trial.draws("sessions")
    stay = (people.stayed - 1) * trial.every
    who, nth = _repeat(stay // trial.scan_weeks + 1)
    moved = np.where(nth == 0, -draw.integers(0, 15, len(who)), draw.integers(-7, 1, len(who)))
    week = nth * trial.scan_weeks
    return Sessions(who, nth, week, people.start[who] + week * 7 + moved)


def years_followed(trial: Trial, people: People) -> Floats:
    """Return the years between everybody's first and last visit."""
    return (people.stayed - 1) * trial.every / WEEKS_PER_YEAR


def _schedule(trial: Trial, people: People) -> tuple[Ints, Ints, Ints]:
    who, nth = _repeat(people.stayed)
    moved = np.where(nth == 0, 0, trial.draws("visits").integers(-3, 4, len(who)))
    return who, nth, nth * trial.every * 7 + moved


def _repeat(counts: Ints) -> tuple[Ints, Ints]:
    """Return, for counts by person, whose each thing is and which of theirs, from 0."""
    who = np.repeat(np.arange(len(counts)), counts)
    return who, np.arange(len(who)) - np.repeat(np.cumsum(counts) - counts, counts)


def _edss(trial: Trial, people: People, who: Ints, day: Ints, relapses: Relapses) -> Floats:
    """Return every visit's score: lasting steps at the published rate, a relapse that passes, and wandering.

    Steps arrive as a Poisson process whose first arrival by the profile's weeks has its published probability.
    """
    draw = trial.draws("edss")
    rates = trial.rates
    yearly = -np.log1p(-rates.share("progression")) / rates.number("progression", "weeks") * WEEKS_PER_YEAR
    hazard = np.where(people.treated, yearly * rates.number("hazard_ratio", "ratio"), yearly)
    gaps = draw.exponential(365.25 / hazard[:, None], (people.count, _MOST_STEPS))
    steps = (np.cumsum(gaps, axis=1)[who] <= day[:, None]).sum(axis=1)
    walk = [people.edss]
    for _ in range(_MOST_STEPS):
        walk.append(worse(walk[-1]))
    scores = np.stack(walk, axis=1)[who, steps]
    flared = scores.copy()
    at = _visits_soon_after(who, day, relapses)
    flared[at] = worse(scores[at])
    wanders = (draw.random(len(who)) < _WANDER) & (day > 0) & (flared >= 2) & (flared <= 5)
    seen: Floats = np.where(wanders, flared + draw.choice([-0.5, 0.5], len(who)), flared)
    return seen


def worse(edss: Floats) -> Floats:
    """Return scores one confirmed step up: 1.5 from 0, 1 up to 5.5, half a point above, and never past 9."""
    step: Floats = np.select([edss == 0, edss <= 5.5], [1.5, 1.0], 0.5)
    return np.minimum(edss + step, 9.0)


def _visits_soon_after(who: Ints, day: Ints, relapses: Relapses) -> Ints:
    """Return the visits that still show a relapse of the weeks before."""
    far = 1 << 20
    at: Ints = np.searchsorted(who * far + day, relapses.who * far + relapses.day)
    within = at < len(who)
    at, of, since = at[within], relapses.who[within], relapses.day[within]
    shows: Flags = (who[at] == of) & (day[at] - since <= _RELAPSE_SHOWS_DAYS)
    return at[shows]


def _relapses(trial: Trial, people: People) -> Relapses:
    draw = trial.draws("relapses")
    rates = trial.rates
    rate = np.where(people.treated, rates.number("relapses", "ratio"), 1.0) * rates.number("relapses", "per_year")
    frailty = draw.gamma(1.0, 1.0, people.count)
    who, _ = _repeat(draw.poisson(rate * frailty * years_followed(trial, people)))
    day = np.floor(draw.random(len(who)) * people.stayed[who] * trial.every * 7).astype(int)
    day = np.minimum(day, (people.stayed[who] - 1) * trial.every * 7 - _QUIET_DAYS)
    order = np.lexsort((day, who))
    who, day = who[order], day[order]
    apart = np.ones(len(who), dtype=bool)
    apart[1:] = (who[1:] != who[:-1]) | (day[1:] - day[:-1] >= _RELAPSES_APART_DAYS)
    keep = apart & (day > 0)
    return Relapses(who[keep], day[keep], people.start[who[keep]] + day[keep])


def _systems(trial: Trial, people: People, who: Ints, edss: Floats) -> dict[str, Ints]:
    """Return functional systems that rise and fall with the EDSS, in a mix of each person's own."""
    draw = trial.draws("systems")
    scores = {}
    for name, highest in SYSTEMS.items():
        own = draw.normal(0, 0.8, people.count)[who]
        level = edss * _WEIGHTS.get(name, 0.3) + own + draw.normal(0, 0.25, len(who))
        scores[name] = np.where(edss == 0, 0, np.clip(np.round(level), 0, highest)).astype(int)
    return scores
