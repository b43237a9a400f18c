"""A resource's rules as its file has them, and what they say of an application: immutable values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core import canonical
from core.files import sha256_bytes
from core.forms import load_form
from core.people.models import Sector
from data_catalog.models import Purpose
from projects.models import Fee, Line, Name, Prose, TableRequest
from projects.resource_rules.errors import RulesRejected

OPEN = "open"
"""The rules of datasets that belong to no resource."""


EVERY = "*"
"""Stands for every dataset of a resource."""


class RuleId(StrEnum):
    """A rule as a refusal cites it."""

    WINDOW = "window"
    APPLICANT = "applicant"
    ABOUT_MS = "about_ms"
    PURPOSE = "purpose"
    DRUG_COMPARISON = "drug_comparison"
    COMMERCIAL = "commercial"
    VARIABLES = "variables"
    ROWS = "rows"
    TERM = "term"
    CONTRACT = "contract"
    ETHICS = "ethics"


class Weight(StrEnum):
    """What a rule's word means: it refuses, it asks for an answer the committee reads, or it tells."""

    REFUSES = "refuses"
    ASKS = "asks"
    TELLS = "tells"


class Commercial(StrEnum):
    """What a resource says of commercial use."""

    ALLOWED = "allowed"
    AUTHORISED = "authorised"
    FORBIDDEN = "forbidden"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Call(_Strict):
    """A time in which applications are accepted: from its first through its last day, in its time zone."""

    name: Line
    opens: date
    closes: date
    time_zone: str
    invented: bool = Field(False, description="a call of the demo's, that was never published")

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, time_zone: str) -> str:
        try:
            ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {time_zone}") from error
        return time_zone

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.closes < self.opens:
            raise ValueError("closes before it opens")
        return self

    def is_open(self, moment: datetime) -> bool:
        """Tell whether a moment lies within it."""
        return self.opens <= moment.astimezone(ZoneInfo(self.time_zone)).date() <= self.closes

    def days_left(self, moment: datetime) -> int:
        """Return how many days of it are left at a moment, that day included."""
        return (self.closes - moment.astimezone(ZoneInfo(self.time_zone)).date()).days + 1

    @property
    def words(self) -> str:
        """When it is, in words."""
        return f"{self.name}: {self.opens:%-d %B %Y} through {self.closes:%-d %B %Y}, {self.time_zone}"


class RequiredRows(_Strict):
    """For these purposes a cut holds only people who meet a condition."""

    purposes: tuple[Annotated[Purpose, Field(strict=False)], ...] = Field(min_length=1, strict=False)
    cohort: str = Field(min_length=1, max_length=500)
    words: Line


class Body(_Strict):
    """Who decides on some of the resource's datasets, and how many of its members must vote."""

    id: Name
    name: Line
    datasets: tuple[str, ...] = Field(min_length=1, strict=False, description="or * for every one of the resource")
    quorum: int = Field(ge=1, le=9)

    def decides_on(self, dataset_id: str) -> bool:
        """Tell whether a dataset of the resource is this body's to decide on."""
        return dataset_id in self.datasets or EVERY in self.datasets


class Clocks(_Strict):
    """Days each step may take before it is overdue."""

    review: int = Field(28, ge=1)
    changes: int = Field(60, ge=1)
    appeal: int = Field(30, ge=1)


