"""Put a chunk of people together: every table of the common data model, before a registry writes it its own way."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from data_catalog.synth import events, measures
from data_catalog.synth.course import Course, People, Setting, draw_course, draw_people
from data_catalog.synth.treatments import Episodes, draw_episodes

CHUNK = 20_000
"""People drawn at once: what bounds the memory."""

Tables = dict[str, pl.DataFrame]


def chunks(setting: Setting, people: int, seed: tuple[int, ...]) -> Iterator[tuple[int, Tables]]:
    """Give the first person's number and the tables of each chunk; the same seed and number give the same bytes."""
    for first in range(0, people, CHUNK):
        yield first, draw_tables(setting, min(CHUNK, people - first), (*seed, first))


def draw_tables(setting: Setting, size: int, seed: tuple[int, ...]) -> Tables:
    """Draw all tables of a chunk of people; `year` holds the person-years they were drawn from."""
    draw = np.random.default_rng(seed)
    people = draw_people(draw, size, setting)
    course = draw_course(draw, people, setting)
    episodes = draw_episodes(draw, people, course)
    spans = events.followed(people, course)
    return {
        "year": events.years(spans, people, episodes),
        **_events(draw, people, course, episodes, spans, setting),
        **_measures(draw, people, course, episodes, spans, setting),
    }


def _events(
    draw: np.random.Generator,
    people: People,
    course: Course,
    episodes: Episodes,
    spans: events.Followed,
    setting: Setting,
) -> Tables:
    return {
        "patient": events.patients(draw, people, course, setting.centres),
        "relapse": events.relapses(draw, people, spans, episodes),
        "treatment": events.treatments(draw, people, episodes),
        "adverse_event": events.adverse_events(draw, people, spans, episodes),
        "pregnancy": events.pregnancies(draw, people, spans),
        "comorbidity": events.comorbidities(draw, people),
        "vaccination": events.vaccinations(draw, people, spans),
    }


def _measures(
    draw: np.random.Generator,
    people: People,
    course: Course,
    episodes: Episodes,
    spans: events.Followed,
    setting: Setting,
) -> Tables:
    return {
        "visit": measures.visits(draw, people, spans, course, setting.visits),
        "mri": measures.scans(draw, people, spans, episodes, setting.scans),
        "function_test": measures.function_tests(draw, spans, setting.tests),
        "patient_reported": measures.reports(draw, spans, setting.reports),
        "laboratory": measures.samples(draw, people, spans, setting.samples),
        "oct": measures.eyes(draw, spans, setting.oct),
    }
