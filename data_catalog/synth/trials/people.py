"""Who is in a trial: sex, age, arm, history, and how long each person stays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from data_catalog.synth.trials.design import ARMS, WEEKS_PER_YEAR, Trial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.str_]
Days = NDArray[np.datetime64]

COUNTRIES = ("USA", "CAN", "DEU", "FRA", "ITA", "ESP", "GBR", "POL", "CZE", "NLD", "SWE", "AUS")
SCORES = np.array([step / 2 for step in range(21) if step != 1])
"""The EDSS: 0 to 10 in halves, without 0.5."""

_ENROLMENT_DAYS = 364
_DAYS = 365.25
_YOUNGEST_ONSET = 10.0


@dataclass(frozen=True)
class People:
    """The people of one trial, one place in every array each."""

    subject: Texts
    usubjid: Texts
    female: Flags
    birth: Days
    age: Ints
    arm: Texts
    treated: Flags
    blinded: Flags
    country: Texts
    site: Texts
    start: Days
    onset: Days
    diagnosis: Days
    progression: Days
    edss: Floats
    stayed: Ints
    died: Flags

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.subject)


def draw_people(trial: Trial) -> People:
    """Draw a trial's people; raises InvalidInput where its visits can't be shared among them."""
    draw = trial.draws("people")
    count = trial.sizes.people
    subject = np.array([f"{number:05}" for number in range(1, count + 1)])
    arm = _arms(trial, draw)
    kind = np.array([ARMS[word] for word, _ in trial.arms])[arm]
    start = np.datetime64(trial.start, "D") + draw.integers(0, _ENROLMENT_DAYS, count)
    age = _drawn(draw, trial, "age", np.arange(100.0)) + draw.random(count) - 0.5
    onset = start - _days(_years_since_onset(trial, draw, age))
    diagnosis = onset + ((start - onset) * draw.beta(1.2, 3, count)).astype("timedelta64[D]")
    country = draw.choice(np.array(COUNTRIES), count)
    stayed = _stays(trial)
    return People(
        subject=subject,
        usubjid=np.char.add(f"{trial.id}-", subject),
        female=draw.random(count) < trial.rates.share("female"),
        birth=start - _days(age),
        age=np.floor(age).astype(int),
        arm=np.array([word for word, _ in trial.arms])[arm],
        treated=kind == "active",
        blinded=kind != "untreated",
        country=country,
        site=np.char.add(country, np.char.zfill(draw.integers(1, 9, count).astype(str), 2)),
        start=start,
        onset=onset,
        diagnosis=diagnosis,
        progression=_progression(trial, draw, start, diagnosis),
        edss=_drawn(draw, trial, "edss", SCORES),
        stayed=stayed,
        died=_deaths(trial, stayed),
    )


def _arms(trial: Trial, draw: np.random.Generator) -> Ints:
    """Return everybody's arm by number, the arms in their exact ratio and random order."""
    block = np.repeat(np.arange(len(trial.arms)), [ratio for _, ratio in trial.arms])
    return draw.permutation(np.resize(block, trial.sizes.people))


def _drawn(draw: np.random.Generator, trial: Trial, name: str, points: Floats) -> Floats:
    """Draw a rate's values from points within its bounds, with its mean and spread."""
    mean, sd, low, high = (trial.rates.number(name, part) for part in ("mean", "sd", "low", "high"))
    allowed = points[(points >= low) & (points <= high)]
    return draw.choice(allowed, trial.sizes.people, p=with_moments(allowed, mean, sd))


def with_moments(points: Floats, mean: float, sd: float) -> Floats:
    """Return probabilities of points that have exactly this mean and spread, as even as that allows.

    They are exp(a·z + b·z²) for the a and b that Newton's method finds: trials that admit scores of 3 to 6.5 alone
    have few in the middle, and a normal distribution cut at both ends would have too little spread.
    """
    z = (points - mean) / sd
    powers = np.stack([z, z**2])
    wanted, tilt = np.array([0.0, 1.0]), np.array([0.0, -0.5])
    for _ in range(60):
        weights = np.exp(tilt @ powers)
        shares: Floats = weights / weights.sum()
        off = powers @ shares - wanted
        spread = (powers * shares) @ powers.T - np.outer(powers @ shares, powers @ shares)
        tilt = tilt - np.linalg.solve(spread, off)
    return shares


def _years_since_onset(trial: Trial, draw: np.random.Generator, age: Floats) -> Floats:
    mean, sd = (trial.rates.number("years_since_onset", part) for part in ("mean", "sd"))
    shape = (mean / sd) ** 2
    years = draw.gamma(shape, mean / shape, len(age))
    return np.clip(years, 0.6, age - _YOUNGEST_ONSET)


def _progression(trial: Trial, draw: np.random.Generator, start: Days, diagnosis: Days) -> Days:
    """Return when the secondary progressive course began, not a date for all others."""
    if trial.course != "spms":
        return np.full(len(start), np.datetime64("NaT", "D"))
    mean, sd = (trial.rates.number("years_since_progression", part) for part in ("mean", "sd"))
    shape = (mean / sd) ** 2
    began = start - _days(np.maximum(draw.gamma(shape, mean / shape, len(start)), 0.5))
    return np.maximum(began, diagnosis)


def _stays(trial: Trial) -> Ints:
    """Return the number of everybody's visits, adding up to exactly the trial's share."""
    draw = trial.draws("stays")
    yearly = -np.log1p(-trial.rates.share("dropout", "per_year"))
    weeks = draw.exponential(WEEKS_PER_YEAR / yearly, trial.sizes.people)
    visits = np.minimum(weeks // trial.every + 1, trial.most_visits).astype(int)
    return add_up(visits, trial.sizes.visits, trial.most_visits, draw)


def add_up(counts: Ints, total: int, most: int, draw: np.random.Generator) -> Ints:
    """Move counts one by one, each between 1 and `most`, until they add up to a total."""
    if not len(counts) <= total <= len(counts) * most:
        raise InvalidInput(
            f"{total} visits can not be those of {len(counts)} people with 1 to {most} each.",
            "Ask for about 15 visits a person.",
        )
    counts = counts.copy()
    while gap := total - int(counts.sum()):
        movable = np.flatnonzero(counts < most if gap > 0 else counts > 1)
        counts[draw.permutation(movable)[: abs(gap)]] += 1 if gap > 0 else -1
    return counts


def _deaths(trial: Trial, stayed: Ints) -> Flags:
    """Mark those whose leaving was a death, so many that they are the declared share of all."""
    draw = trial.draws("deaths")
    left = stayed < trial.most_visits
    share = trial.rates.share("death") * len(stayed) / max(int(left.sum()), 1)
    return left & (draw.random(len(stayed)) < share)


def _days(years: Floats) -> NDArray[np.timedelta64]:
    return np.round(years * _DAYS).astype("timedelta64[D]")
