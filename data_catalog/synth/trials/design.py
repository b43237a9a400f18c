"""The fourteen invented trials as designed: their sizes, arms and forms, and the published rates they follow."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from core.errors import InvalidInput
from data_catalog.synth.provenance import Rate, rates_of

DESIGN = Path(__file__).parent.parent / "trials.toml"
"""The trials, and the rates of their course."""

ARMS = {
    "PBO": "placebo",
    "PLACEBO": "placebo",
    "ACT": "active",
    "ACTIVE": "active",
    "UNT": "untreated",
    "UNTREATED": "untreated",
}
"""What the trials' words for an arm mean."""

WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True)
class Sizes:
    """How many people, visits and scans there are in all trials together."""

    people: int
    visits: int
    scans: int


@dataclass(frozen=True)
class Figures:
    """The values of rates, by the name of the rate."""

    by_name: Mapping[str, Mapping[str, Any]]

    def number(self, name: str, part: str) -> float:
        """Return one part of a rate as a number."""
        return float(self.by_name[name][part])

    def share(self, name: str, part: str = "percent") -> float:
        """Return a percentage as a share of one."""
        return self.number(name, part) / 100

    def per_year(self, name: str, part: str = "percent") -> float:
        """Return the log growth a year of a change in percent over a number of weeks."""
        return float(np.log1p(self.share(name, part))) / self.number(name, "weeks") * WEEKS_PER_YEAR


@dataclass(frozen=True)
class Trial:
    """One invented trial: how it was run, how it writes things down, and how much of it there is."""

    id: str
    number: int
    course: str
    rates: Figures
    start: date
    weeks: int
    every: int
    scan_weeks: int
    cord: bool
    arms: tuple[tuple[str, int], ...]
    product: str
    form: Mapping[str, Any]
    sizes: Sizes
    seed: int

    @property
    def most_visits(self) -> int:
        """Visits of somebody who stays to the end."""
        return self.weeks // self.every + 1

    @property
    def is_long(self) -> bool:
        """Whether codes are written out, as later standards do."""
        return bool(self.form["codes"] == "long")

    def draws(self, what: str) -> np.random.Generator:
        """Return this trial's own stream of draws for one purpose, the same whatever else is drawn."""
        return np.random.default_rng([self.seed, self.number, crc32(what.encode())])


@cache
def _file() -> Mapping[str, Any]:
    return tomllib.loads(DESIGN.read_text(encoding="utf-8"))


def full_size() -> Sizes:
    """Return the sizes that stand for MS CIDR as published."""
    return Sizes(_file()["people"], _file()["visits"], _file()["scans"])


def default_seed() -> int:
    """Return the seed of the edition everybody makes."""
    return int(_file()["seed"])


def trials(sizes: Sizes, seed: int) -> tuple[Trial, ...]:
    """Return the fourteen trials with their shares of the sizes; raises InvalidInput for sizes that can't be."""
    designs = _file()["trials"]
    people = apportion(sizes.people, [design["weight"] for design in designs])
    if min(people) < 1:
        raise InvalidInput(f"{sizes.people} people are too few for {len(designs)} trials.", "Ask for at least 200.")
    stays = [count * _expected_visits(design) for count, design in zip(people, designs, strict=True)]
    visits = apportion(sizes.visits, stays)
    scans = apportion(sizes.scans, stays)
    shares = [Sizes(*share) for share in zip(people, visits, scans, strict=True)]
    return tuple(_trial(n, design, share, seed) for n, (design, share) in enumerate(zip(designs, shares, strict=True)))


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Split a total by weights into whole numbers that add up to it (largest remainders)."""
    exact = np.asarray(weights, dtype=float) / sum(weights) * total
    shares = np.floor(exact).astype(int)
    first = np.argsort(-(exact - shares), kind="stable")[: total - int(shares.sum())]
    shares[first] += 1
    return [int(share) for share in shares]


@cache
def rate_groups() -> Mapping[str, tuple[Rate, ...]]:
    """Return the rates of each profile, and the common ones; raises InvalidInput for one without a source."""
    return {name: rates_of(group) for name, group in {**_file()["profiles"], "common": _file()["common"]}.items()}


def like(name: str) -> str:
    """Return the profile whose people another one takes over, where it has no rate of its own; empty for none."""
    return str(_file()["profiles"][name].get("like", ""))


def profile(name: str) -> Figures:
    """Return a profile's rates, with those of the profile it is like and those common to all."""
    inherited = profile(like(name)).by_name if like(name) else _values("common")
    return Figures({**inherited, **_values(name)})


def _values(group: str) -> dict[str, Mapping[str, Any]]:
    return {rate.name: rate.values for rate in rate_groups()[group]}


def _course(name: str) -> str:
    return str(_file()["profiles"][name].get("course") or _course(like(name)))


def _trial(number: int, design: Mapping[str, Any], sizes: Sizes, seed: int) -> Trial:
    plain = {name: design[name] for name in ("id", "start", "weeks", "every", "scan_weeks", "cord", "product", "form")}
    return Trial(
        **plain,
        number=number,
        course=_course(design["profile"]),
        rates=profile(design["profile"]),
        arms=tuple(design["arms"].items()),
        sizes=sizes,
        seed=seed,
    )


def _expected_visits(design: Mapping[str, Any]) -> float:
    """Return how many visits a person of this trial makes on average before dropping out."""
    stay = 1 - profile(design["profile"]).share("dropout", "per_year")
    weeks = np.arange(0, design["weeks"] + 1, design["every"])
    return float((stay ** (weeks / WEEKS_PER_YEAR)).sum())
