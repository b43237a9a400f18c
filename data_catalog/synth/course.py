"""Draw people with MS and their disease course, year by year since onset, for a chunk of people at once.

Arrays have one entry a person, or one row a person and one column a year since onset. Dates are days since 1970.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from data_catalog.synth.rates import Floats, number, numbers, transition_matrix

YEAR = 365.25
RRMS, SPMS, PPMS = range(3)

EDSS_VALUES = (
    np.array([0.0]),
    np.arange(1.0, 4.0, 0.5),
    np.arange(4.0, 6.5, 0.5),
    np.arange(6.5, 10.0, 0.5),
)
"""The scores of the four states; EDSS 0.5 does not exist."""

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


def day_number(day: date) -> int:
    """Return a date as days since 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Setting:
    """What differs between registries: when it began and was extracted, and how often things are recorded a year."""

    began: date
    extracted: date
    visits: float = 1.15
    scans: float = 0.45
    tests: float = 0.35
    reports: float = 0.30
    samples: float = 0.25
    oct: float = 0.0
    ris: float = 0.0
    centres: int = 15


@dataclass(frozen=True)
class People:
    """A chunk of people: who they are, and from when to when the registry follows them."""

    female: Bools
    birth: Ints
    onset: Ints
    diagnosis: Ints
    entry: Ints
    exit: Ints
    death: Ints
    """0 where alive."""
    primary: Bools
    isolated: Bools
    radiological: Bools

    def __len__(self) -> int:
        return len(self.birth)


@dataclass(frozen=True)
class Course:
    """EDSS and phase of every person in every year since onset."""

    edss: Floats
    phase: NDArray[np.int8]
    progression: Ints
    """0 where not converted."""


def draw_people(draw: np.random.Generator, size: int, setting: Setting) -> People:
    """Draw demographics, onset, diagnosis and follow-up; death is drawn for the time of follow-up only."""
    end = day_number(setting.extracted)
    primary = draw.random(size) < number("ppms")
    age = _onset_ages(draw, primary)
    duration = draw.beta(number("duration", "alpha"), number("duration", "beta"), size) * number("duration", "longest")
    duration = np.minimum(duration + 0.6, number("duration", "oldest") - age)
    onset = (end - duration * YEAR).astype(np.int32)
    birth = (onset - age * YEAR).astype(np.int32)
    diagnosis = _later(draw, onset, number("delays", "diagnosis"), end - 90)
    entry = _later(draw, np.maximum(diagnosis, day_number(setting.began)), number("delays", "entry"), end - 60)
    lost = _later(draw, entry, 1 / number("delays", "lost"), end)
    death = _deaths(draw, birth, entry, end)
    gone = np.where(death > 0, np.minimum(death, lost), lost)
    recent = (onset > end - 6 * YEAR) & ~primary
    # People lost to follow-up die unseen.
    death = np.where((death > 0) & (death <= lost), death, 0).astype(np.int32)
    kind = draw.random(size)
    return People(
        female=draw.random(size) < number("women"),
        birth=birth,
        onset=onset,
        diagnosis=diagnosis,
        entry=entry,
        exit=gone.astype(np.int32),
        death=death,
        primary=primary,
        isolated=recent & (kind < number("cis") * 3),
        radiological=recent & (kind > 1 - setting.ris),
    )


def _onset_ages(draw: np.random.Generator, primary: Bools) -> Floats:
    lowest, highest = numbers("onset_age", "range")
    age = number("onset_age", "median") * np.exp(draw.normal(0, number("onset_age", "log_sd"), len(primary)))
    return np.clip(age + primary * number("onset_age", "ppms_years_later"), lowest, highest)


def _later(draw: np.random.Generator, since: Ints, mean_years: float, latest: int) -> Ints:
    """Return days an exponential time after others, at most the latest, or the same day where that is passed."""
    after = since + draw.exponential(mean_years * YEAR, len(since))
    return np.maximum(np.minimum(after, latest), np.minimum(since, latest)).astype(np.int32)


