"""Publications, reports, and what a team owes its resource: immutable values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from projects.models import Line, Prose

DOI = "https://doi.org/"
Link = Annotated[str, StringConstraints(max_length=500, pattern=r"^https://[^\s/?#@\\]+\.[^\s/?#@\\]+(/[^\s\\]*)?$")]


class PublicationKind(StrEnum):
    """What is published."""

    ARTICLE = "article"
    PREPRINT = "preprint"
    CONFERENCE = "conference contribution"
    THESIS = "thesis"
    SOFTWARE = "software or model"


class PublicationState(StrEnum):
    """How far a publication is."""

    PLANNED = "planned"
    SHOWN = "shown"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class NewPublication(_Form):
    """A publication that a team plans."""

    kind: PublicationKind
    title: Line
    planned_for: date | None = Field(None, description="the day it is to be submitted")


class StepFacts(_Form):
    """What a step says."""


class Shown(StepFacts):
    """Where the resource reads the manuscript."""

    manuscript: Link


class Submitted(StepFacts):
    """Where a publication was submitted, and when."""

    venue: Line
    submitted_on: date


class Published(StepFacts):
    """Where a publication is read, and whether it says whose data it used."""

    link: Link
    published_on: date
    acknowledges: bool = False
    lay_summary: Prose | None = None

    @field_validator("link", mode="before")
    @classmethod
    def _doi_is_a_link(cls, link: object) -> object:
        return f"{DOI}{link.strip()}" if isinstance(link, str) and link.strip().startswith("10.") else link


class Withdrawn(StepFacts):
    """Nothing further is said of a publication that comes to nothing."""


@dataclass(frozen=True)
class Publication:
    """One publication of a project, as its team says it stands."""

    project_id: str
    number: int
    kind: PublicationKind
    title: str
    state: PublicationState
    planned_for: date | None
    recorded_by: str
    recorded_at: datetime
    manuscript: str | None = None
    shown_on: date | None = None
    venue: str | None = None
    submitted_on: date | None = None
    link: str | None = None
    published_on: date | None = None
    acknowledges: bool | None = None
    lay_summary: str | None = None
    outputs: tuple[str, ...] = ()
    """Ids of the released requests whose outputs it uses."""

    @property
    def went_out_unshown(self) -> bool:
        """Whether it left the team without having been shown to the resource."""
        out = (PublicationState.SUBMITTED, PublicationState.PUBLISHED)
        return self.state in out and self.shown_on is None


@dataclass(frozen=True)
class Report:
    """What a team told its resource of its project."""

    project_id: str
    number: int
    words: str
    written_by: str
    written_at: datetime


class ObligationKind(StrEnum):
    """What a team owes its resource."""

    SHOW = "show"
    SUMMARY = "summary"
    REPORT = "report"


@dataclass(frozen=True)
class Obligation:
    """Something a team owes its resource, and the last day for it."""

    kind: ObligationKind
    project_id: str
    number: int
    """The publication's; 0 for a report."""
    due: date
    words: str
    """What it is, as a sentence."""

    def days_left(self, today: date) -> int:
        """Return how many days are left: 0 on the last day, below 0 when it is overdue."""
        return (self.due - today).days
