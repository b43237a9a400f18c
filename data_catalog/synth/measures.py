"""Draw what is measured: visits with EDSS, scans, function tests, questionnaires, laboratory values and OCT."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_catalog.synth.course import EDSS_VALUES, RRMS, YEAR, Course, Ints, People, day_number
from data_catalog.synth.events import FUNCTIONS, Columns, Followed, days_of, table, words
from data_catalog.synth.rates import Floats, by_class, number, numbers
from data_catalog.synth.treatments import Episodes, class_at

_FUNCTION_MAX = {"brainstem": 5, "cerebellar": 5, "cerebral": 5}
_FUNCTION_SLOPE = dict(zip(FUNCTIONS, (0.25, 0.3, 0.6, 0.45, 0.45, 0.45, 0.3), strict=True))

_AMBULATION = np.array([0] * 8 + [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 12])
"""The ambulation score by twice the EDSS (invented)."""

_MEASURED_FROM = tuple(day_number(date(year, 1, 1)) for year in (2016, 2017, 2011, 1990))
"""When serum NfL, GFAP, JCV and lymphocytes were first recorded."""

_MOST_NEW = 99
_LARGEST_T2 = 250.0
"""New lesions at one scan, and cm3 of T2 lesions, that no larger draw goes beyond: tails have no end, brains do."""

_OCT_FROM = day_number(date(2008, 1, 1))

_ASSAYS = {
    "nfl": ("serum", "pg/mL", "Simoa NF-light", "SR-X"),
    "gfap": ("serum", "pg/mL", "Simoa GFAP", "SR-X"),
    "ocb": ("csf", "", "Isoelectric focusing", "Hydrasys 2"),
    "igg_index": ("csf", "", "Nephelometry", "BN ProSpec"),
    "jcv_index": ("serum", "", "Stratify JCV DxSelect", "ELISA"),
    "lymphocytes": ("blood", "10^9/L", "Flow count", "XN-1000"),
}


def missing(draw: np.random.Generator, values: Floats, share: float, decimals: int = 1) -> pl.Series:
    """Return rounded values, a share of them missing."""
    blank = draw.random(len(values)) < share
    return pl.Series(np.where(blank, np.nan, np.round(values, decimals))).fill_nan(None)


def whole(draw: np.random.Generator, values: NDArray[Any], low: float, high: float, share: float) -> pl.Series:
    """Return whole numbers within limits, a share of them missing."""
    return missing(draw, np.clip(np.round(values), low, high), share).cast(pl.Int32)


def visits(draw: np.random.Generator, people: People, spans: Followed, course: Course, rate: float) -> pl.DataFrame:
    """Return visits: EDSS near the year's, always in its state, with functional systems at two thirds of them."""
    person, day, span = days_of(draw, spans, rate)
    person, day, year = _with_first(people, spans, person, day, span)
    edss = _seen(draw, course.edss[person, year])
    size = len(person)
    examined = draw.random(size) < 0.65
    scores: Columns = {}
    for name in FUNCTIONS:
        score = np.clip(
            np.round(edss * _FUNCTION_SLOPE[name] + draw.normal(0, 0.6, size)), 0, _FUNCTION_MAX.get(name, 6)
        )
        scores[f"fs_{name}"] = _where(examined, score)
    return table(
        draw,
        {
            "person": person,
            "visit_date": day,
            "edss": missing(draw, edss, 0.04),
            **scores,
            "ambulation": _where(examined, _AMBULATION[(edss * 2).astype(int)]),
        },
    )


def _with_first(people: People, spans: Followed, person: Ints, day: Ints, span: Ints) -> tuple[Ints, Ints, Ints]:
    """Put everybody's first visit, the day they enter, before the others."""
    later = day != people.entry[person]
    everybody = np.arange(len(people), dtype=np.int32)
    first_year = ((people.entry - people.onset) / YEAR).astype(np.int32)
    return (
        np.concatenate([everybody, person[later]]),
        np.concatenate([people.entry, day[later]]),
        np.concatenate([first_year, spans.year[span][later]]),
    )


