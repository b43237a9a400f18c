"""Applications: what a team says, how far it has come, and what the rules said of it. Immutable values."""

import json
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core import canonical
from core.files import sha256_bytes
from core.forms import load_form
from core.people.models import Sector
from data_catalog.models import Purpose
from projects.applications.errors import Incomplete
from projects.models import DataRequest, Line, Membership, Prose, TeamRole, check_team
from projects.resource_rules.models import Ethics, RuleId, Verdict


class ApplicationState(StrEnum):
    """How far an application has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    DECLINED = "declined"
    APPEALED = "appealed"
    UPHELD = "upheld"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


MOST_AMENDMENTS = 999
"""More than any project asks for: what is a number in the name of an application."""

WORDS_NEEDED = 2
"""Members who must grant an exemption."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Applicant(_Strict):
    """One line of an application's team."""

    username: str
    role: TeamRole = Field(strict=False)
    organisation: Line
    sector: Sector = Field(strict=False)


class Signatory(_Strict):
    """Who signs agreements for the team's organisation."""

    name: Line
    position: Line
    organisation: Line
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class ApplicationFile(DataRequest):
    """Everything a team says when it applies; both dates belong to the project, in UTC."""

    resource: str = Field(max_length=63)
    title: Line
    question: Prose = Field(description="the study's question")
    lay_summary: Prose = Field(description="what it is about, for everybody; shown in the public register")
    about_ms: bool
    purposes: tuple[Annotated[Purpose, Field(strict=False)], ...] = Field(min_length=1, strict=False)
    compares_drugs: bool = Field(description="whether drugs are compared with each other, also in simulation or models")
    population: Prose
    team: tuple[Applicant, ...] = Field(strict=False)
    funding: Prose
    commercial: bool
    commercial_interest: str = Field("", max_length=4000)
    outputs_plan: Prose = Field(description="what is to be published, and what leaves for it")
    starts: date
    ends: date
    ethics: Ethics | None = None
    contract: str = Field("", max_length=31)
    signatory: Signatory | None = None
    reasons: Mapping[str, Prose] = Field(default={}, description="why: dataset.table, or dataset.table.variable")
    answers: Mapping[Annotated[RuleId, Field(strict=False)], Prose] = Field(
        default={}, description="what is said to a rule that asks"
    )
    amendment_reason: str = Field("", max_length=4000, description="why a running project is to be amended")
    newest_editions: bool = Field(False, description="whether an amended project moves to the newest editions")

    @field_validator("purposes")
    @classmethod
    def _are_unique(cls, purposes: tuple[Purpose, ...]) -> tuple[Purpose, ...]:
        return tuple(dict.fromkeys(purposes))

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.ends < self.starts:
            raise ValueError("ends before it starts")
        check_team({member.username: member.role for member in self.team}, len(self.team))
        if self.commercial and not self.commercial_interest.strip():
            raise ValueError("commercial_interest: say what the commercial use is")
        return self

    @property
    def variables(self) -> Iterator[str]:
        """Every variable asked for, as dataset.table.variable."""
        for dataset, tables in self.datasets.items():
            for table, asked in tables.items():
                yield from (f"{dataset}.{table}.{name}" for name in asked.variables)

    @property
    def unreasoned(self) -> list[str]:
        """Variables nothing is said for, neither one by one nor for their table."""
        return [name for name in self.variables if not {name, name.rpartition(".")[0]} & set(self.reasons)]

    @property
    def texts(self) -> dict[str, str]:
        """Every free text of it, by field."""
        fields = ("title", "question", "population", "outputs_plan", "lay_summary", "commercial_interest")
        return {field: getattr(self, field) for field in fields} | {f"reasons.{k}": v for k, v in self.reasons.items()}

    def to_bytes(self) -> bytes:
        """Return the canonical bytes a submission is kept as."""
        return canonical.dumps(self.model_dump(mode="json"))

    @property
    def sha256(self) -> str:
        """The hash of the canonical bytes."""
        return sha256_bytes(self.to_bytes())


FIELDS = tuple(ApplicationFile.model_fields)
"""Every field of the form, in the order it is filled in."""


def load_application_file(path: Path) -> ApplicationFile:
    """Read an application (TOML); raises Incomplete with every problem of form in it."""
    return load_form(ApplicationFile, path, Incomplete)


class ApplicationKey(NamedTuple):
    """Which application: its project, and 0 for the one that begins it or the number of an amendment."""

    project_id: str
    number: int = 0

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Read `cis-spinal` or `cis-spinal.1`; None where it is no such name."""
        project_id, dot, number = name.partition(".")
        if not dot:
            return cls(project_id)
        return cls(project_id, int(number)) if number in map(str, range(1, MOST_AMENDMENTS + 1)) else None

    def __str__(self) -> str:
        return f"{self.project_id}.{self.number}" if self.number else self.project_id


@dataclass(frozen=True)
class Answer:
    """One answer of a draft, as it was last saved."""

    field: str
    value: str
    """JSON text."""
    version: int
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True)
class Submission:
    """An application as it was submitted, and what it was judged by; it never changes."""

    number: int
    file: ApplicationFile
    sha256: str
    rules_sha256: str
    verdicts: tuple[Verdict, ...]
    submitted_by: str
    submitted_at: datetime


@dataclass(frozen=True)
class ExemptionWord:
    """One member's word on an exemption."""

    username: str
    granted: bool
    reason: str
    said_at: datetime


