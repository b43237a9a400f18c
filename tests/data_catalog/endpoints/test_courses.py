"""Small courses by hand, and what holds for every course."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from data_catalog.endpoints.courses import Courses
from tests.data_catalog.endpoints.support import Cohort, events, every_event, rules

CDW, ROVING, PIRA, EDSS_6 = "cdw_84d_fixed_5_5", "cdw_84d_roving_5_5", "pira_168d_5_5", "edss_6_confirmed"
CUT_OFF_6 = {"half_step_from": 6.0}
WEEK_EARLY = {"confirmation_days_before": 7}
MONTH_LATE = {"confirmation_days_after": 28}
SUSTAINED = {"sustained_days": "unlimited"}
FROM_BASELINE = {"relapse_free_from_baseline": True, "rebaseline_after_relapse": False, "relapse_free_before_event": 10}
ON_THE_DAY = FROM_BASELINE | {"relapse_days_before_baseline": 0}
STAYING = {"rebaseline_after_relapse": False}

# what it shows, endpoint, changed parameters, {day: EDSS}, days of relapses, day of the event (None: no event)
BY_HAND: list[tuple[str, str, dict[str, Any], dict[int, float], list[int], int | None]] = [
    ("confirmed after 84 days exactly", CDW, {}, {0: 2, 100: 3, 184: 3}, [], 100),
    ("83 days are too few", CDW, {}, {0: 2, 100: 3, 183: 3}, [], None),
    ("77 are enough with a week's tolerance", CDW, WEEK_EARLY, {0: 2, 100: 3, 177: 3}, [], 100),
    ("76 are not", CDW, WEEK_EARLY, {0: 2, 100: 3, 176: 3}, [], None),
    ("112 are still in time for 28 days more", CDW, MONTH_LATE, {0: 2, 100: 3, 212: 3}, [], 100),
    ("113 are too late", CDW, MONTH_LATE, {0: 2, 100: 3, 213: 3}, [], None),
    ("not confirmed at all", CDW, {}, {0: 2, 100: 3}, [], None),
    ("a dip in between", CDW, {}, {0: 2, 100: 3, 140: 2.5, 184: 3}, [], None),
    ("after the dip it begins anew", CDW, {}, {0: 2, 100: 3, 140: 2.5, 184: 3, 268: 3}, [], 184),
    ("one point from 0 is too little", CDW, {}, {0: 0, 100: 1, 184: 1}, [], None),
    ("one and a half from 0", CDW, {}, {0: 0, 100: 1.5, 184: 1.5}, [], 100),
    ("one from 1", CDW, {}, {0: 1, 100: 2, 184: 2}, [], 100),
    ("half from 5.0 is too little", CDW, {}, {0: 5, 100: 5.5, 184: 5.5}, [], None),
    ("half from the cut-off 5.5", CDW, {}, {0: 5.5, 100: 6, 184: 6}, [], 100),
    ("half from 5.5 is too little for the cut-off 6.0", CDW, CUT_OFF_6, {0: 5.5, 100: 6, 184: 6}, [], None),
    ("half from the cut-off 6.0", CDW, CUT_OFF_6, {0: 6, 100: 6.5, 184: 6.5}, [], 100),
    ("a fixed baseline stays", CDW, {}, {0: 4, 100: 2, 200: 2, 300: 3, 400: 3}, [], None),
    ("a roving one follows improvement", ROVING, {}, {0: 4, 100: 2, 200: 2, 300: 3, 400: 3}, [], 300),
    ("that is confirmed", ROVING, {}, {0: 4, 100: 2, 150: 4, 300: 3, 400: 3}, [], None),
    ("29 days after a relapse is no baseline", CDW, {}, {0: 4, 100: 2, 200: 3, 300: 3}, [-29], 200),
    ("30 days after it is one", CDW, {}, {0: 4, 100: 2, 200: 3, 300: 3}, [-30], None),
    ("a visit near a relapse confirms nothing", CDW, {}, {0: 2, 100: 3, 184: 3}, [155], None),
    ("30 days after it does", CDW, {}, {0: 2, 100: 3, 184: 3}, [154], 100),
    ("later it went back", CDW, SUSTAINED, {0: 2, 100: 3, 184: 3, 300: 2}, [], None),
    ("it lasted", CDW, SUSTAINED, {0: 2, 100: 3, 184: 3, 300: 4}, [], 100),
    ("it lasted long enough", CDW, {"sustained_days": 200}, {0: 2, 100: 3, 184: 3, 300: 2}, [], 100),
    ("a day too short", CDW, {"sustained_days": 201}, {0: 2, 100: 3, 184: 3, 300: 2}, [], None),
    ("a relapse 90 days before the event", PIRA, STAYING, {0: 2, 200: 3, 400: 3}, [110], None),
    ("91 days before", PIRA, STAYING, {0: 2, 200: 3, 400: 3}, [109], 200),
    ("30 days after the event", PIRA, STAYING, {0: 2, 200: 3, 400: 3}, [230], None),
    ("31 days after", PIRA, STAYING, {0: 2, 200: 3, 400: 3}, [231], 200),
    ("90 days before the confirmation", PIRA, STAYING, {0: 2, 200: 3, 400: 3}, [310], None),
    ("30 days after the confirmation", PIRA, STAYING, {0: 2, 200: 3, 400: 3}, [430], None),
    ("31 days after it", PIRA, STAYING, {0: 2, 200: 3, 400: 3}, [431], 200),
    ("a later visit away from relapses confirms", PIRA, STAYING, {0: 2, 200: 3, 400: 3, 600: 3}, [350], 200),
    ("a relapse long ago, after the baseline", PIRA, FROM_BASELINE, {0: 2, 200: 3, 400: 3}, [50], None),
    ("on the day of the baseline", PIRA, ON_THE_DAY, {0: 2, 200: 3, 400: 3}, [0], None),
    ("and before the baseline", PIRA, FROM_BASELINE, {0: 2, 200: 3, 400: 3}, [-50], 200),
    ("a relapse moves the baseline", PIRA, {}, {0: 2, 200: 3, 400: 3, 600: 4, 800: 4}, [100], 600),
    ("or it does not", PIRA, STAYING, {0: 2, 200: 3, 400: 3, 600: 4, 800: 4}, [100], 200),
    ("a milestone", EDSS_6, {}, {0: 5, 100: 6, 268: 6.5}, [], 100),
    ("a milestone there at the first visit", EDSS_6, {}, {0: 6, 168: 6}, [], 0),
    ("a milestone not kept", EDSS_6, {}, {0: 5, 100: 6, 268: 5.5}, [], None),
]


@pytest.mark.parametrize(("what", "endpoint", "changes", "scores", "relapses", "expected"), BY_HAND)
def test_by_hand(
    what: str,
    endpoint: str,
    changes: dict[str, Any],
    scores: dict[int, float],
    relapses: list[int],
    expected: int | None,
) -> None:
    cohort = Cohort([("a", day, float(edss)) for day, edss in scores.items()], [("a", day) for day in relapses])
    found = events(cohort, rules(endpoint, **changes))
    assert (found["a"][0] if found else None) == expected, what


# what it shows, endpoint, {day: EDSS}, days of relapses, the events: day, day of its baseline
LATER: list[tuple[str, str, dict[int, float], list[int], list[tuple[int, int]]]] = [
    (
        "the next is measured from the confirmation",
        ROVING,
        {0: 2, 100: 3, 200: 3, 300: 4, 400: 4},
        [],
        [(100, 0), (300, 200)],
    ),
    ("what is kept is no second event", ROVING, {0: 2, 100: 3, 200: 3, 300: 3, 400: 3}, [], [(100, 0)]),
    (
        "a rise before the confirmation is part of the first",
        ROVING,
        {0: 2, 100: 3, 150: 4, 190: 4, 300: 4},
        [],
        [(100, 0)],
    ),
    (
        "down and up again is a second one",
        ROVING,
        {0: 2, 100: 3, 200: 3, 300: 2, 400: 2, 500: 3, 600: 3},
        [],
        [(100, 0), (500, 400)],
    ),
    ("a second PIRA", PIRA, {0: 2, 200: 3, 400: 3, 600: 4, 800: 4}, [], [(200, 0), (600, 400)]),
    (
        "a relapse in between moves the baseline",
        PIRA,
        {0: 2, 200: 3, 400: 3, 600: 4, 800: 5, 1000: 5},
        [500],
        [(200, 0), (800, 600)],
    ),
]


@pytest.mark.parametrize(("what", "endpoint", "scores", "relapses", "expected"), LATER)
def test_later_events_by_hand(
    what: str, endpoint: str, scores: dict[int, float], relapses: list[int], expected: list[tuple[int, int]]
) -> None:
    cohort = Cohort([("a", day, float(edss)) for day, edss in scores.items()], [("a", day) for day in relapses])
    found = every_event(cohort, rules(endpoint))
    assert [(event[0], event[2]) for event in found["a"]] == expected, what


def test_a_relapse_known_to_the_month_takes_the_whole_month() -> None:
    visits = [[0, 0, 0], [0, 200, 400], [4, 6, 6]]
    for last_day, expected in ((109, False), (110, True)):
        courses = Courses.of(1, visits, [[0], [80], [last_day]])
        near = courses.relapse_between(courses.day - 90, courses.day + 30)
        assert bool(near[1]) is expected


def test_a_day_beyond_the_keys_is_refused() -> None:
    """Such a day would be looked for among the next person's visits, and a search could go round in circles."""
    with pytest.raises(InvalidInput, match="before 1697"):
        Courses.of(1, [[0], [731_000], [4]], [[], [], []])


