"""The rates the synthetic disease course is drawn from, as read from `disease.toml`."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_catalog.synth.provenance import Rate, rates_of

DISEASE = Path(__file__).parent / "disease.toml"

CLASSES = ("none", "injectable", "oral", "s1p", "natalizumab", "anti_cd20", "induction")
"""Classes of disease-modifying drugs; `none` is time without one."""

Floats = NDArray[np.float64]


@cache
def disease() -> tuple[Rate, ...]:
    """Return the rates of `disease.toml`; raises InvalidInput for one that does not say its source."""
    return rates_of(tomllib.loads(DISEASE.read_text(encoding="utf-8")))


@cache
def rates() -> dict[str, Mapping[str, Any]]:
    """Return the values of every section of `disease.toml` by its name."""
    return {rate.name: rate.values for rate in disease()}


def number(section: str, name: str = "value") -> float:
    """Return one number of a section."""
    return float(rates()[section][name])


def numbers(section: str, name: str = "value") -> Floats:
    """Return a list of numbers of a section."""
    return np.array(rates()[section][name], dtype=np.float64)


def shares(section: str, name: str) -> tuple[tuple[str, ...], Floats]:
    """Return the words of a section and the share of each, put to a sum of 1."""
    entry = rates()[section][name]
    values = np.array(list(entry.values()), dtype=np.float64)
    return tuple(entry), values / values.sum()


def transition_matrix(hazard_ratio: float = 1.0) -> Floats:
    """Return the annual transitions between the four EDSS states, rows from, columns to.

    A hazard ratio raises what leads forward, 1 - (1 - p) ^ ratio; the rest of the row shrinks in proportion.
    """
    matrix = _relapsing_matrix()
    for state in range(3):
        forward = matrix[state, state + 1 :].sum()
        raised = 1 - (1 - forward) ** hazard_ratio
        matrix[state, state + 1 :] *= raised / forward
        matrix[state, : state + 1] *= (1 - raised) / (1 - forward)
    return matrix


def _relapsing_matrix() -> Floats:
    matrix = np.diag(numbers("edss", "stay")) + np.diag(numbers("edss", "forward"), 1)
    matrix[0, 2] = number("edss_rest", "to_moderate_from_none")
    matrix[1, 3] = number("edss_rest", "to_severe_from_mild")
    matrix[2, 0] = number("edss_rest", "to_none_from_moderate")
    for state in (1, 2, 3):
        matrix[state, state - 1] += 1 - matrix[state].sum()
    return matrix


def by_class(*sections: str) -> Floats:
    """Return the values of the drug classes, in the order of CLASSES, from the sections that name them."""
    known = {name: value for section in sections for name, value in rates()[section].items()}
    return np.array([known[name] for name in CLASSES], dtype=np.float64)


def relapse_rates() -> Floats:
    """Return untreated relapses a year: rows RRMS, SPMS, PPMS; columns EDSS 0 to 9, rounded down."""
    ppms = np.full(10, number("relapses_ppms"))
    return np.vstack([numbers("relapses", "rrms"), numbers("relapses", "spms"), ppms])
