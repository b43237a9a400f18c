"""Courses by hand, at random and of real people, and the rules of the standard endpoints with changes."""

import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from data_catalog.endpoints.catalogue import standard_endpoints
from data_catalog.endpoints.courses import Courses
from data_catalog.endpoints.models import MilestoneParameters
from data_catalog.endpoints.worsening import Found, milestones, worsenings

REAL = Path(__file__).parents[3].parent / "shared/data/edss_visits/visits.csv"

Visit = tuple[str, int, float]
Relapse = tuple[str, int]


@dataclass(frozen=True)
class Cohort:
    """Visits (person, day, EDSS) and relapses (person, day) in any order."""

    visits: list[Visit]
    relapses: list[Relapse]

    @property
    def people(self) -> list[str]:
        return sorted({person for person, *_ in self.visits})

    @property
    def courses(self) -> Courses:
        number = {person: index for index, person in enumerate(self.people)}
        visits = [(number[person], day, round(edss * 2)) for person, day, edss in self.visits]
        relapses = [(number[person], day, day) for person, day in self.relapses if person in number]
        return Courses.of(len(number), columns(visits, 3), columns(relapses, 3))

    def to_json(self) -> dict[str, Any]:
        return {"visits": self.visits, "relapses": self.relapses}


def columns(rows: Iterable[Any], width: int) -> list[list[int]]:
    rows = list(rows)
    return [[row[place] for row in rows] for place in range(width)]


def rules(endpoint: str, **changes: Any) -> Any:
    """The parameters of a standard endpoint, with some changed."""
    (found,) = [definition for definition in standard_endpoints() if definition.id == endpoint]
    parameters = found.parameters
    return type(parameters).model_validate({**parameters.model_dump(), **changes})


def search(courses: Courses, asked: Any) -> Found:
    return milestones(courses, asked) if isinstance(asked, MilestoneParameters) else worsenings(courses, asked)


def every_event(cohort: Cohort, asked: Any) -> dict[str, list[list[float]]]:
    """Each person's events: their days, the days that confirm them, and days and scores of their baselines."""
    courses = cohort.courses
    found = search(courses, asked)
    days = (courses.day[visit] for visit in (found.visit, found.confirmation, found.baseline))
    rows = np.column_stack((*days, courses.edss[found.baseline] / 2))
    by_person: dict[str, list[list[float]]] = {}
    for person, row in zip(found.person.tolist(), rows.tolist(), strict=True):
        by_person.setdefault(cohort.people[person], []).append(row)
    return by_person


def events(cohort: Cohort, asked: Any) -> dict[str, list[float]]:
    """Each person's first event: its day, the day that confirms it, and the day and score of the baseline."""
    return {person: rows[0] for person, rows in every_event(cohort, asked).items()}


def random_cohort(people: int, seed: int) -> Cohort:
    """Synthetic courses that go up, down and up again, with relapses from the first visit on, some on a visit's day."""
    draw = random.Random(seed)
    visits: list[Visit] = []
    relapses: list[Relapse] = []
    for number in range(people):
        name, day, score = f"r{number:03}", draw.randrange(10_000, 12_000), draw.randrange(0, 14)
        days = []
        for _ in range(draw.randint(2, 14)):
            days.append(day)
            visits.append((name, day, 1.0 if score == 1 else score / 2))
            score = min(max(score + draw.choice((-3, -2, -1, 0, 0, 0, 0, 1, 1, 2, 2, 3)), 0), 19)
            day += draw.choice((28, 30, 42, 84, 84, 90, 168, draw.randint(20, 300)))
        for _ in range(draw.choice((0, 0, 1, 1, 2, 3))):
            relapses.append((name, draw.choice((draw.choice(days), draw.randint(days[0], days[-1])))))
    return Cohort(visits, sorted(set(relapses)))


def real_cohort(path: Path) -> Cohort:
    """The open records: a relapse lies so many days before a visit as the record says."""
    visits, relapses = [], set()
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = (date.fromisoformat(row["dateEDSS"]) - date(1970, 1, 1)).days
            if row["EDSS"]:
                visits.append((row["ID"], day, float(row["EDSS"])))
            if row["daysPostRelapse"]:
                relapses.add((row["ID"], day - abs(int(row["daysPostRelapse"]))))
    seen = {person for person, *_ in visits}
    return Cohort(visits, sorted(relapse for relapse in relapses if relapse[0] in seen))