def _deaths(draw: np.random.Generator, birth: Ints, entry: Ints, end: int) -> Ints:
    """Return the day of death by a Gompertz hazard from entry on, 0 for those who live at the end."""
    slope = number("death", "per_year_of_age")
    age = (entry - birth) / YEAR
    at_entry = number("death", "general_at_40") * number("death", "smr") * np.exp(slope * (age - 40))
    years = np.log1p(slope * draw.exponential(1, len(age)) / at_entry) / slope
    day = entry + np.ceil(years * YEAR)
    return np.where(day <= end, day, 0).astype(np.int32)


def draw_course(draw: np.random.Generator, people: People, setting: Setting) -> Course:
    """Walk everybody through the EDSS states, a year at a time, and convert some to SPMS."""
    years = int(np.ceil((day_number(setting.extracted) - people.onset.min()) / YEAR)) + 1
    size = len(people)
    edss = np.empty((size, years))
    phase = np.empty((size, years), dtype=np.int8)
    now = np.where(people.primary, PPMS, RRMS).astype(np.int8)
    state = _first_states(draw, people.primary)
    place = draw.random(size)
    for year in range(years):
        edss[:, year], phase[:, year] = score(state, place), now
        moved = _next_states(draw, state, now)
        converts = (now == RRMS) & (draw.random(size) < _conversion(state, now))
        now = np.where(converts, SPMS, now).astype(np.int8)
        place = _next_place(draw, place, np.sign(moved - state))
        state = moved
    return Course(edss, phase, _progression(draw, people, phase))


def score(state: NDArray[np.int8], place: Floats) -> Floats:
    """Return the EDSS score at a place, from 0 up to 1, within a state."""
    scores = np.empty(len(state))
    for number_, values in enumerate(EDSS_VALUES):
        here = state == number_
        scores[here] = values[(place[here] * len(values)).astype(np.intp)]
    return scores


def _first_states(draw: np.random.Generator, primary: Bools) -> NDArray[np.int8]:
    chance = draw.random(len(primary))
    relapsing = np.searchsorted(np.cumsum(numbers("edss_start", "relapsing")), chance, side="right")
    progressive = np.searchsorted(np.cumsum(numbers("edss_start", "progressive")), chance, side="right")
    return np.minimum(np.where(primary, progressive, relapsing), 3).astype(np.int8)


def _next_states(draw: np.random.Generator, state: NDArray[np.int8], phase: NDArray[np.int8]) -> NDArray[np.int8]:
    relapsing = transition_matrix().cumsum(axis=1)
    progressive = transition_matrix(number("edss_progressive", "hazard_ratio")).cumsum(axis=1)
    rows = np.where((phase == RRMS)[:, None], relapsing[state], progressive[state])
    moved: NDArray[np.int8] = (draw.random(len(state))[:, None] > rows[:, :3]).sum(axis=1).astype(np.int8)
    return moved


def _conversion(state: NDArray[np.int8], phase: NDArray[np.int8]) -> Floats:
    """Return each person's chance to convert this year: weighted by state, the published mean among those at risk."""
    weight = numbers("conversion_weight")[state]
    mean = weight[phase == RRMS].mean() if (phase == RRMS).any() else 0.0
    return weight * (number("conversion") / mean) if mean else weight * 0.0


def _next_place(draw: np.random.Generator, place: Floats, moved: NDArray[np.int8]) -> Floats:
    """Drift within a state; whoever comes from below enters low, whoever comes from above enters high."""
    step = draw.normal(number("edss_start", "within_state_drift"), number("edss_start", "within_state_sd"), len(place))
    edge = 0.3 * draw.random(len(place))
    drifted = np.abs(place + step)
    drifted = np.where(drifted >= 1, 1.999999 - drifted, drifted)
    there: Floats = np.clip(np.select([moved > 0, moved < 0], [edge, 0.999999 - edge], drifted), 0, 0.999999)
    return there


def _progression(draw: np.random.Generator, people: People, phase: NDArray[np.int8]) -> Ints:
    """Return the day in the year before the first with SPMS on which it was noticed, 0 where that is not yet."""
    converted = phase == SPMS
    first = np.where(converted.any(axis=1), converted.argmax(axis=1), 0)
    day = people.onset + (first - 0.99 * draw.random(len(people))) * YEAR
    return np.where((first > 0) & (day <= people.exit), day, 0).astype(np.int32)
