"""Projects, their teams and what they were approved for: immutable values, validated when made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from core import canonical
from core.errors import InvalidInput
from core.files import sha256_bytes
from core.forms import folded
from core.people.models import check_slug
from core.settings import Settings
from data_catalog.generalisation import Generalisation, Rules
from data_catalog.imaging.names import ScanKinds

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Prose = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$"),
    BeforeValidator(folded),
]
Name = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z][a-z0-9_]*$")]


class TeamRole(StrEnum):
    """What somebody is within a project's team."""

    LEAD = "lead"
    RESEARCHER = "researcher"


class ProjectState(StrEnum):
    """Where a project is between approval and close-out."""

    APPROVED = "approved"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Fee(StrEnum):
    """How a use is paid for; the amount is set for each."""

    NONE = "none"
    PER_PROJECT = "per_project"
    CONTRACT = "contract"


class AmendmentState(StrEnum):
    """What became of an amendment; one that was proposed before amendments were applications is never approved."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DECLINED = "declined"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class TableRequest(_Strict):
    """What a project file asks of one table: variables by name, how coarse, and conditions on its rows and people."""

    variables: tuple[Name, ...] = Field(min_length=1, strict=False)
    row_filter: str = Field("", max_length=2000)
    cohort: str = Field("", max_length=2000, description="who is in, said over all tables of the dataset")
    generalise: Mapping[Name, Generalisation] = Field(default={}, description="variable → what stands in its place")
    scans: ScanKinds | None = Field(None, description="which scans of its rows go along, of a table of scans")

    @field_validator("variables")
    @classmethod
    def _are_unique(cls, variables: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(variables)) < len(variables):
            raise ValueError("names a variable twice")
        return variables


class DataRequest(_Strict):
    """What a file asks of the data for one project: `datasets` is dataset → table → what is asked of it."""

    id: str
    datasets: Mapping[Name, Mapping[Name, TableRequest]] = Field(min_length=1)

    @field_validator("id")
    @classmethod
    def _is_slug(cls, project_id: str) -> str:
        return _checked_slug(project_id, "project id")

    @field_validator("datasets")
    @classmethod
    def _have_tables(
        cls, datasets: Mapping[Name, Mapping[Name, TableRequest]]
    ) -> Mapping[Name, Mapping[Name, TableRequest]]:
        if not all(datasets.values()):
            raise ValueError("names a dataset without a table")
        return datasets


def check_team(team: Mapping[str, TeamRole], lines: int) -> None:
    """Raise ValueError where a team of so many lines names no user name, names somebody twice, or has no lead."""
    for username in team:
        _checked_slug(username, "user name")
    if len(team) < lines:
        raise ValueError("names somebody twice in its team")
    if TeamRole.LEAD not in team.values():
        raise ValueError('needs a lead in its team (role = "lead")')


def _checked_slug(text: str, what: str) -> str:
    try:
        return check_slug(text, what)
    except InvalidInput as error:
        raise ValueError(str(error)) from error


@dataclass(frozen=True)
class Membership:
    """Somebody's time in a team."""

    project_id: str
    username: str
    role: TeamRole
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True)
class ApprovedTable:
    """What a project may see of one table of one edition."""

    dataset_id: str
    edition: int
    table_id: str
    row_filter: str
    variables: tuple[str, ...]
    cohort: str = ""
    generalise: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Variable → its rule as the project file has it."""
    scans: Mapping[str, tuple[str, ...]] | None = None
    """Regions and modalities of the scans that go along with its rows."""

    @property
    def rules(self) -> Rules:
        """What is done with variables, as the catalogue reads it."""
        return {name: Generalisation.model_validate(rule) for name, rule in self.generalise.items()}

    @property
    def scan_kinds(self) -> ScanKinds | None:
        """The scans that go along, as the catalogue reads it."""
        return ScanKinds.model_validate(self.scans) if self.scans else None


@dataclass(frozen=True)
class Amendment:
    """What a running project sees of the data in place of what it was approved for, by an approved application."""

    project_id: str
    number: int
    reason: str
    state: AmendmentState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    tables: tuple[ApprovedTable, ...]
    application: int = 0
    """The number of the application it was approved with; 0 where one member decided, before there were any."""


@dataclass(frozen=True)
class Cut:
    """One extract that was made for a project; its files are gone once it is deleted."""

    project_id: str
    number: int
    made_by: str
    made_at: datetime
    manifest_sha256: str
    synthetic: bool
    deleted_at: datetime | None = None
    amendment: int = 0
    """The amendment it was made of; 0 is what was approved at first."""

    def folder(self, settings: Settings) -> Path:
        """Return where the cut's files are."""
        return settings.cuts / self.project_id / str(self.number)


