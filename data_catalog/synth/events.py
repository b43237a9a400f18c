"""Draw what a registry records of a person besides visits and scans, as tables under the common data model's names.

Every table has `person` (its number within the chunk), dates, and `roll` (a uniform number for the writers' faults).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_catalog.synth.course import RRMS, SPMS, YEAR, Course, Ints, People
from data_catalog.synth.rates import CLASSES, Floats, by_class, number, numbers, rates, relapse_rates, shares
from data_catalog.synth.treatments import Episodes, drug_at, drugs, rate_in, stop_reasons

FUNCTIONS = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral")

_INFECTIONS = (
    "Pneumonia",
    "Urinary tract infection",
    "Sepsis",
    "Herpes zoster",
    "COVID-19",
    "Cellulitis",
    "Appendicitis",
)
_OTHERS = ("Fall", "Femoral neck fracture", "Seizure", "Breast cancer", "Myocardial infarction", "Pulmonary embolism")
_OTHERS_ON_DRUG = ("Infusion related reaction", "Lymphopenia", "Drug-induced liver injury")
_VERSIONS = ("23.1", "25.0", "26.1", "27.1")
_SYMPTOMATIC = (("baclofen", "M03BX01"), ("fampridine", "N07XX07"), ("gabapentin", "N02BF01"), ("modafinil", "N06BA07"))


@dataclass(frozen=True)
class Followed:
    """Person-years of follow-up: the part of each year since onset in which the registry follows a person."""

    person: Ints
    year: Ints
    since: Ints
    until: Ints
    edss: Floats
    phase: NDArray[np.int8]

    @property
    def length(self) -> Floats:
        """How much of a year each is."""
        return (self.until - self.since) / YEAR


def followed(people: People, course: Course) -> Followed:
    """Cut everybody's follow-up into the years since onset."""
    first = ((people.entry - people.onset) / YEAR).astype(np.int32)
    count = ((people.exit - people.onset) / YEAR).astype(np.int32) - first + 1
    person = np.repeat(np.arange(len(people), dtype=np.int32), count)
    year = (np.arange(len(person)) - np.repeat(count.cumsum() - count, count) + first[person]).astype(np.int32)
    begins = people.onset[person] + np.ceil(year * YEAR).astype(np.int32)
    ends = people.onset[person] + np.ceil((year + 1) * YEAR).astype(np.int32)
    since, until = np.maximum(begins, people.entry[person]), np.minimum(ends, people.exit[person])
    return Followed(person, year, since, until, course.edss[person, year], course.phase[person, year])


Columns = dict[str, pl.Series | NDArray[Any]]


def table(draw: np.random.Generator, columns: Columns) -> pl.DataFrame:
    """Return a table by person and first date; days become dates, the day 0 is no date, and `roll` is drawn."""
    frame = pl.DataFrame(columns)
    days = [name for name in frame.columns if name.endswith("_date")]
    frame = frame.with_columns(pl.when(pl.col(day) != 0).then(pl.col(day)).cast(pl.Date).alias(day) for day in days)
    order = ["person", *days[:1], *([] if "region" not in frame.columns else ["region"])]
    return frame.sort(order, maintain_order=True).with_columns(roll=draw.random(len(frame)))


def words(known: tuple[str, ...], numbers_: NDArray[Any]) -> pl.Series:
    """Return words by their number; a negative number is missing."""
    index = pl.Series(numbers_.astype(np.int32))
    return pl.Series(known, dtype=pl.String).gather(pl.select(pl.when(index >= 0).then(index)).to_series())


def pick(draw: np.random.Generator, entry: tuple[tuple[str, ...], Floats], size: int) -> pl.Series:
    """Draw words by their shares."""
    known, chances = entry
    return words(known, np.minimum(np.searchsorted(chances.cumsum(), draw.random(size)), len(known) - 1))


def yes(condition: NDArray[np.bool_]) -> pl.Series:
    """Return yes and no."""
    return words(("no", "yes"), condition)


def within(draw: np.random.Generator, since: Ints, until: Ints) -> Ints:
    """Draw a day of each span."""
    day: Ints = (since + draw.random(len(since)) * np.maximum(until - since, 1)).astype(np.int32)
    return day


def days_of(draw: np.random.Generator, spans: Followed, rate: Floats | float) -> tuple[Ints, Ints, Ints]:
    """Draw Poisson events at a rate a year; returns person, day and span, no two on one day of a person."""
    span = np.repeat(np.arange(len(spans.person)), draw.poisson(rate * spans.length))
    day = within(draw, spans.since[span], spans.until[span])
    _, kept = np.unique(spans.person[span].astype(np.int64) * 100_000 + day, return_index=True)
    return spans.person[span][kept], day[kept], span[kept].astype(np.int32)