SCORES = st.sampled_from([step / 2 for step in (0, *range(2, 20))])
VISITS = st.dictionaries(st.integers(0, 1500), SCORES, min_size=2, max_size=12)
RELAPSES = st.lists(st.integers(-200, 1500), max_size=4)
ENDPOINTS = st.sampled_from([CDW, ROVING, PIRA, EDSS_6])


def course(scores: dict[int, float], relapses: list[int], person: str = "a") -> Cohort:
    return Cohort([(person, *visit) for visit in scores.items()], [(person, day) for day in relapses])


@settings(max_examples=150, deadline=None)
@given(VISITS, RELAPSES, ENDPOINTS, SCORES)
def test_a_later_visit_moves_no_event_that_was_confirmed(
    scores: dict[int, float], relapses: list[int], endpoint: str, score: float
) -> None:
    before = events(course(scores, relapses), rules(endpoint))
    after = events(course(scores | {2000: score}, relapses), rules(endpoint))
    assert "a" not in before or after["a"] == before["a"]


@settings(max_examples=100, deadline=None)
@given(VISITS, RELAPSES, ENDPOINTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_other_people_change_nothing(
    scores: dict[int, float], relapses: list[int], endpoint: str, draw: Any
) -> None:
    alone = course(scores, relapses)
    others = [course({day: max(9.5 - edss, 1.0) for day, edss in scores.items()}, relapses, name) for name in "Ab"]
    visits = [*alone.visits, *(visit for other in others for visit in other.visits)]
    draw.shuffle(visits)
    relapses_of_all = [*alone.relapses, *(relapse for other in others for relapse in other.relapses)]
    assert events(Cohort(visits, relapses_of_all), rules(endpoint)).get("a") == events(alone, rules(endpoint)).get("a")


@settings(max_examples=150, deadline=None)
@given(VISITS, RELAPSES, ENDPOINTS)
def test_every_event_is_confirmed_by_the_scores(scores: dict[int, float], relapses: list[int], endpoint: str) -> None:
    asked = rules(endpoint)
    for day, confirmed, baseline_day, baseline in events(course(scores, relapses), asked).values():
        between = [edss for when, edss in scores.items() if day <= when <= confirmed]
        assert confirmed - day >= asked.confirmation_days
        assert min(between) >= (asked.edss if endpoint == EDSS_6 else baseline + 0.5)
        assert scores[int(baseline_day)] == baseline


@settings(max_examples=150, deadline=None)
@given(VISITS, RELAPSES)
def test_a_roving_baseline_finds_every_person_a_fixed_one_finds_and_no_later(
    scores: dict[int, float], relapses: list[int]
) -> None:
    """It only moves down before the first worsening: what is a step above the old baseline is one above the new."""
    fixed = events(course(scores, relapses), rules(CDW))
    roving = events(course(scores, relapses), rules(ROVING))
    assert not fixed or roving["a"][0] <= fixed["a"][0]
