"""The domains of people and of what they were given: DM, SV, EX, CM, DS, FAMH and their qualifiers."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from data_catalog.synth.trials.course import Study
from data_catalog.synth.trials.design import ARMS
from data_catalog.synth.trials.frames import (
    Domain,
    Qualifier,
    findings,
    iso,
    partial,
    sequenced,
    supplemental,
    unsure,
)
from data_catalog.synth.trials.people import Days, Flags, Ints, Texts

COURSES = {
    "ppms": ("PPMS", "PRIMARY PROGRESSIVE"),
    "spms": ("SPMS", "SECONDARY PROGRESSIVE"),
    "rrms": ("RRMS", "RELAPSING REMITTING"),
}
"""How trials write a course, short and long."""

_DESCRIBED = {"placebo": "Placebo", "active": "Blinded study drug", "untreated": "No treatment, observed"}

MEDICINES = (
    ("BACLOFEN", "M03BX01", "SPASTICITY", 0.30),
    ("FAMPRIDINE", "N07XX07", "WALKING IMPAIRMENT", 0.12),
    ("OXYBUTYNIN", "G04BD04", "BLADDER DYSFUNCTION", 0.18),
    ("MODAFINIL", "N06BA07", "FATIGUE", 0.08),
    ("COLECALCIFEROL", "A11CC05", "VITAMIN D DEFICIENCY", 0.35),
)
"""Medicines beside the study drug: name, ATC, what for, and the share of people on it (assumption)."""

_STEROID = ("METHYLPREDNISOLONE", "H02AB04", "MULTIPLE SCLEROSIS RELAPSE")

_LEAVING = ("ADVERSE EVENT", "LACK OF EFFICACY", "WITHDRAWAL BY SUBJECT", "LOST TO FOLLOW-UP", "PREGNANCY")
_LEAVING_SHARES = (0.26, 0.38, 0.25, 0.10, 0.01)


def subject_domains(study: Study, treated_relapses: Flags) -> Iterator[Domain]:
    """Give the domains of people; `treated_relapses` says which relapses were given steroids."""
    yield from _demographics(study)
    yield _visits(study)
    if study.people.blinded.any():
        yield _exposure(study)
    yield medication(study, treated_relapses)
    yield _disposition(study)
    yield _history(study)


def last_seen(study: Study) -> Days:
    """Return the date of everybody's last visit."""
    ends = np.cumsum(study.people.stayed) - 1
    return study.visits.date[ends]


def death_dates(study: Study) -> Days:
    """Return everybody's date of death, not a date for the living."""
    after = study.trial.draws("death dates").integers(5, 60, study.people.count)
    return np.where(study.people.died, last_seen(study) + after, np.datetime64("NaT", "D"))


def _demographics(study: Study) -> Iterator[Domain]:
    people, trial = study.people, study.trial
    count = people.count
    died = iso(death_dates(study))
    later = {"DTHDTC": died, "DTHFL": np.where(people.died, "Y", "")} if trial.is_long else {}
    rows = pl.DataFrame(
        {
            "STUDYID": np.full(count, trial.id),
            "DOMAIN": np.full(count, "DM"),
            "USUBJID": people.usubjid,
            "SUBJID": people.subject,
            "RFSTDTC": iso(people.start),
            "RFENDTC": iso(last_seen(study)),
            **later,
            "SITEID": people.site,
            "BRTHDTC": partial(people.birth, np.full(count, 1 if trial.is_long else 2)),
            "AGE": people.age.astype(float),
            "AGEU": np.full(count, "YEARS"),
            "SEX": np.where(people.female, "F", "M"),
            "ARMCD": people.arm,
            "ARM": np.array([_DESCRIBED[ARMS[arm]] for arm in people.arm]),
            "COUNTRY": people.country,
        }
    )
    yield Domain("DM", "Demographics", rows)
    yield supplemental("DM", rows, _history_of_disease(study))


def _history_of_disease(study: Study) -> list[Qualifier]:
    people, trial = study.people, study.trial
    draw = trial.draws("history")
    precision = unsure(draw, people.count, 0.35, 0.45)
    course = COURSES[trial.course][trial.is_long]
    cause = draw.choice(["MULTIPLE SCLEROSIS", "OTHER", "UNKNOWN"], people.count, p=[0.3, 0.5, 0.2])
    return [
        Qualifier("MSTYPE", "Type of Multiple Sclerosis", np.full(people.count, course)),
        Qualifier("ONSETDTC", "Date of First Symptoms", partial(people.onset, precision)),
        Qualifier("DIAGDTC", "Date of Diagnosis", partial(people.diagnosis, precision)),
        Qualifier("PROGDTC", "Start of Secondary Progression", _blank(partial(people.progression, precision))),
        Qualifier("DTHCAUS", "Cause of Death", np.where(people.died, cause, "")),
    ]


def _blank(written: Texts) -> Texts:
    """Leave out what was cut from nothing."""
    return np.where(np.char.startswith(written, "N"), "", written)