Slug = Annotated[str, Field(max_length=31, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


class AskedDeclaration(_Strict):
    """A text that everybody in a team declares for themselves, and for how many days that counts."""

    id: Slug
    title: Line
    text: Prose
    days: int = Field(365, ge=1, le=1826)

    @property
    def sha256(self) -> str:
        """The hash of what is declared: where a word changes, it is declared anew; resources may share a text."""
        return sha256_bytes(canonical.dumps({"id": self.id, "title": self.title, "text": self.text}))


class AskedOfPeople(_Strict):
    """What everybody in a team must hold."""

    courses: tuple[Slug, ...] = Field((), strict=False)
    declarations: tuple[AskedDeclaration, ...] = Field((), strict=False)
    second_factor: bool = False

    @model_validator(mode="after")
    def _asks_once(self) -> Self:
        if len({one.id for one in self.declarations}) < len(self.declarations):
            raise ValueError("two declarations have one id")
        return self


class AskedOfTeams(_Strict):
    """What a team does with what comes out, as the resource asks: words, news, and days."""

    acknowledgement: Prose | None = None
    citation: Line | None = None
    shown_days_before: int | None = Field(
        None, ge=1, le=365, description="days a manuscript is shown before submission"
    )
    summary_days_after: int | None = Field(None, ge=1, le=365, description="days after publication for a lay summary")
    annual_report: bool = False
    remind_after_days: tuple[int, ...] = Field((), strict=False, description="days after the project for a report")


class ResourceRules(_Strict):
    """The rules of one resource, whole; every version is kept, and an application is judged by its own."""

    resource: Name
    label: Line
    about: Line
    calls: tuple[Call, ...] = Field((), strict=False, description="none means applications are always accepted")
    applicants: tuple[Annotated[Sector, Field(strict=False)], ...] = Field(min_length=1, strict=False)
    purposes: tuple[Annotated[Purpose, Field(strict=False)], ...] = Field((), strict=False, description="none: any")
    one_purpose_of: tuple[Annotated[Purpose, Field(strict=False)], ...] = Field((), strict=False)
    only_about_ms: bool = True
    forbids_drug_comparison: bool = False
    commercial: Commercial = Field(Commercial.FORBIDDEN, strict=False)
    never_given: tuple[str, ...] = Field((), strict=False, description="variables as `table.variable`")
    rows: tuple[RequiredRows, ...] = Field((), strict=False)
    longest_days: int = Field(1096, ge=1)
    needs_ethics: bool = False
    fees: Mapping[Sector, Fee] = Field(default={}, strict=False)
    data_use_agreement: bool = True
    people: AskedOfPeople = AskedOfPeople()
    teams: AskedOfTeams = AskedOfTeams()
    clocks: Clocks = Clocks()
    bodies: tuple[Body, ...] = Field(min_length=1, strict=False)
    words: Mapping[RuleId, Line] = Field(default={}, strict=False, description="the resource's own words, as cited")

    @field_validator("fees", mode="before")
    @classmethod
    def _fees_by_name(cls, fees: object) -> object:
        return {Sector(k): Fee(v) for k, v in fees.items()} if isinstance(fees, dict) else fees

    @field_validator("words", mode="before")
    @classmethod
    def _words_by_rule(cls, words: object) -> object:
        return {RuleId(k): v for k, v in words.items()} if isinstance(words, dict) else words

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        named = [dataset for body in self.bodies for dataset in body.datasets]
        if len(set(named)) < len(named) or (EVERY in named and len(named) > 1):
            raise ValueError("a dataset is decided on by one body")
        if len({body.id for body in self.bodies}) < len(self.bodies):
            raise ValueError("two bodies have one id")
        if unpaid := sorted(set(self.applicants) - set(self.fees)):
            raise ValueError(f"fees does not say what {', '.join(unpaid)} pay")
        return self

    def body_of(self, dataset_id: str) -> Body | None:
        """Return who decides on a dataset, or None."""
        return next((body for body in self.bodies if body.decides_on(dataset_id)), None)

    def open_call(self, moment: datetime) -> Call | None:
        """Return the call that is open at a moment, the one that closes last; None where none is, or none is needed."""
        return max((call for call in self.calls if call.is_open(moment)), key=lambda call: call.closes, default=None)

    def said_of(self, rule: RuleId) -> str:
        """Return the resource's own words on a rule, or nothing."""
        return self.words.get(rule, "")

    def to_bytes(self) -> bytes:
        """Return the canonical bytes a version is kept as."""
        return canonical.dumps(self.model_dump(mode="json"))

    @property
    def sha256(self) -> str:
        """The hash of the canonical bytes, by which a version is known."""
        return sha256_bytes(self.to_bytes())


def load_rules(path: Path) -> ResourceRules:
    """Read a rules file (TOML); raises RulesRejected with every problem in it."""
    return load_form(ResourceRules, path, RulesRejected)


@cache
def open_label() -> str:
    """Return what open records are called, as the rules that come with Myelin say: also before any are in force."""
    return load_rules(Path(__file__).with_name(f"{OPEN}.toml")).label


class Ethics(_Strict):
    """An ethics approval as an application names it."""

    reference: Line
    through: date


@dataclass(frozen=True)
class Contract:
    """A contract as the rules see it: both days belong to it."""

    id: str
    resource: str
    starts: date
    ends: date
    organisation: str = ""
    """Whose it is; nothing where that is not known."""


@dataclass(frozen=True)
class Facts:
    """What an application says, as the rules read it; None, or empty, where it does not say yet."""

    at: datetime
    """The moment it is submitted, or looked at."""
    is_amendment: bool = False
    sectors: Mapping[str, Sector] | None = None
    """User name → the sector they say they work in."""
    organisations: frozenset[str] = frozenset()
    """Where they say they work."""
    recorded_sectors: Mapping[str, Sector] | None = None
    """User name → the sector operations recorded."""
    about_ms: bool | None = None
    purposes: frozenset[Purpose] = frozenset()
    compares_drugs: bool | None = None
    commercial: bool | None = None
    texts: Mapping[str, str] | None = None
    """Field → free text."""
    answers: Mapping[RuleId, str] | None = None
    """What was answered to a rule that asks."""
    starts: date | None = None
    ends: date | None = None
    ethics: Ethics | None = None
    contract: Contract | None = None
    tables: Mapping[str, Mapping[str, TableRequest]] | None = None
    """Dataset → table → what is asked of it."""
    exempt: frozenset[RuleId] = frozenset()
    """Rules that two members of the committee exempted it from, or whose authorisation they recorded."""


@dataclass(frozen=True)
class Verdict:
    """What one rule says of one field of an application."""

    rule: RuleId
    weight: Weight
    field: str
    message: str
    remedy: str
    """What would change it."""
    quote: str = ""
    """The resource's own words."""
    answered: bool = False
    """Whether an application answered what this rule asks."""


Outcome = Literal["refused", "asked", "free"]


def outcome_of(verdicts: tuple[Verdict, ...]) -> Outcome:
    """Return what verdicts come to: a refusal stops it, an open question waits for its answer."""
    if any(one.weight is Weight.REFUSES for one in verdicts):
        return "refused"
    waits = any(one.weight is Weight.ASKS and not one.answered for one in verdicts)
    return "asked" if waits else "free"
