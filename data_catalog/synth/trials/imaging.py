"""Which scans the trials hold: the index that imaging files are made from and the delivery lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from data_catalog.synth.trials.course import Sessions, draw_sessions
from data_catalog.synth.trials.design import Trial
from data_catalog.synth.trials.people import People


@dataclass(frozen=True)
class Kind:
    """A kind of scan: its BIDS entities and suffix, what it shows, and how often it was kept beside others."""

    stem: str
    region: str
    modality: str
    weight: float


KINDS = (
    Kind("T1w", "brain", "t1w", 10.0),
    Kind("FLAIR", "brain", "flair", 4.0),
    Kind("T2w", "brain", "t2w", 2.0),
    Kind("PDw", "brain", "pdw", 0.7),
    Kind("ce-gadolinium_T1w", "brain", "t1w_gd", 1.5),
    Kind("acq-cord_T2w", "spinal_cord", "t2w", 6.0),
    Kind("acq-cord_T1w", "spinal_cord", "t1w", 0.7),
)
_ALWAYS = -1.0


@dataclass(frozen=True)
class Scan:
    """One scan: `scan` is its BIDS stem, `person` the trial's USUBJID."""

    person: str
    scan: str
    date: date
    region: str
    modality: str
    field_strength: float
    defaced: str


def label(usubjid: str) -> str:
    """Return a person's BIDS label: letters and digits alone."""
    return "".join(character for character in usubjid if character.isalnum())


def scans_of(trial: Trial, people: People, sessions: Sessions | None = None) -> Iterator[Scan]:
    """Give exactly the trial's share of scans, everybody's first T1w among them, by person and session.

    Raises InvalidInput where there are not so many to be had.
    """
    sessions = sessions or draw_sessions(trial, people)
    draw = trial.draws("scans")
    tesla = np.where(draw.random(people.count) < _share_of_3t(trial), 3.0, 1.5)
    dates = sessions.date.tolist()
    for at, kind in _chosen(trial, sessions, draw):
        who = sessions.who[at]
        usubjid = str(people.usubjid[who])
        stem = f"sub-{label(usubjid)}_ses-{sessions.nth[at] + 1}_{KINDS[kind].stem}"
        defaced = "not_needed" if KINDS[kind].region == "spinal_cord" else "yes"
        yield Scan(usubjid, stem, dates[at], KINDS[kind].region, KINDS[kind].modality, float(tesla[who]), defaced)


def _chosen(trial: Trial, sessions: Sessions, draw: np.random.Generator) -> NDArray[np.int64]:
    """Return session and kind of the scans that were kept, in order."""
    weights = np.array([kind.weight for kind in KINDS])
    scores = draw.exponential(1.0, (len(sessions.who), len(KINDS))) / weights
    scores[sessions.nth == 0, 0] = _ALWAYS
    if not trial.cord:
        scores[:, [kind.region == "spinal_cord" for kind in KINDS]] = np.inf
    wanted = trial.sizes.scans
    possible = int(np.isfinite(scores).sum())
    if wanted > possible:
        raise InvalidInput(f"{trial.id} can't hold {wanted} scans.", f"There are at most {possible} with these people.")
    kept = np.sort(np.argsort(scores, axis=None, kind="stable")[:wanted])
    return np.stack(np.unravel_index(kept, scores.shape), axis=1)


def _share_of_3t(trial: Trial) -> float:
    """Return how many sites had 3 T when the trial began: few in 2000, most in 2020."""
    return float(np.clip((trial.start.year - 2000) / 25, 0.02, 0.85))