@dataclass(frozen=True)
class Exemption:
    """An exemption that was asked for, and what members said."""

    rule: RuleId
    reason: str
    asked_by: str
    asked_at: datetime
    words: tuple[ExemptionWord, ...]

    @property
    def in_force(self) -> bool:
        """Whether enough members granted it."""
        return self.is_granted_without(frozenset())

    def is_granted_without(self, people: Set[str]) -> bool:
        """Tell whether enough members granted it who are none of these people."""
        return sum(word.granted and word.username not in people for word in self.words) >= WORDS_NEEDED

    @property
    def settled(self) -> bool:
        """Whether it is granted, or somebody said no."""
        return self.in_force or any(not word.granted for word in self.words)


@dataclass(frozen=True)
class Application:
    """An application as it stands: number 0 is for a new project, higher ones amend a running one."""

    project_id: str
    number: int
    resource: str
    state: ApplicationState
    state_since: datetime
    created_by: str
    created_at: datetime
    answers: Mapping[str, Answer]
    submissions: tuple[Submission, ...]
    exemptions: tuple[Exemption, ...] = ()
    before: ApplicationFile | None = None
    """What the project it amends was approved for when it was begun; None for a new project."""
    members: tuple[Membership, ...] = ()
    """Everybody's time in the team of the project it amends; nobody's for a new one."""

    @property
    def id(self) -> str:
        """How the audit log names it."""
        return f"{self.project_id}.{self.number}"

    @property
    def name(self) -> str:
        """How addresses and commands name it: a new project's by its name alone."""
        return str(ApplicationKey(self.project_id, self.number))

    @property
    def submission(self) -> Submission | None:
        """What was submitted last."""
        return self.submissions[-1] if self.submissions else None

    @property
    def exempt(self) -> frozenset[RuleId]:
        """The rules it is exempt from, by the word of members who are none of its applicants."""
        return frozenset(one.rule for one in self.exemptions if one.is_granted_without(self.applicants))

    def exemption(self, rule: RuleId) -> Exemption | None:
        """Return the exemption from a rule that was asked for, or None."""
        return next((one for one in self.exemptions if one.rule is rule), None)

    @property
    def writers(self) -> frozenset[str]:
        """Who may write it: whoever began it and the leads of the last submission's team; of an amendment, the leads
        the project has now.
        """
        if self.number:
            return frozenset(one.username for one in self._in_team_now if one.role is TeamRole.LEAD)
        team = self.submission.file.team if self.submission else ()
        return frozenset({self.created_by, *(one.username for one in team if one.role is TeamRole.LEAD)})

    @property
    def people(self) -> frozenset[str]:
        """Everybody who writes it, or was ever in the team of what was submitted or of the project it amends."""
        named = {one.username for submission in self.submissions for one in submission.file.team}
        return frozenset({self.created_by, *named, *(one.username for one in self.members)})

    @property
    def readers(self) -> frozenset[str]:
        """Those of its people it is shown to: all but who left the project it amends."""
        in_team = {one.username for one in self._in_team_now}
        return self.people - ({one.username for one in self.members} - in_team)

    @property
    def applicants(self) -> frozenset[str]:
        """Its people, and whom its draft names in the team: nobody of them judges it or exempts it from a rule."""
        return self.people | _named_in(self.answers.get("team"))

    @property
    def put_to_vote(self) -> frozenset[str]:
        """The variables of the last submission that are voted on, as dataset.table.variable: all of a new project, of
        an amendment those that are not approved exactly so already.
        """
        file = self.submission.file if self.submission else None
        if file is None:
            return frozenset()
        if self.before is None or file.newest_editions:
            return frozenset(file.variables)
        return frozenset(name for name in file.variables if _as_seen(self.before, name) != _as_seen(file, name))

    @property
    def is_whole(self) -> bool:
        """Whether an amendment is approved or declined as a whole: it changes more than the data, or only leaves data
        out.
        """
        if self.before is None or self.submission is None:
            return False
        return _beside_the_data(self.before) != _beside_the_data(self.submission.file) or not self.put_to_vote

    @property
    def _in_team_now(self) -> tuple[Membership, ...]:
        return tuple(one for one in self.members if one.left_at is None)


OF_THE_DATA = frozenset({"datasets", "reasons", "answers", "amendment_reason", "newest_editions"})
"""Fields of an amendment that are of its data, or speak of them alone; the others are its team, time and words."""


def _beside_the_data(file: ApplicationFile) -> dict[str, Any]:
    said = file.model_dump(mode="json", exclude=set(OF_THE_DATA))
    return {**said, "team": sorted(said["team"], key=lambda member: member["username"])}


def _as_seen(file: ApplicationFile, variable: str) -> object:
    """Return how a variable would be seen: the conditions of its table and its own rule; None where it is not asked."""
    dataset, table, name = variable.split(".")
    asked = file.datasets.get(dataset, {}).get(table)
    if asked is None or name not in asked.variables:
        return None
    return asked.row_filter, asked.cohort, asked.scans, asked.generalise.get(name)


def _named_in(answer: Answer | None) -> frozenset[str]:
    """Return the user names of a team as it is drafted, which may be anything so far."""
    team = json.loads(answer.value) if answer else None
    members = [one for one in team if isinstance(one, dict)] if isinstance(team, list) else []
    return frozenset(str(one.get("username")) for one in members)