def _visits(study: Study) -> Domain:
    visits, every = study.visits, study.trial.every
    date = iso(visits.date)
    columns = {
        "who": visits.who,
        "VISITNUM": (visits.nth + 1).astype(float),
        "VISIT": visit_names(visits.nth, every),
        "SVSTDTC": date,
        "SVENDTC": date,
    }
    return Domain("SV", "Subject Visits", sequenced("SV", study, columns, ("VISITNUM",)).drop("SVSEQ"))


def visit_names(nth: Ints, every: int) -> Texts:
    """Return the names of visits: the baseline, then the week."""
    names = np.array(["BASELINE", *(f"WEEK {week}" for week in range(every, every * 40, every))])
    return names[nth]


def _exposure(study: Study) -> Domain:
    people = study.people
    who = np.flatnonzero(people.blinded)
    active = people.treated[who]
    columns = {
        "who": who,
        "EXTRT": np.where(active, study.trial.product, "PLACEBO"),
        "EXDOSE": np.where(active, 100.0, 0.0),
        "EXDOSU": np.full(len(who), "mg"),
        "EXROUTE": np.full(len(who), "ORAL"),
        "EXSTDTC": iso(people.start[who]),
        "EXENDTC": iso(last_seen(study)[who]),
    }
    return Domain("EX", "Exposure", sequenced("EX", study, columns))


def medication(study: Study, treated_relapses: Flags) -> Domain:
    """Return CM: steroids for relapses, and symptomatic medicines whose start is often known to the year alone."""
    draw = study.trial.draws("medication")
    relapses = study.relapses
    began = relapses.date[treated_relapses] + draw.integers(1, 8, int(treated_relapses.sum()))
    parts = [_given(relapses.who[treated_relapses], _STEROID, iso(began), iso(began + 4))]
    for name, atc, reason, share in MEDICINES:
        who = np.flatnonzero(draw.random(study.people.count) < share)
        before = (study.people.start - study.people.diagnosis)[who] * draw.random(len(who))
        since = study.people.start[who] - before.astype("timedelta64[D]")
        started = partial(since, unsure(draw, len(who), 0.3, 0.4))
        stopped = draw.random(len(who)) < 0.25
        parts.append(_given(who, (name, atc, reason), started, np.where(stopped, iso(last_seen(study)[who]), "")))
    rows = sequenced("CM", study, pl.concat(parts).to_dict(), ("CMSTDTC", "CMDECOD"))
    return Domain("CM", "Concomitant Medications", rows)


def _given(who: Ints, medicine: tuple[str, str, str], start: Texts, end: Texts) -> pl.DataFrame:
    name, atc, reason = medicine
    return pl.DataFrame(
        {
            "who": who,
            "CMTRT": np.full(len(who), name.capitalize()),
            "CMDECOD": np.full(len(who), name),
            "CMCLASCD": np.full(len(who), atc),
            "CMINDC": np.full(len(who), reason),
            "CMSTDTC": start,
            "CMENDTC": end,
        }
    )


def _disposition(study: Study) -> Domain:
    people, trial = study.people, study.trial
    draw = trial.draws("disposition")
    everybody = np.arange(people.count)
    left = draw.choice(np.array(_LEAVING), people.count, p=_LEAVING_SHARES)
    left = np.where((left == "PREGNANCY") & ~people.female, "WITHDRAWAL BY SUBJECT", left)
    reason = np.where(people.stayed == trial.most_visits, "COMPLETED", np.where(people.died, "DEATH", left))
    ended = np.where(people.died, death_dates(study), last_seen(study))
    milestone = np.full(people.count, "RANDOMIZED")
    on_drug = np.flatnonzero(people.blinded)
    parts = [
        _event(everybody, milestone, "PROTOCOL MILESTONE", "", iso(people.start)),
        _event(on_drug, reason[on_drug], "DISPOSITION EVENT", "STUDY TREATMENT", iso(last_seen(study)[on_drug])),
        _event(everybody, reason, "DISPOSITION EVENT", "STUDY PARTICIPATION", iso(ended)),
    ]
    return Domain("DS", "Disposition", sequenced("DS", study, pl.concat(parts).to_dict()))


def _event(who: Ints, decod: Texts, category: str, subcategory: str, date: Texts) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "who": who,
            "DSTERM": np.char.capitalize(decod),
            "DSDECOD": decod,
            "DSCAT": np.full(len(who), category),
            "DSSCAT": np.full(len(who), subcategory),
            "DSSTDTC": date,
        }
    )


def _history(study: Study) -> Domain:
    """Return FAMH: how many relapses there were before the trial."""
    draw = study.trial.draws("prior relapses")
    rate = study.trial.rates.number("relapses_before", study.trial.course)
    block = {
        "who": np.arange(study.people.count),
        "test": "RLPS12M",
        "value": draw.poisson(rate, study.people.count).astype(float),
        "date": iso(study.people.start),
        "OBJ": "MULTIPLE SCLEROSIS RELAPSE",
    }
    rows = findings("FA", study, [block], {"RLPS12M": "Number of Relapses in Past 12 Months"})
    return Domain("FAMH", "Findings on Medical History", rows)
