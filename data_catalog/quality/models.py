"""What a quality report says: indicators on four axes, each with what it counted and whether somebody should look."""

from dataclasses import dataclass
from enum import StrEnum

from data_catalog.facts import Registry


class Axis(StrEnum):
    """The side of data quality an indicator is about, in the words of the European Medicines Agency."""

    CONSISTENCY = "consistency"
    ACCURACY = "accuracy"
    COMPLETENESS = "completeness"
    REPRESENTATIVENESS = "representativeness"


class Status(StrEnum):
    """What an indicator comes to; what is not checked, or not there, is never called ok."""

    OK = "ok"
    LOOK = "look"
    NOT_CHECKED = "not_checked"
    NOT_AVAILABLE = "not_available"


STATUS_WORDS = {
    Status.OK: "within its limit",
    Status.LOOK: "beyond its limit: somebody should look",
    Status.NOT_CHECKED: "there was nothing to check it on",
    Status.NOT_AVAILABLE: "the source does not deliver this variable",
}


@dataclass(frozen=True)
class About:
    """Which edition of which dataset a report is about, and as of which day."""

    dataset: str
    label: str
    edition: int
    as_of: str
    synthetic: bool


@dataclass(frozen=True)
class Indicator:
    """One indicator: `n` of `of` rows (those that break a rule, hold a value or have a property), or a `value`.

    Counts are exact: they are for the data manager, and published only through `data_catalog.quality.publication`.
    """

    id: str
    axis: Axis
    label: str
    status: Status
    n: int | None = None
    of: int | None = None
    value: float | None = None
    limit: str = ""
    basis: str = ""
    why: str = ""
    variable: str = ""
    minimum_dataset: bool = False

    @property
    def rate(self) -> float | None:
        """The share of `of` that `n` is, or None where there is nothing to share."""
        return self.n / self.of if self.n is not None and self.of else None


@dataclass(frozen=True)
class QualityReport:
    """Every indicator of one edition."""

    about: About
    cdm_version: str
    registry: Registry | None
    indicators: tuple[Indicator, ...]

    def indicator(self, name: str) -> Indicator | None:
        """Return an indicator by its id, or None."""
        return next((indicator for indicator in self.indicators if indicator.id == name), None)

    @property
    def to_look_at(self) -> tuple[Indicator, ...]:
        """The indicators somebody should look at."""
        return tuple(indicator for indicator in self.indicators if indicator.status is Status.LOOK)