def patients(draw: np.random.Generator, people: People, course: Course, centres: int) -> pl.DataFrame:
    """Return one row a person."""
    kind = np.select(
        [people.radiological, people.isolated, people.primary, course.progression > 0],
        [0, 1, 4, 3],
        2,
    )
    dead = people.death > 0
    cause = np.where(draw.random(len(people)) < 0.05, 2, draw.random(len(people)) >= number("death", "by_ms"))
    kind = np.where((kind < 2) & (course.progression > 0), 3, kind)
    return table(
        draw,
        {
            "person": np.arange(len(people), dtype=np.int32),
            "birth_date": people.birth,
            "centre": draw.integers(1, centres + 1, len(people)),
            "sex": words(("male", "female"), people.female),
            "onset_date": people.onset,
            "diagnosis_date": people.diagnosis,
            "course": words(("ris", "cis", "rrms", "spms", "ppms"), kind),
            "progression_date": course.progression,
            "death_date": people.death,
            "death_cause": words(("ms", "other", "unknown"), np.where(dead, cause, -1)),
            "entry_date": people.entry,
            "exit_date": people.exit,
        },
    )


def relapses(draw: np.random.Generator, people: People, spans: Followed, episodes: Episodes) -> pl.DataFrame:
    """Return relapses at the published rates by EDSS and phase, fewer on treatment; CIS and RIS have none."""
    base = relapse_rates()[spans.phase, np.minimum(spans.edss.astype(int), 9)]
    ratio = rate_in(episodes, spans.person, spans.since, spans.until, by_class("relapse_rate_ratio"))
    none_yet = (people.isolated | people.radiological)[spans.person]
    person, day, _ = days_of(draw, spans, np.where(none_yet, 0, base * ratio))
    size = len(person)
    affected = rates()["relapses_rest"]["affected"]
    parts = {f"affected_{name}": draw.random(size) < affected[name] for name in FUNCTIONS}
    parts["affected_sensory"] |= ~np.any(list(parts.values()), axis=0)
    return table(
        draw,
        {
            "person": person,
            "relapse_date": day,
            "severity": pick(draw, shares("relapses_rest", "severity"), size),
            "steroids": yes(draw.random(size) < number("relapses_rest", "steroids")),
            "recovery": pick(draw, shares("relapses_rest", "recovery"), size),
            **{name: yes(part) for name, part in parts.items()},
        },
    )


def treatments(draw: np.random.Generator, people: People, episodes: Episodes) -> pl.DataFrame:
    """Return disease-modifying treatments, and the symptomatic ones of a third of the people."""
    person, line = np.nonzero(episodes.drug >= 0)
    known, drug = drugs(), episodes.drug[person, line]
    ongoing = episodes.ongoing[person, line]
    other = np.flatnonzero(draw.random(len(people)) < 0.3)
    which = draw.integers(0, len(_SYMPTOMATIC), len(other))
    start = within(draw, people.diagnosis[other], people.exit[other])
    names = (*known.names, *(name for name, _ in _SYMPTOMATIC))
    codes = (*known.atc, *(atc for _, atc in _SYMPTOMATIC))
    number_ = np.concatenate([drug, which + len(known.names)])
    none = np.zeros(len(other), dtype=np.int32)
    return table(
        draw,
        {
            "person": np.concatenate([person, other]).astype(np.int32),
            "start_date": np.concatenate([episodes.start[person, line], start]),
            "stop_date": np.concatenate([np.where(ongoing, 0, episodes.stop[person, line]), none]).astype(np.int32),
            "drug": words(names, number_),
            "atc": words(codes, number_),
            "kind": words(("disease_modifying", "symptomatic"), number_ >= len(known.names)),
            "stop_reason": words(
                stop_reasons()[0], np.concatenate([np.where(ongoing, -1, episodes.reason[person, line]), none - 1])
            ),
        },
    )


def adverse_events(draw: np.random.Generator, people: People, spans: Followed, episodes: Episodes) -> pl.DataFrame:
    """Return serious adverse events: serious infections at the rate of the drug class, and others."""
    per_class = by_class("infections", "infections_rest")
    other_rate = number("other_events")
    most = (per_class.max() + other_rate) / 1000
    person, day, _ = days_of(draw, spans, most)
    drug = drug_at(episodes, person, day)
    kind = np.where(drug >= 0, drugs().kind[drug], 0)
    chance = draw.random(len(person)) * most * 1000
    infection, other = chance < per_class[kind], chance < per_class[kind] + other_rate
    person, day, drug, infection = (column[other] for column in (person, day, drug, infection))
    dead = people.death[person]
    fatal = (dead > 0) & (dead - day < 14)
    return table(draw, _event_columns(draw, person, day, drug, infection, fatal, people))