@dataclass(frozen=True)
class ProjectInUse:
    """What deciding on the use of a project needs of it: memberships and cuts of all times, oldest first."""

    id: str
    title: str
    purpose: str
    starts: date
    ends: date
    state: ProjectState
    resource: str
    """The resource whose rules it was approved under."""
    rules_sha256: str
    """The version of those rules; nothing for a project from before there were any."""
    fee: Fee
    """How it is paid for, as settled with its approval: none where two members exempted it from its contract."""
    commercial: bool
    ethics_through: date | None
    """The last day of the ethics approval it named."""
    conditions: str
    """What the committee approved it under."""
    lay_summary: str
    created_by: str
    created_at: datetime
    approved_by: str | None
    """Whose vote decided; nobody's for a project from before there were applications that was closed at once."""
    approved_at: datetime | None
    subnet: IPv4Network | None
    memberships: tuple[Membership, ...]
    cuts: tuple[Cut, ...]

    @property
    def team(self) -> dict[str, TeamRole]:
        """Who is in the team now, and as what."""
        return {member.username: member.role for member in self.memberships if member.left_at is None}

    def team_at(self, at: datetime) -> dict[str, TeamRole]:
        """Return who was in the team at a moment, and as what."""
        then = (one for one in self.memberships if one.joined_at <= at and (one.left_at is None or one.left_at > at))
        return {member.username: member.role for member in then}

    def is_member(self, username: str) -> bool:
        """Tell whether somebody is in the team now."""
        return username in self.team

    @property
    def cut(self) -> Cut | None:
        """The cut the project works on."""
        kept = [cut for cut in self.cuts if cut.deleted_at is None]
        return kept[-1] if kept else None


@dataclass(frozen=True)
class Project(ProjectInUse):
    """A project as it stands: with what it was approved for, and amendments of all times, oldest first."""

    first_tables: tuple[ApprovedTable, ...]
    """What it was approved for at first."""
    amendments: tuple[Amendment, ...] = ()
    voters: frozenset[str] = frozenset()
    """Who voted on its applications."""

    @property
    def approved_amendment(self) -> int:
        """The number of the newest amendment that was approved; 0 where none was."""
        approved = (one.number for one in self.amendments if one.state is AmendmentState.APPROVED)
        return max(approved, default=0)

    @property
    def tables(self) -> tuple[ApprovedTable, ...]:
        """What it is approved for now."""
        number = self.approved_amendment
        return self.amendments[number - 1].tables if number else self.first_tables

    def tables_before(self, application: int) -> tuple[ApprovedTable, ...]:
        """Return what it was approved for before an application to amend it."""
        approved = (one for one in self.amendments if one.state is AmendmentState.APPROVED)
        earlier = [one.tables for one in approved if one.application < application]
        return earlier[-1] if earlier else self.first_tables

    @property
    def as_cut(self) -> Self:
        """The project with no amendment younger than the one its cut was made of."""
        return replace(self, amendments=self.amendments[: self.cut.amendment]) if self.cut else self

    def with_tables(self, asked: tuple[ApprovedTable, ...]) -> Self:
        """Return the project as it would be if it were approved for these tables."""
        return replace(self, first_tables=asked, amendments=())

    @property
    def waits_for_cut(self) -> bool:
        """Whether it is approved for something else than its cut was made of."""
        return self.cut is not None and self.cut.amendment != self.approved_amendment

    @property
    def within_reach(self) -> tuple[ApprovedTable, ...]:
        """Every table that is in its cut, or comes into the next one."""
        return self.as_cut.tables + self.tables

    @property
    def judges(self) -> frozenset[str]:
        """Who voted or decided on the project or on one of its amendments."""
        deciders = (self.approved_by, *self.voters, *(one.decided_by for one in self.amendments))
        return frozenset(name for name in deciders if name)

    @property
    def version(self) -> str:
        """What a decision is made on: the state, purpose, dates and team, and everything it sees of the data."""
        dates = [self.starts.isoformat(), self.ends.isoformat()]
        words = {"title": self.title, "purpose": self.purpose, "dates": dates, "team": self.team}
        seen = {"state": self.state, **words, "tables": [asdict(table) for table in self.tables]}
        return sha256_bytes(canonical.dumps(seen))[:32]

    @property
    def old_cuts(self) -> tuple[Cut, ...]:
        """Cuts it does not work on any more whose files are kept beside its cut."""
        return tuple(cut for cut in self.cuts if cut.deleted_at is None and cut != self.cut)

    @property
    def synthetic(self) -> bool:
        """Whether it has worked on data that are nobody's."""
        return any(cut.synthetic for cut in self.cuts)


@dataclass(frozen=True)
class Access:
    """What one person may use of one project now; made by `projects.access.check_access` alone."""

    username: str
    project_id: str
    team_role: TeamRole
    cut: Cut
    subnet: IPv4Network

    @property
    def gateway(self) -> IPv4Address:
        """The host's own address on the project's network."""
        return gateway_of(self.subnet)

    @property
    def cut_sha256(self) -> str:
        """The hash of the manifest of the cut, which holds the hash of every file in it."""
        return self.cut.manifest_sha256

    def cut_path(self, settings: Settings) -> Path:
        """Return the folder that is mounted at `/data`."""
        return self.cut.folder(settings)


def gateway_of(subnet: IPv4Network) -> IPv4Address:
    """Return the first usable address of a project's network, which is the host's."""
    return subnet[1]