def _seen(draw: np.random.Generator, edss: Floats) -> Floats:
    """Return the score as examined: now and then half a step beside, within the same state."""
    beside = edss + draw.choice((-0.5, 0.0, 0.5), len(edss), p=(0.12, 0.76, 0.12))
    lowest = np.select([edss == 0, edss < 4, edss < 6.5], [values[0] for values in EDSS_VALUES[:3]], EDSS_VALUES[3][0])
    highest = np.select([edss == 0, edss < 4, edss < 6.5], [v[-1] for v in EDSS_VALUES[:3]], EDSS_VALUES[3][-1])
    seen: Floats = np.clip(beside, lowest, highest)
    return seen


def _where(kept: NDArray[np.bool_], values: NDArray[Any]) -> pl.Series:
    return pl.Series(np.where(kept, values.astype(float), np.nan)).fill_nan(None).cast(pl.Int32)


def scans(draw: np.random.Generator, people: People, spans: Followed, episodes: Episodes, rate: float) -> pl.DataFrame:
    """Return brain scans with lesions at the placebo rates (fewer on treatment), and cord scans beside some."""
    person, day, span = days_of(draw, spans, rate)
    progressive = spans.phase[span] != RRMS
    effect = by_class("relapse_rate_ratio")[class_at(episodes, person, day)]
    # One gamma rate a person makes both kinds of lesions: whoever has many new ones enhances more.
    activity = draw.gamma(number("mri_frailty", "shape"), 1, len(people))[person] / number("mri_frailty", "shape")
    gap = _years_since_last(person, day)
    yearly = effect * number("mri_frailty", "shape") * number("mri_frailty", "scale")
    yearly *= np.where(progressive, number("mri_rest", "progressive_new_t2"), 1.0)
    new = np.minimum(draw.poisson(activity * yearly * np.nan_to_num(gap)), _MOST_NEW)
    mean_gd = np.where(progressive, number("mri_ppms", "gd_lesions"), number("mri", "gd_lesions")) * effect
    enhancing = draw.poisson(activity * mean_gd)
    old = draw.negative_binomial(2, 0.08, len(people))[person] + 1
    size = len(person)
    brain: Columns = {
        "person": person,
        "mri_date": day,
        "region": words(("brain",), np.zeros(size, dtype=np.int32)),
        "t1_gd_lesions": whole(draw, enhancing, 0, 99, 0.15),
        "t2_lesions": whole(draw, np.maximum(old + _so_far(person, new), enhancing), 0, 999, 0.1),
        "t2_new_lesions": pl.Series(np.where(np.isnan(gap), np.nan, new)).fill_nan(None).cast(pl.Int32),
        **_volumes(draw, people, person, day, gap),
    }
    return table(draw, _with_cord(draw, brain, person, day))


def _years_since_last(person: Ints, day: Ints) -> Floats:
    """Return the years since the same person's last scan, not a number for the first; rows are in order."""
    gap = np.diff(day, prepend=day[:1]) / YEAR
    return np.where(np.diff(person, prepend=-1) != 0, np.nan, gap)


