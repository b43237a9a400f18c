"""The domains of what happened: CE relapses, AE adverse events, their qualifiers, and RELREC."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from data_catalog.synth.trials.course import SYSTEMS, Study, years_followed
from data_catalog.synth.trials.design import Figures
from data_catalog.synth.trials.frames import Domain, Qualifier, iso, partial, sequenced, supplemental, unsure, yes
from data_catalog.synth.trials.people import Days, Flags, Floats, Ints, Texts
from data_catalog.synth.trials.subjects import death_dates, last_seen, medication

MEDDRA = "MedDRA 20.1"

TERMS = (
    ("Nasopharyngitis", 0.20, 0.00),
    ("Urinary tract infection", 0.17, 0.08),
    ("Headache", 0.16, 0.00),
    ("Fall", 0.14, 0.12),
    ("Fatigue", 0.10, 0.01),
    ("Back pain", 0.09, 0.04),
    ("Depression", 0.07, 0.12),
    ("Pneumonia", 0.03, 0.50),
    ("Basal cell carcinoma", 0.02, 0.40),
    ("Femur fracture", 0.02, 0.90),
)
"""Adverse events: MedDRA preferred term, share of all events, how likely serious beside others (assumptions)."""

AFFECTED = {
    "visual": "RELVIS",
    "brainstem": "RELBST",
    "pyramidal": "RELPYR",
    "cerebellar": "RELCBL",
    "sensory": "RELSEN",
    "bowel_bladder": "RELBBL",
    "cerebral": "RELCER",
}
"""The qualifier that says whether a relapse affected a functional system."""

_SERIOUS = ("AESHOSP", "AESLIFE", "AESDISAB", "AESMIE")
_SERIOUS_SHARES = (0.7, 0.06, 0.06, 0.18)
_OUTCOMES = (
    "RECOVERED/RESOLVED",
    "RECOVERING/RESOLVING",
    "NOT RECOVERED/NOT RESOLVED",
    "RECOVERED/RESOLVED WITH SEQUELAE",
    "UNKNOWN",
)
_OUTCOME_SHARES = (0.72, 0.08, 0.13, 0.04, 0.03)


def event_domains(study: Study, treated_relapses: Flags) -> Iterator[Domain]:
    """Give the domains of events; `treated_relapses` says which relapses were given steroids."""
    if len(study.relapses.who):
        yield from _relapses(study, treated_relapses)
    yield from _adverse_events(study)


def steroids(study: Study) -> Flags:
    """Draw which relapses were given steroids."""
    given = study.trial.draws("steroids").random(len(study.relapses.who))
    return given < study.trial.rates.share("steroids")


def _relapses(study: Study, treated: Flags) -> Iterator[Domain]:
    draw = study.trial.draws("relapse details")
    relapses = study.relapses
    count = len(relapses.who)
    severity = draw.choice(["MILD", "MODERATE", "SEVERE"], count, p=[0.35, 0.5, 0.15])
    columns = {
        "who": relapses.who,
        "CETERM": np.full(count, "MS relapse"),
        "CEDECOD": np.full(count, "MULTIPLE SCLEROSIS RELAPSE"),
        "CESEV": severity,
        "CESTDTC": partial(relapses.date, _known(relapses.who, draw)),
        "at": np.arange(count),
    }
    rows = sequenced("CE", study, columns)
    yield Domain("CE", "Clinical Events", rows.drop("at"))
    yield supplemental("CE", rows, _relapse_qualifiers(study, treated))
    if treated.any():
        yield _related(study, rows, treated)


def _known(who: Ints, draw: np.random.Generator) -> Ints:
    """Return how precisely relapses are dated; two of one person in a year are told apart at least by the month."""
    precision = unsure(draw, len(who), 0.12, 0.04)
    several = np.bincount(who, minlength=int(who.max()) + 1)[who] > 1
    return np.where(several, np.minimum(precision, 1), precision)


def _relapse_qualifiers(study: Study, treated: Flags) -> list[Qualifier]:
    draw = study.trial.draws("relapse qualifiers")
    count = len(treated)
    affected = draw.random((count, len(SYSTEMS))) < 0.28
    affected[~affected.any(axis=1), 2] = True
    recovery = draw.choice(["COMPLETE", "PARTIAL", "NONE", ""], count, p=[0.5, 0.35, 0.1, 0.05])
    return [
        Qualifier("STEROID", "Treated with Steroids", yes(treated)),
        Qualifier("RECOVERY", "Recovery from Relapse", recovery),
        *(
            Qualifier(AFFECTED[name], f"Relapse Affected {name.replace('_', ' ').title()}", yes(affected[:, at]))
            for at, name in enumerate(SYSTEMS)
        ),
    ]


def _related(study: Study, relapses: pl.DataFrame, treated: Flags) -> Domain:
    """Return RELREC: which steroid was given for which relapse."""
    given = medication(study, treated).rows.filter(pl.col("CMINDC") == "MULTIPLE SCLEROSIS RELAPSE")
    helped = relapses.filter(pl.Series(treated)).sort("USUBJID", "at")
    pairs = [("CE", "CESEQ", helped), ("CM", "CMSEQ", given)]
    parts = [
        pl.DataFrame(
            {
                "STUDYID": rows["STUDYID"],
                "RDOMAIN": np.full(len(rows), domain),
                "USUBJID": rows["USUBJID"],
                "IDVAR": np.full(len(rows), sequence),
                "IDVARVAL": rows[sequence].cast(pl.Int64).cast(pl.String),
                "RELTYPE": np.full(len(rows), ""),
                "RELID": [f"CECM{number}" for number in range(1, len(rows) + 1)],
            }
        )
        for domain, sequence, rows in pairs
    ]
    return Domain("RELREC", "Related Records", pl.concat(parts))


def _adverse_events(study: Study) -> Iterator[Domain]:
    draw = study.trial.draws("adverse events")
    people, rates = study.people, study.trial.rates
    number = draw.poisson(rates.number("adverse_events", "per_year") * years_followed(study.trial, people))
    who = np.concatenate([np.repeat(np.arange(people.count), number), np.flatnonzero(people.died)])
    fatal = np.arange(len(who)) >= int(number.sum())
    span = (last_seen(study) - people.start).astype(int)[who]
    began = people.start[who] + np.floor(draw.random(len(who)) * span).astype(int)
    ended = began + draw.integers(1, 40, len(who))
    died = death_dates(study)[who]
    ended = np.where(fatal, died, np.where(np.isnat(died), ended, np.minimum(ended, died)))
    rows = sequenced("AE", study, _events(study, draw, (who, fatal, began, ended)), ("AESTDTC", "AEDECOD"))
    yield Domain("AE", "Adverse Events", rows)
    yield supplemental("AE", rows, [Qualifier("MEDDRAV", "MedDRA Version", np.full(len(rows), MEDDRA))])


def _events(study: Study, draw: np.random.Generator, told: tuple[Ints, Flags, Days, Days]) -> dict[str, Ints | Texts]:
    who, fatal, began, ended = told
    count = len(who)
    shares, risks = _terms(study.trial.rates)
    term = draw.choice(len(TERMS), count, p=shares)
    term[fatal] = [name for name, _, _ in TERMS].index("Pneumonia")
    serious = (draw.random(count) < risks[term]) | fatal
    related = draw.random(count) < 0.2
    outcome = np.where(fatal, "FATAL", draw.choice(np.array(_OUTCOMES), count, p=_OUTCOME_SHARES))
    open_ended = (outcome == _OUTCOMES[2]) | (outcome == "UNKNOWN")
    name = np.array([name for name, _, _ in TERMS])[term]
    precision = np.where(fatal, 0, unsure(draw, count, 0.08, 0.02))
    return {
        "who": who,
        "AETERM": np.char.upper(name),
        "AEDECOD": name,
        "AESER": yes(serious),
        **_criteria(study, draw, serious, fatal),
        "AEREL": _causality(study, related & study.people.blinded[who]),
        "AEOUT": outcome,
        "AEDTC": iso(np.minimum(began + draw.integers(0, 30, count), ended)),
        "AESTDTC": partial(began, precision),
        "AEENDTC": np.where(open_ended, "", iso(ended)),
    }


def _terms(rates: Figures) -> tuple[Floats, Floats]:
    """Return each term's share of all events, and its chance to be serious, in all at the rate of serious events."""
    shares, risks = (np.array(column) for column in list(zip(*TERMS, strict=True))[1:])
    shares = shares / shares.sum()
    wanted = rates.number("adverse_events", "serious_per_year") / rates.number("adverse_events", "per_year")
    return shares, risks * (wanted / (shares @ risks))


def _criteria(study: Study, draw: np.random.Generator, serious: Flags, fatal: Flags) -> dict[str, Texts]:
    """Return why an event is serious; earlier trials have no AESMIE and say nothing in its place."""
    why = draw.choice(len(_SERIOUS), len(serious), p=_SERIOUS_SHARES)
    flags = {"AESDTH": yes(fatal)}
    flags |= {name: yes(serious & ~fatal & (why == number)) for number, name in enumerate(_SERIOUS)}
    flags["AESCONG"] = np.full(len(serious), "N")
    if not study.trial.is_long:
        del flags["AESMIE"]
    return flags


def _causality(study: Study, related: Flags) -> Texts:
    words = ("Y", "N") if study.trial.is_long else ("RELATED", "NOT RELATED")
    return np.where(related, *words)
