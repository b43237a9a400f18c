"""Everybody's visits and relapses as arrays sorted by person and day, and questions about days asked of all at once.

EDSS is kept in half points, so that steps are whole numbers. A day is a number of days since 1970. A relapse whose day
is not known may have begun on any day of its month or year, so that the whole period is not free of relapses.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Days = NDArray[np.int64]
Scores = NDArray[np.int8]
Marks = NDArray[np.bool_]
_Answer = TypeVar("_Answer")

_SPAN = 1 << 20
_FURTHEST = 100_000
"""No day is further from 1970; windows without a limit end twice as far, well inside the person's span."""


@dataclass(frozen=True)
class Courses:
    """The visits (with a day and a score) and the relapses of people numbered from 0."""

    people: int
    person: Days
    day: Days
    edss: Scores
    relapse_starts: Days
    relapse_ends: Days
    _answers: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, people: int, visits: Sequence[Any], relapses: Sequence[Any]) -> "Courses":
        """Sort columns of visits (person, day, half points) and of relapses (person, first day, last day).

        Raises InvalidInput for days so far off that windows around them would reach into the next person's, and for
        two visits of a person on one day: the model holds none, and which score counts would be chance.
        """
        person, day, edss = (np.asarray(column, dtype=np.int64) for column in visits)
        who, first, last = (np.asarray(column, dtype=np.int64) for column in relapses)
        for days in (day, first, last):
            if len(days) and np.abs(days).max() > _FURTHEST:
                raise InvalidInput("A visit or relapse lies before 1697 or after 2243.", "Correct its date.")
        order = np.lexsort((day, person))
        person, day = person[order], day[order]
        if np.any((np.diff(person) == 0) & (np.diff(day) == 0)):
            raise InvalidInput("Somebody has two scores on one day.", "Keep the one that counts.")
        return cls(
            people,
            person,
            day,
            edss[order].astype(np.int8),
            np.sort(_keys(who, first)),
            np.sort(_keys(who, last)),
        )

    @property
    def offsets(self) -> Days:
        """Where each person's visits begin, and the end of the last."""
        return np.searchsorted(self.person, np.arange(self.people + 1))

    def once(self, question: Hashable, answer: Callable[[], _Answer]) -> _Answer:
        """Return the answer to a question about all visits, found the first time: many endpoints ask the same."""
        if question not in self._answers:
            self._answers[question] = answer()
        found: _Answer = self._answers[question]
        return found

    def relapse_between(self, first: Days, last: Days) -> Marks:
        """Tell for each visit whether a relapse of that person may lie from one day to another, both included."""
        begun = np.searchsorted(self.relapse_starts, _keys(self.person, last), side="right")
        over = np.searchsorted(self.relapse_ends, _keys(self.person, first), side="left")
        return begun > over

    def relapse_before(self, days: int) -> Marks:
        """Tell for each visit whether a relapse began less than so many days before it."""
        if not days:
            return np.zeros(len(self.day), dtype=bool)
        return self.once(("relapse_before", days), lambda: self.relapse_between(self.day - days + 1, self.day))

    def last_relapse_before(self) -> Days:
        """Return for each visit the last day of the person's last relapse before that day, or a day long past."""
        place = np.searchsorted(self.relapse_ends, _keys(self.person, self.day), side="left") - 1
        padded = np.append(self.relapse_ends, np.int64(-1))
        key = padded[place]
        same = (key >= 0) & (key // _SPAN == self.person)
        return np.where(same, key % _SPAN - _SPAN // 2, -2 * _FURTHEST)

    def first_visit(self, which: Marks, first: Days, last: Days) -> Days:
        """Return for each visit the first marked visit of that person from one day to another, or -1."""
        places = np.flatnonzero(which)
        keys = _keys(self.person, self.day)[places]
        place = np.searchsorted(keys, _keys(self.person, first), side="left")
        found = np.append(places, -1)[place]
        inside = (found >= 0) & (np.append(keys, np.iinfo(np.int64).max)[place] <= _keys(self.person, last))
        return np.where(inside, found, -1)

    def range_over(self, until: Days) -> tuple[Scores, Scores]:
        """Return the lowest and the highest score from each visit to another; where that is -1, none is reached."""
        known = np.flatnonzero(until >= 0)
        low, high = np.full(len(self.day), -1, dtype=np.int8), np.full(len(self.day), 99, dtype=np.int8)
        if len(known):
            pairs = np.column_stack((known, until[known] + 1)).ravel()
            scores = np.append(self.edss, np.int8(0))
            low[known] = np.minimum.reduceat(scores, pairs)[::2]
            high[known] = np.maximum.reduceat(scores, pairs)[::2]
        return low, high


def _keys(person: Days, day: Days) -> Days:
    """Return one number for a person and a day, in the order of both."""
    return person * _SPAN + np.clip(day, -_FURTHEST * 4, _FURTHEST * 4) + _SPAN // 2


def later(day: Days, days: int | str) -> Days:
    """Return each day so many days later; `unlimited` is beyond every visit."""
    return day + (2 * _FURTHEST if isinstance(days, str) else days)
