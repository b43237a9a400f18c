"""The confirmed events of everybody: disability worsening, PIRA, and milestones.

Whether a later visit confirms a score, and the lowest and highest score up to that visit, depend on the visit alone,
and are found for all visits at once. Then everybody's visits are looked at together: a round takes each person to the
next visit that worsens, improves, or follows a relapse, and moves the baselines.
"""

from dataclasses import dataclass

import numpy as np

from data_catalog.endpoints.courses import Courses, Days, Marks, Scores, later
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
class Found:
    """Confirmed events in the order of people and days, and the first baseline visit of everybody, or -1.

    An event is a person, where it began, what confirmed it and what it is measured from, by the numbers of the visits.
    """

    baselines: Days
    person: Days
    visit: Days
    confirmation: Days
    baseline: Days

    @property
    def number(self) -> Days:
        """The number of each event among the person's, from 1."""
        return np.arange(1, len(self.person) + 1) - np.searchsorted(self.person, self.person, side="left")

    @property
    def first(self) -> "Found":
        """The same with the first event of each person alone."""
        first = _first_of_each(self.person)
        columns = (self.person, self.visit, self.confirmation, self.baseline)
        return Found(self.baselines, *(column[first] for column in columns))


def _events(baselines: Days, person: Days, visit: Days, confirmation: Days, baseline: Days) -> Found:
    order = np.lexsort((visit, person))
    return Found(baselines, *(column[order] for column in (person, visit, confirmation, baseline)))


def worsenings(courses: Courses, rules: WorseningParameters) -> Found:
    """Return everybody's confirmed worsenings; with PiraParameters, those that are independent of relapses.

    Later ones than the first are found where the baseline follows worsening: from another one, a score that stays where
    it is would be found again and again.
    """
    return _Search(courses, rules).run()


def milestones(courses: Courses, rules: MilestoneParameters) -> Found:
    """Return everybody's first confirmed score of at least the milestone; its baseline is the first visit."""
    confirmation, low, _ = _confirmations(courses, rules)
    threshold = round(rules.edss * 2)
    reached = np.flatnonzero(low >= threshold)
    reached = reached[_last(courses, rules, reached, confirmation[reached], np.full(len(reached), threshold))]
    visit = reached[_first_of_each(courses.person[reached])]
    person = courses.person[visit]
    start = courses.offsets[:-1]
    baselines = np.where(np.diff(courses.offsets) >= 2, start, -1)
    return _events(baselines, person, visit, confirmation[visit], start[person])


def _first_of_each(person: Days) -> Marks:
    """Tell of each place in sorted people whether it is the person's first."""
    return np.asarray(np.diff(person, prepend=-1), dtype=bool)


def _confirmations(courses: Courses, rules: Confirmed) -> tuple[Days, Scores, Scores]:
    """Return for each visit the one that would confirm it (or -1), and the lowest and highest score up to there."""
    asked = tuple(getattr(rules, name) for name in Confirmed.model_fields)
    return courses.once(("confirmations", asked), lambda: _confirmed(courses, rules))


def _confirmed(courses: Courses, rules: Confirmed, also: Marks | None = None) -> tuple[Days, Scores, Scores]:
    """Find those visits and scores; only such a visit confirms that also has a mark."""
    may_confirm = ~courses.relapse_before(rules.relapse_days_before_confirmation)
    earliest = courses.day + rules.confirmation_days - rules.confirmation_days_before
    latest = later(courses.day + rules.confirmation_days, rules.confirmation_days_after)
    confirmation = courses.first_visit(may_confirm if also is None else may_confirm & also, earliest, latest)
    confirmation[courses.relapse_before(rules.relapse_days_before_event)] = -1
    return confirmation, *courses.range_over(confirmation)


def _last(courses: Courses, rules: Confirmed, visit: Days, confirmation: Days, threshold: Days) -> Marks:
    """Tell of confirmed scores whether they last as long as they must."""
    if rules.sustained_days == 0:
        return np.ones(len(visit), dtype=bool)
    each = zip(visit.tolist(), confirmation.tolist(), threshold.tolist(), strict=True)
    return np.array([_lasts(courses, rules, *one) for one in each], dtype=bool)


def _lasts(courses: Courses, rules: Confirmed, visit: int, confirmation: int, threshold: int) -> bool:
    """Tell whether no later visit within the time it must be sustained is below the threshold again."""
    end = int(np.searchsorted(courses.person, courses.person[visit], side="right"))
    below = np.flatnonzero(courses.edss[confirmation + 1 : end] < threshold)
    if not len(below):
        return True
    if rules.sustained_days == UNLIMITED:
        return False
    return int(courses.day[confirmation + 1 + int(below[0])] - courses.day[visit]) >= int(rules.sustained_days)