def _so_far(person: Ints, new: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the running sum of a person's new lesions; rows are in order."""
    total = new.cumsum()
    first = np.flatnonzero(np.diff(person, prepend=-1) != 0)
    before = (total - new)[first]
    return total - np.repeat(before, np.diff(np.append(first, len(person))))


def _volumes(draw: np.random.Generator, people: People, person: Ints, day: Ints, gap: Floats) -> dict[str, pl.Series]:
    """Return T2 volume (cm3), brain volume (mL) and its change since the last scan (%)."""
    years = (day - people.entry[person]) / YEAR
    mean, sd = numbers("mri_ppms", "t2_volume")
    spread = np.sqrt(np.log1p((sd / mean) ** 2))
    scale = np.where(people.primary, 1.0, number("mri_rest", "rrms_t2_volume"))
    baseline = np.exp(np.log(mean) - spread**2 / 2 + spread * draw.normal(0, 1, len(people))) * scale
    normal = _normal(draw, "mri_ppms", "brain_volume", len(people))
    normal += np.where(people.primary, 0.0, number("mri_rest", "rrms_brain_volume"))
    loss = number("mri_ppms", "brain_loss")
    change = np.clip(-100 * loss * gap + draw.normal(0, 0.3, len(person)), -10, 5)
    volume = baseline[person] * (1 + number("mri_ppms", "t2_growth")) ** years
    return {
        "t2_volume": missing(draw, np.minimum(volume, _LARGEST_T2), 0.35, 3),
        "brain_volume": missing(draw, normal[person] * (1 - loss) ** years, 0.5, 1),
        "pbvc": missing(draw, change, 0.5, 2),
        "cord_area": pl.Series([None], dtype=pl.Float64).new_from_index(0, len(person)),
    }


def _normal(draw: np.random.Generator, section: str, name: str, size: int) -> Floats:
    mean, spread = numbers(section, name)
    return draw.normal(float(mean), float(spread), size)


def _with_cord(draw: np.random.Generator, brain: Columns, person: Ints, day: Ints) -> Columns:
    rows = np.flatnonzero(draw.random(len(person)) < number("mri_rest", "cord_share"))
    size = len(rows)
    cord = pl.DataFrame(
        {
            "person": person[rows],
            "mri_date": day[rows],
            "region": words(("spinal_cord",), np.zeros(size, dtype=np.int32)),
            "t1_gd_lesions": whole(draw, draw.poisson(0.15, size), 0, 99, 0.15),
            "t2_lesions": whole(draw, draw.poisson(1.6, size) + 2.0, 0, 99, 0.1),
            "cord_area": missing(draw, _normal(draw, "mri_rest", "cord_area", size), 0.3, 2),
        }
    )
    return dict(pl.concat([pl.DataFrame(brain), cord], how="diagonal").to_dict())


def function_tests(draw: np.random.Generator, spans: Followed, rate: float) -> pl.DataFrame:
    """Return timed walk, pegs (seconds) and SDMT, slower with EDSS; whoever can't walk has no walk."""
    person, day, span = days_of(draw, spans, rate)
    edss, size = spans.edss[span], len(person)
    walk = np.exp(np.log(4.2) + 0.07 * edss + 0.22 * np.maximum(edss - 4, 0) + draw.normal(0, 0.15, size))
    pegs = np.exp(np.log(18) + 0.08 * edss + draw.normal(0, 0.12, size))
    slower = pegs * np.exp(draw.normal(0.06, 0.08, size))
    can_walk = edss < 7
    return table(
        draw,
        {
            "person": person,
            "test_date": day,
            "t25fw": missing(draw, np.where(can_walk, np.minimum(walk, 180), np.nan), 0.1),
            "nhpt_dominant": missing(draw, np.minimum(pegs, 300), 0.2),
            "nhpt_nondominant": missing(draw, np.minimum(slower, 300), 0.2),
            "sdmt": whole(draw, 58 - 3.6 * edss + draw.normal(0, 9, size), 0, 110, 0.15),
            "pasat": whole(draw, 48 - 2.2 * edss + draw.normal(0, 8, size), 0, 60, 0.7),
        },
    )


def reports(draw: np.random.Generator, spans: Followed, rate: float) -> pl.DataFrame:
    """Return MSIS-29 as sums of its 20 physical and 9 psychological items, each 1 to 5."""
    person, day, span = days_of(draw, spans, rate)
    edss, size = spans.edss[span], len(person)
    physical = 20 * (1.25 + 0.33 * edss + draw.normal(0, 0.45, size))
    mental = 9 * (1.7 + 0.17 * edss + draw.normal(0, 0.6, size))
    return table(
        draw,
        {
            "person": person,
            "report_date": day,
            "physical_sum": whole(draw, physical, 20, 100, 0.02),
            "psychological_sum": whole(draw, mental, 9, 45, 0.03),
        },
    )


def samples(draw: np.random.Generator, people: People, spans: Followed, rate: float) -> pl.DataFrame:
    """Return laboratory results: OCB and IgG index of the diagnosis, others through the years, with their assays."""
    person, day, span = days_of(draw, spans, rate)
    kind = draw.choice(4, len(person), p=(0.3, 0.15, 0.25, 0.3))
    measured = day >= np.array(_MEASURED_FROM)[kind]
    person, day, span, kind = person[measured], day[measured], span[measured], kind[measured]
    size = len(person)
    age = (day - people.birth[person]) / YEAR
    growth = 0.02 * (age - 40) + 0.08 * spans.edss[span] + draw.normal(0, 0.4, size)
    value = np.select(
        [kind == 0, kind == 1, kind == 2],
        [
            number("laboratory", "nfl_median") * np.exp(growth),
            number("laboratory", "gfap_median") * np.exp(0.6 * growth),
            np.where(
                draw.random(size) < number("laboratory", "jcv_positive"),
                draw.uniform(0.4, 4, size),
                draw.uniform(0.05, 0.3, size),
            ),
        ],
        np.clip(draw.normal(1.6, 0.5, size), 0.1, 5),
    )
    late = np.flatnonzero(draw.random(len(people)) < 0.6)
    bands = draw.random(len(late)) < number("laboratory", "ocb_positive")
    at_diagnosis = np.repeat(people.diagnosis[late], 2)
    kinds = np.concatenate([kind, np.tile([4, 5], len(late))])
    index = np.clip(np.where(bands, draw.normal(0.9, 0.2, len(late)), draw.normal(0.55, 0.08, len(late))), 0.3, 3)
    values = np.concatenate([value, np.column_stack([np.full(len(late), np.nan), index]).ravel()])
    result = np.where(kinds == 2, values >= 0.4, np.concatenate([np.zeros(size), np.repeat(bands, 2)])).astype(int)
    return table(
        draw,
        {
            "person": np.concatenate([person, np.repeat(late, 2)]).astype(np.int32),
            "sample_date": np.concatenate([day, at_diagnosis]).astype(np.int32),
            **_assay_columns(kinds),
            "value": missing(draw, values, 0.0, 2),
            "result": words(("negative", "positive"), np.where(np.isin(kinds, (2, 4)), result, -1)),
        },
    )


def _assay_columns(kinds: NDArray[np.int64]) -> dict[str, pl.Series]:
    analytes = ("nfl", "gfap", "jcv_index", "lymphocytes", "ocb", "igg_index")
    columns = {"analyte": words(analytes, kinds)}
    for place, name in enumerate(("specimen", "unit", "assay", "platform")):
        columns[name] = words(tuple(_ASSAYS[analyte][place] for analyte in analytes), kinds).replace("", None)
    return columns


def eyes(draw: np.random.Generator, spans: Followed, rate: float) -> pl.DataFrame:
    """Return OCT of both eyes, thinner with EDSS (micrometres)."""
    person, day, span = days_of(draw, spans, np.where(spans.since >= _OCT_FROM, rate, 0))
    both = np.repeat(np.arange(len(person)), 2)
    mean = 94 - 2.2 * spans.edss[span] + draw.normal(0, 8, len(person))
    rnfl = np.clip(mean[both] + draw.normal(0, 3, len(both)), 35, 140)
    return table(
        draw,
        {
            "person": person[both],
            "oct_date": day[both],
            "eye": words(("right", "left"), np.tile([0, 1], len(person))),
            "rnfl": missing(draw, rnfl, 0.03),
            "gcipl": missing(draw, np.clip(rnfl * 0.8 + draw.normal(0, 3, len(both)), 30, 110), 0.2),
            "device": words(("Spectralis", "Cirrus HD-OCT"), np.repeat(draw.integers(0, 2, len(person)), 2)),
        },
    )