def _event_columns(
    draw: np.random.Generator,
    person: Ints,
    day: Ints,
    drug: NDArray[np.int8],
    infection: NDArray[np.bool_],
    fatal: NDArray[np.bool_],
    people: People,
) -> Columns:
    size, treated = len(person), drug >= 0
    terms = (*_INFECTIONS, *_OTHERS, *_OTHERS_ON_DRUG)
    others = draw.integers(0, len(_OTHERS) + np.where(treated, len(_OTHERS_ON_DRUG), 0))
    term = np.where(infection, draw.integers(0, len(_INFECTIONS), size), len(_INFECTIONS) + others)
    serious = np.where(fatal, 0, draw.choice(4, size, p=(0.06, 0.74, 0.05, 0.15)) + 1)
    ended = np.where(fatal, 0, draw.choice(5, size, p=(0.55, 0.18, 0.08, 0.09, 0.10)) + 1)
    reported = np.minimum(day + 1 + draw.exponential(25, size), np.maximum(people.exit[person], day)).astype(np.int32)
    return {
        "person": person,
        "event_date": day,
        "reported_date": reported,
        "term": words(terms, term),
        "meddra_version": words(_VERSIONS, draw.integers(0, len(_VERSIONS), size)),
        "seriousness": words(("death", "life_threatening", "hospitalisation", "disability", "important"), serious),
        "outcome": words(("fatal", "recovered", "recovering", "not_recovered", "sequelae", "unknown"), ended),
        "suspected_drug": words(drugs().names, drug),
        "related": words(("unknown", "no", "yes"), np.where(treated, draw.integers(0, 3, size), 1)),
    }


def pregnancies(draw: np.random.Generator, people: People, spans: Followed) -> pl.DataFrame:
    """Return pregnancies of women of fertile age; one under way has no end yet."""
    youngest, oldest = numbers("pregnancy", "ages")
    age = (spans.since - people.birth[spans.person]) / YEAR
    able = people.female[spans.person] & (age >= youngest) & (age < oldest)
    person, day, _ = days_of(draw, spans, np.where(able, number("pregnancy", "rate"), 0))
    known, chances = shares("pregnancy", "outcomes")
    outcome = draw.choice(len(known), len(person), p=chances)
    born = np.isin(outcome, [known.index(word) for word in ("live_birth", "stillbirth")])
    end = (day + np.where(born, draw.normal(274, 11, len(person)), draw.uniform(35, 110, len(person)))).astype(np.int32)
    open_ = end > people.exit[person]
    return table(
        draw,
        {
            "person": person,
            "lmp_date": day,
            "end_date": np.where(open_, 0, end).astype(np.int32),
            "outcome": words((*known, "ongoing"), np.where(open_, len(known), outcome)),
        },
    )


def comorbidities(draw: np.random.Generator, people: People) -> pl.DataFrame:
    """Return other conditions, each at its share of the people."""
    names = {
        "I10": "Essential hypertension",
        "F32": "Depressive episode",
        "E03": "Hypothyroidism",
        "E11": "Type 2 diabetes mellitus",
        "G43": "Migraine",
        "J45": "Asthma",
        "E78": "Disorders of lipoprotein metabolism",
        "M81": "Osteoporosis",
    }
    chances = rates()["comorbidity"]["people"]
    person, which = np.nonzero(draw.random((len(people), len(names))) < np.array([chances[code] for code in names]))
    grown = np.minimum(people.birth[person] + int(15 * YEAR), people.exit[person])
    diagnosed = within(draw, grown, people.exit[person])
    return table(
        draw,
        {
            "person": person.astype(np.int32),
            "diagnosed_date": np.where(draw.random(len(person)) < 0.2, 0, diagnosed).astype(np.int32),
            "condition": words(tuple(names.values()), which),
            "icd10": words(tuple(names), which),
        },
    )


def vaccinations(draw: np.random.Generator, people: People, spans: Followed) -> pl.DataFrame:
    """Return vaccinations: influenza through the years, COVID-19 from 2021 on."""
    covid_from = 18_687
    person, day, _ = days_of(draw, spans, number("vaccination", "influenza"))
    late = np.flatnonzero(
        (draw.random(len(people)) < number("vaccination", "covid")) & (people.exit > covid_from + 200)
    )
    covid = within(draw, np.maximum(people.entry[late], covid_from), people.exit[late])
    kind = np.repeat([0, 1], [len(person), len(late)])
    return table(
        draw,
        {
            "person": np.concatenate([person, late]).astype(np.int32),
            "vaccination_date": np.concatenate([day, covid]).astype(np.int32),
            "vaccine": words(("influenza", "covid-19"), kind),
            "atc": words(("J07BB", "J07BN"), kind),
        },
    )


def years(spans: Followed, people: People, episodes: Episodes) -> pl.DataFrame:
    """Return the followed person-years themselves: EDSS and phase as drawn, and the share of each on a drug class."""
    one_hot = np.eye(len(CLASSES))
    on = {
        f"on_{name}": rate_in(episodes, spans.person, spans.since, spans.until, one_hot[number_])
        for number_, name in enumerate(CLASSES)
    }
    isolated = (people.isolated | people.radiological)[spans.person]
    return pl.DataFrame(
        {
            "person": spans.person,
            "year": spans.year,
            "since": spans.since,
            "until": spans.until,
            "edss": spans.edss,
            "phase": words(("rrms", "spms", "ppms"), np.select([spans.phase == RRMS, spans.phase == SPMS], [0, 1], 2)),
            "isolated": isolated,
            **on,
        }
    )
