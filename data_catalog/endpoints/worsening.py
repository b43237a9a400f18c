"""The first confirmed event of everybody: disability worsening, PIRA, and milestones.

Whether a later visit confirms a score, and the lowest and highest score up to that visit, depend on the visit alone. So
all that is found for all visits at once; what is left is one readable pass over each person's visits.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data_catalog.endpoints.courses import Courses, Days, Marks, later
from data_catalog.endpoints.models import (
    UNLIMITED,
    Confirmed,
    MilestoneParameters,
    PiraParameters,
    WorseningParameters,
)

_SCORES = range(21)
_NEVER = 1 << 30


@dataclass(frozen=True)
class Event:
    """A confirmed event by the numbers of the visits: where it began, what confirmed it, what it is measured from."""

    visit: int
    confirmation: int
    baseline: int


@dataclass(frozen=True)
class Found:
    """The first event of everybody who had one, and the baseline visit of everybody who has one to worsen from."""

    events: dict[int, Event]
    baselines: dict[int, int]


def first_worsening(courses: Courses, rules: WorseningParameters) -> Found:
    """Return everybody's first confirmed worsening; with PiraParameters, the first that is independent of relapses."""
    return _Search(courses, rules).run()


def first_milestone(courses: Courses, rules: MilestoneParameters) -> Found:
    """Return everybody's first confirmed score of at least the milestone; its baseline is the first visit."""
    confirmation, low, _ = _confirmations(courses, rules)
    reached = np.flatnonzero(low >= round(rules.edss * 2))
    offsets = courses.offsets
    events: dict[int, Event] = {}
    for visit in reached.tolist():
        person = int(courses.person[visit])
        if person not in events and _lasts(courses, rules, visit, int(confirmation[visit]), round(rules.edss * 2)):
            events[person] = Event(visit, int(confirmation[visit]), int(offsets[person]))
    seen = np.flatnonzero(np.diff(offsets) >= 2).tolist()
    return Found(events, {person: int(offsets[person]) for person in seen})


def _confirmations(courses: Courses, rules: Confirmed, also: Marks | None = None) -> tuple[Days, Days, Days]:
    """Return for each visit the one that would confirm it (or -1), and the lowest and highest score up to there."""
    may_confirm = ~courses.relapse_before(rules.relapse_days_before_confirmation)
    earliest = courses.day + rules.confirmation_days - rules.confirmation_days_before
    latest = later(courses.day + rules.confirmation_days, rules.confirmation_days_after)
    confirmation = courses.first_visit(may_confirm if also is None else may_confirm & also, earliest, latest)
    confirmation[courses.relapse_before(rules.relapse_days_before_event)] = -1
    return confirmation, *courses.range_over(confirmation)


def _lasts(courses: Courses, rules: Confirmed, visit: int, confirmation: int, threshold: int) -> bool:
    """Tell whether no later visit within the time it must be sustained is below the threshold again."""
    if rules.sustained_days == 0:
        return True
    end = int(np.searchsorted(courses.person, courses.person[visit], side="right"))
    below = np.flatnonzero(courses.edss[confirmation + 1 : end] < threshold)
    if not len(below):
        return True
    if rules.sustained_days == UNLIMITED:
        return False
    return int(courses.day[confirmation + 1 + int(below[0])] - courses.day[visit]) >= int(rules.sustained_days)