class _Search:
    """What is known of every visit, and where each person's search stands."""

    def __init__(self, courses: Courses, rules: WorseningParameters) -> None:
        self._courses, self._rules = courses, rules
        self._confirmation, self._low, self._high = _confirmations(courses, rules)
        may_be_baseline = ~courses.relapse_before(rules.relapse_days_before_baseline)
        following = courses.first_visit(may_be_baseline, courses.day, later(courses.day, UNLIMITED))
        self._next_baseline = np.where(following < 0, _NEVER, following)
        steps = np.array([_step(rules, score) for score in _SCORES])
        self._worse, self._better = np.arange(len(steps)) + steps, np.arange(len(steps)) - steps
        self._relapses = _Relapses(courses, rules) if isinstance(rules, PiraParameters) else None
        self._baseline = self._first_baselines()

    def _first_baselines(self) -> Days:
        """Return each person's first baseline visit, or -1 where there is none with a visit after it."""
        first, end = self._courses.offsets[:-1], self._courses.offsets[1:]
        baseline = np.append(self._next_baseline, _NEVER)[first]
        return np.where((end - first >= 2) & (baseline < end - 1), baseline, -1)

    def run(self) -> Found:
        """Look at everybody's visits, a round for each change of anybody's."""
        baselines = self._baseline.copy()
        found: list[tuple[Days, Days, Days, Days]] = []
        left = np.arange(len(self._courses.day))
        seen = np.where(baselines < 0, _NEVER, baselines)
        while len(left := left[left > seen[self._courses.person[left]]]):
            events, seen = self._round(left)
            found.append(events)
        nothing = (np.zeros(0, dtype=np.int64),) * 4
        return _events(baselines, *(np.concatenate(column) for column in zip(nothing, *found, strict=True)))

    def _round(self, left: Days) -> tuple[tuple[Days, Days, Days, Days], Days]:
        """Take everybody to the next change; return the events there, and up to which visit each person was seen."""
        who = self._courses.person[left]
        score = self._courses.edss[self._baseline[who]]
        crossed = self._crossed(left, self._baseline[who])
        worse = self._low[left] >= self._worse[score]
        better = (self._high[left] <= self._better[score]) & self._rules.baseline.follows_improvement
        changed = np.flatnonzero(crossed | worse | better)
        first = changed[_first_of_each(who[changed])]
        visit, person = left[first], who[first]
        events = self._events(visit[worse[first] & ~crossed[first]])
        moved = crossed[first] | better[first] | self._rules.baseline.follows_worsening
        after = np.where(crossed[first], self._after_relapse(visit), self._new_baseline(visit))
        return events, self._move(person, visit, np.where(moved, after, -1), events[0])

    def _crossed(self, visit: Days, baseline: Days) -> Marks:
        """Tell of visits whether the baseline is to move because a relapse came in between."""
        if self._relapses is None:
            return np.zeros(len(visit), dtype=bool)
        return self._relapses.between(baseline, visit)

    def _after_relapse(self, visit: Days) -> Days:
        return visit if self._relapses is None else self._relapses.first_visit_after[visit]

    def _new_baseline(self, visit: Days) -> Days:
        return self._confirmation[visit] if self._rules.baseline_moves_to == "confirmation" else visit

    def _events(self, visit: Days) -> tuple[Days, Days, Days, Days]:
        """Return those confirmed worsenings that last and, for PIRA, have no relapse near."""
        person = self._courses.person[visit]
        baseline, confirmation = self._baseline[person], self._confirmation[visit]
        threshold = self._worse[self._courses.edss[baseline]]
        kept = _last(self._courses, self._rules, visit, confirmation, threshold)
        if self._relapses is not None:
            kept &= self._relapses.independent(visit, baseline, threshold)
            confirmation = self._relapses.confirmation[visit]
        return person[kept], visit[kept], confirmation[kept], baseline[kept]

    def _move(self, person: Days, visit: Days, to: Days, with_event: Days) -> Days:
        """Move the baselines of people to the first visit from another one on that may be one, or leave them (-1).

        Returns up to which visit each person was seen; who had no change, or the only event looked for, is done.
        """
        baseline = np.where(to < 0, self._baseline[person], self._next_baseline[to])
        self._baseline[person] = np.minimum(baseline, len(self._courses.day) - 1)
        seen = np.full(self._courses.people, _NEVER)
        seen[person] = np.where(to < 0, visit, baseline)
        if not self._rules.baseline.follows_worsening:
            seen[with_event] = _NEVER
        return seen


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
        self.confirmation, low, _ = _confirmed(courses, rules, also=~near_confirmation)
        self._low, self._day = np.where(near_event, -1, low), day
        self._from_baseline, self._rebaseline = rules.relapse_free_from_baseline, rules.rebaseline_after_relapse
        self._last = courses.last_relapse_before()
        anything = np.ones(len(day), dtype=bool)
        self.first_visit_after = courses.first_visit(anything, self._last, day)

    def between(self, baseline: Days, visit: Days) -> Marks:
        """Tell whether the baselines are to move because a relapse came between them and these visits."""
        return (self._last[visit] > self._day[baseline]) & self._rebaseline

    def independent(self, visit: Days, baseline: Days, threshold: Days) -> Marks:
        """Tell of worsenings whether a visit away from relapses confirms them and no relapse is near."""
        # Relapses from the visit on are near the event already: what is left lies between baseline and event.
        since = (self._last[visit] >= self._day[baseline]) & self._from_baseline
        return (self._low[visit] >= threshold) & ~since


def _step(rules: WorseningParameters, score: int) -> int:
    """Return the rise, in half points, that counts from a score in half points."""
    if score == 0:
        return round(rules.step_from_zero * 2)
    return round((rules.half_step if score >= rules.half_step_from * 2 else rules.step) * 2)
