"""Draw disease-modifying treatments in sequence, with the reasons they stop, and what class somebody is on at a day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_catalog.synth.course import YEAR, Bools, Course, Ints, People
from data_catalog.synth.rates import CLASSES, Floats, number, rates, shares

LINES = 5
"""At most so many treatments a person."""

_EPOCH_YEAR = 1970
_FIRST, _LAST = 1996, 2025
_PROGRESSIVE_FROM = 2018
_FERTILE = 45


@dataclass(frozen=True)
class Drugs:
    """The disease-modifying drugs, one entry each."""

    names: tuple[str, ...]
    atc: tuple[str, ...]
    kind: NDArray[np.int8]
    """Index into CLASSES."""
    weights: Floats
    """Rows: calendar years from 1996; columns: drugs; each row adds up to 1."""


@dataclass(frozen=True)
class Episodes:
    """Treatments: one row a person, one column a line of treatment; drug is -1 where there is none."""

    drug: NDArray[np.int8]
    start: Ints
    stop: Ints
    """The day after the last on the drug; beyond the follow-up where it goes on."""
    ongoing: Bools
    reason: NDArray[np.int8]


def drugs() -> Drugs:
    """Return the drugs of `disease.toml`: none before its first year, then from its first weight to its last."""
    rows = rates()["drugs"]["rows"]
    years = np.arange(_FIRST, _LAST + 1)[:, None]
    since, then, now = (np.array([row[column] for row in rows], dtype=float) for column in (3, 4, 5))
    passed = np.clip((years - since) / np.maximum(_LAST - since, 1), 0, 1)
    weights = np.where(years >= since, then + (now - then) * passed, 0)
    kinds = np.array([CLASSES.index(row[1]) for row in rows], dtype=np.int8)
    names, atc = (tuple(row[column] for row in rows) for column in (0, 2))
    return Drugs(names, atc, kinds, weights / weights.sum(axis=1, keepdims=True))


def draw_episodes(draw: np.random.Generator, people: People, course: Course) -> Episodes:
    """Draw each person's lines of treatment, one after the other, without overlap."""
    size, known = len(people), drugs()
    ever = np.where(people.primary, number("treatment", "ever_ppms"), number("treatment", "ever"))
    going = (draw.random(size) < ever) & ~people.radiological
    earliest = np.where(people.primary, _day_of_year(_PROGRESSIVE_FROM), _day_of_year(_FIRST))
    cursor = np.maximum(people.diagnosis, earliest) + draw.exponential(number("treatment", "delay") * YEAR, size)
    lines = []
    for _ in range(LINES):
        start = cursor.astype(np.int32)
        stop = (start + 30 + draw.exponential(number("treatment", "duration") * YEAR, size)).astype(np.int32)
        going = going & (start < people.exit)
        drug = np.where(going, _choose(draw, known, start, course), -1).astype(np.int8)
        lines.append((drug, start, stop, stop > people.exit, _reasons(draw, people, stop)))
        going = going & (stop <= people.exit) & (draw.random(size) < number("treatment", "again"))
        cursor = stop + draw.exponential(number("treatment", "gap") * YEAR, size)
    return Episodes(*(np.stack(column, axis=1) for column in zip(*lines, strict=True)))


def class_at(episodes: Episodes, person: Ints, day: Ints) -> NDArray[np.int8]:
    """Return the drug class (index into CLASSES) each person is on at a day."""
    drug = drug_at(episodes, person, day)
    return np.where(drug >= 0, drugs().kind[drug], 0).astype(np.int8)


def drug_at(episodes: Episodes, person: Ints, day: Ints) -> NDArray[np.int8]:
    """Return the drug each person is on at a day, -1 for none."""
    found = np.full(len(person), -1, dtype=np.int8)
    for line in range(LINES):
        on = (episodes.start[person, line] <= day) & (day < episodes.stop[person, line])
        found = np.where(on & (episodes.drug[person, line] >= 0), episodes.drug[person, line], found)
    return found.astype(np.int8)


def rate_in(episodes: Episodes, person: Ints, since: Ints, until: Ints, by_class: Floats) -> Floats:
    """Return the mean of a class's value over spans of days; without treatment the value of `none` counts."""
    span = np.maximum(until - since, 1)
    mean = np.full(len(person), by_class[0])
    kinds = drugs().kind
    for line in range(LINES):
        drug = episodes.drug[person, line]
        on = np.minimum(until, episodes.stop[person, line]) - np.maximum(since, episodes.start[person, line])
        share = np.where(drug >= 0, np.maximum(on, 0) / span, 0)
        mean += share * (by_class[kinds[drug]] - by_class[0])
    return mean


def _choose(draw: np.random.Generator, known: Drugs, start: Ints, course: Course) -> NDArray[np.int8]:
    year = np.clip((start / YEAR).astype(int) + _EPOCH_YEAR, _FIRST, _LAST) - _FIRST
    chance = draw.random(len(start))
    drug = (chance[:, None] > known.weights.cumsum(axis=1)[year][:, :-1]).sum(axis=1)
    siponimod, fingolimod = (known.names.index(name) for name in ("siponimod", "fingolimod"))
    secondary = (course.progression > 0) & (course.progression <= start)
    return np.where((drug == siponimod) & ~secondary, fingolimod, drug).astype(np.int8)


def _reasons(draw: np.random.Generator, people: People, stop: Ints) -> NDArray[np.int8]:
    """Return why each stops, as an index into the stop reasons; only women of fertile age stop for pregnancy."""
    words, chances = stop_reasons()
    reason = np.minimum(np.searchsorted(chances.cumsum(), draw.random(len(stop)), side="right"), len(words) - 1)
    fertile = people.female & ((stop - people.birth) / YEAR < _FERTILE)
    barred = (reason == words.index("pregnancy")) & ~fertile
    return np.where(barred, words.index("other"), reason).astype(np.int8)


def stop_reasons() -> tuple[tuple[str, ...], Floats]:
    """Return the reasons to stop a drug, and the share of each."""
    return shares("stop_reasons", "reasons")


def _day_of_year(year: int) -> int:
    return int((year - _EPOCH_YEAR) * YEAR) + 1