class _Search:
    """Everything the pass over a person's visits looks up, as plain lists: they are read a visit at a time."""

    def __init__(self, courses: Courses, rules: WorseningParameters) -> None:
        self._courses, self._rules = courses, rules
        self._confirmation, self._low, self._high = (found.tolist() for found in _confirmations(courses, rules))
        self._edss = courses.edss.tolist()
        may_be_baseline = ~courses.relapse_before(rules.relapse_days_before_baseline)
        following = courses.first_visit(may_be_baseline, courses.day, later(courses.day, UNLIMITED))
        self._next_baseline = np.where(following < 0, _NEVER, following).tolist()
        self._worse = [score + _step(rules, score) for score in _SCORES]
        self._better = [score - _step(rules, score) for score in _SCORES]
        self._relapses = _Relapses(courses, rules) if isinstance(rules, PiraParameters) else None

    def run(self) -> Found:
        """Look at everybody's visits in their order."""
        offsets = self._courses.offsets.tolist()
        found = Found({}, {})
        for person, (first, end) in enumerate(pairwise(offsets)):
            if end - first < 2 or self._next_baseline[first] >= end - 1:
                continue
            found.baselines[person] = self._next_baseline[first]
            event = self._first_event(self._next_baseline[first], end)
            if event is not None:
                found.events[person] = event
        return found

    def _first_event(self, baseline: int, end: int) -> Event | None:
        """Go from visit to visit until one is the event; a baseline may move on the way, and the rest is looked at."""
        visit = baseline + 1
        while visit < end:
            score, moved = self._edss[baseline], None
            if self._relapses is not None and self._relapses.between(baseline, visit):
                moved = self._relapses.first_visit_after[visit]
            elif self._low[visit] >= self._worse[score]:
                event = self._event(visit, baseline)
                if event is not None:
                    return event
                moved = self._new_baseline(visit) if self._rules.baseline.follows_worsening else None
            elif self._high[visit] <= self._better[score] and self._rules.baseline.follows_improvement:
                moved = self._new_baseline(visit)
            if moved is not None:
                baseline = self._next_baseline[moved]
                visit = baseline
            visit += 1
        return None

    def _new_baseline(self, visit: int) -> int:
        return self._confirmation[visit] if self._rules.baseline_moves_to == "confirmation" else visit

    def _event(self, visit: int, baseline: int) -> Event | None:
        """Return the confirmed worsening at a visit, unless it does not last or, for PIRA, a relapse is near."""
        threshold, confirmation = self._worse[self._edss[baseline]], self._confirmation[visit]
        if not _lasts(self._courses, self._rules, visit, confirmation, threshold):
            return None
        if self._relapses is None:
            return Event(visit, confirmation, baseline)
        return self._relapses.independent(visit, baseline, threshold)


class _Relapses:
    """What PIRA asks about relapses, found for all visits at once."""

    def __init__(self, courses: Courses, rules: PiraParameters) -> None:
        day = courses.day
        near_event = courses.relapse_between(
            day - rules.relapse_free_before_event, day + rules.relapse_free_after_event
        )
        near_confirmation = courses.relapse_between(
            day - rules.relapse_free_before_confirmation, day + rules.relapse_free_after_confirmation
        )
        confirmation, low, _ = _confirmations(courses, rules, also=~near_confirmation)
        self._confirmation = np.where(near_event, -1, confirmation).tolist()
        self._low, self._day = np.where(near_event, -1, low).tolist(), day.tolist()
        self._from_baseline, self._rebaseline = rules.relapse_free_from_baseline, rules.rebaseline_after_relapse
        last = courses.last_relapse_before()
        self._last = last.tolist()
        anything = np.ones(len(day), dtype=bool)
        self.first_visit_after = courses.first_visit(anything, last, day).tolist()

    def between(self, baseline: int, visit: int) -> bool:
        """Tell whether the baseline is to move because a relapse came between it and this visit."""
        return self._rebaseline and self._last[visit] > self._day[baseline]

    def independent(self, visit: int, baseline: int, threshold: int) -> Event | None:
        """Return the event with the first confirmation away from relapses, or None."""
        if self._low[visit] < threshold:
            return None
        # Relapses from the visit on are near the event already: what is left lies between baseline and event.
        if self._from_baseline and self._last[visit] >= self._day[baseline]:
            return None
        return Event(visit, self._confirmation[visit], baseline)


def _step(rules: WorseningParameters, score: int) -> int:
    """Return the rise, in half points, that counts from a score in half points."""
    if score == 0:
        return round(rules.step_from_zero * 2)
    return round((rules.half_step if score >= rules.half_step_from * 2 else rules.step) * 2)
