"""What a data use agreement says of a project: gathered when it is drawn up, kept with it, and compared later."""

from collections.abc import Iterable, Iterator
from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from core import canonical
from core.files import sha256_bytes
from core.people.service import find_person
from data_catalog.editions import find_edition
from data_catalog.models import Variable
from projects.agreements.errors import SigningRejected
from projects.applications.models import ApplicationFile
from projects.applications.records import approved_application
from projects.models import ApprovedTable, Project
from projects.resource_rules.service import rules_by_hash


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Member(_Strict):
    """Somebody who uses the data, and where they work."""

    username: str
    name: str
    role: str
    organisation: str


class GivenVariable(_Strict):
    """A variable that is given, and how coarse."""

    name: str
    label: str
    coarse: str = ""
    """What is done to it first, in words; nothing where it is given as it is."""


class GivenTable(_Strict):
    """What is given of one table of one edition."""

    dataset: str
    edition: int
    synthetic: bool
    name: str
    label: str
    rows: tuple[str, ...] = Field(strict=False)
    """Conditions on its rows and people, and the scans that go along, as the committee gave them."""
    variables: tuple[GivenVariable, ...] = Field(strict=False)


class Substance(_Strict):
    """What the agreement is about; where any of it changes, another agreement is asked for."""

    project_id: str
    title: str
    question: str
    resource: str
    resource_label: str
    institution: str
    starts: date = Field(strict=False)
    ends: date = Field(strict=False)
    purposes: tuple[str, ...] = Field(strict=False)
    team: tuple[Member, ...] = Field(strict=False)
    conditions: str
    tables: tuple[GivenTable, ...] = Field(strict=False)

    @property
    def sha256(self) -> str:
        """The hash by which a change is seen."""
        return sha256_bytes(canonical.dumps(self.model_dump(mode="json")))

    @property
    def synthetic(self) -> bool:
        """Whether any of the data are nobody's."""
        return any(table.synthetic for table in self.tables)


class Signer(_Strict):
    """Somebody who is to sign, and for whom."""

    username: str
    name: str
    organisation: str


class AgreementFacts(_Strict):
    """Everything the document is made from: equal facts make equal bytes."""

    number: int
    drawn_on: date = Field(strict=False)
    wording_version: int
    substance: Substance
    signatory: Signer
    countersignatory: Signer

    def to_text(self) -> str:
        """Return the canonical JSON text they are kept as."""
        return canonical.dumps(self.model_dump(mode="json")).decode()


def substance_of(connection: Connection, project: Project) -> Substance:
    """Return what an agreement about a project says of it today.

    Raises SigningRejected for a project from before there were applications: nothing says what for, and from where.
    """
    submission = approved_application(connection, project.id).submission if project.rules_sha256 else None
    if submission is None:
        raise SigningRejected(
            f"{project.id} has no application to draw an agreement up from.",
            "Record what was signed on paper: `myelin agreement record`.",
        )
    file = submission.file
    return Substance(
        project_id=project.id,
        title=project.title,
        question=project.purpose,
        resource=project.resource,
        resource_label=rules_by_hash(connection, project.rules_sha256).label,
        institution=institution_of(file),
        starts=project.starts,
        ends=project.ends,
        purposes=tuple(sorted(file.purposes)),
        team=tuple(_members(connection, project, file)),
        conditions=project.conditions,
        tables=tuple(_given(connection, table) for table in project.tables),
    )


def institution_of(file: ApplicationFile) -> str:
    """Return the organisation that signs: the one the application names for it, else its first lead's."""
    if file.signatory is not None:
        return file.signatory.organisation
    return next(member.organisation for member in file.team if member.role == "lead")


def _members(connection: Connection, project: Project, file: ApplicationFile) -> Iterator[Member]:
    organisations = {member.username: member.organisation for member in file.team}
    for username, role in sorted(project.team.items()):
        name = find_person(connection, username).name
        yield Member(username=username, name=name, role=role, organisation=organisations.get(username, ""))


def _given(connection: Connection, table: ApprovedTable) -> GivenTable:
    edition = find_edition(connection, table.dataset_id, table.edition)
    declared = edition.declaration.table(table.table_id)
    assert declared is not None
    scans = f"scans: {table.scan_kinds.words}" if table.scan_kinds else ""
    return GivenTable(
        dataset=table.dataset_id,
        edition=table.edition,
        synthetic=edition.synthetic,
        name=table.table_id,
        label=declared.label,
        rows=tuple(condition for condition in (table.row_filter, table.cohort, scans) if condition),
        variables=tuple(_variables(declared.variables, table)),
    )


def _variables(declared: Iterable[Variable], table: ApprovedTable) -> Iterator[GivenVariable]:
    rules = table.rules
    for variable in declared:
        if variable.name in table.variables:
            coarse = rules[variable.name].words if variable.name in rules else ""
            yield GivenVariable(name=variable.name, label=variable.label, coarse=coarse)
