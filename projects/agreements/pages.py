"""What one person is shown of agreements, contracts and fees: how they stand, whose turn it is, what they can do."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from core.database import Database
from core.errors import NotFound
from core.people.models import Person
from core.people.service import all_people
from core.permissions import may
from projects.agreements import permissions
from projects.agreements.models import (
    Agreement,
    AgreementKind,
    ContractRecord,
    Invoice,
    InvoiceAction,
    InvoiceState,
    SignedContract,
)
from projects.agreements.money import in_words
from projects.agreements.policy import can_settle
from projects.agreements.records import agreements_of, all_contracts, contract_of, invoices
from projects.agreements.signing.models import DrawnAgreement, Party, SigningAction, SigningState
from projects.agreements.signing.policy import (
    SIGNS,
    can_countersign,
    can_sign,
    can_step,
    whose_turn,
    words_signed,
)
from projects.agreements.signing.records import drawn_agreements
from projects.agreements.signing.service import agreement_for, has_changed
from projects.gates import project_rights
from projects.models import Project, ProjectState, TeamRole
from projects.records import find_project
from projects.rights import Right, RightKind
from projects.service import all_projects

KINDS = (RightKind.AGREEMENT, RightKind.FEE, RightKind.CONTRACT)
"""The rights that are signed or paid for."""


@dataclass(frozen=True)
class ShownInvoice:
    """An invoice, and what this person may do with it."""

    invoice: Invoice
    may_pay: bool
    may_cancel: bool

    @property
    def words(self) -> str:
        """How much it asks for."""
        return in_words(self.invoice)


@dataclass(frozen=True)
class ProjectAgreements:
    """What one project signed and paid, as whoever may see all of it sees it."""

    project: Project
    rights: tuple[Right, ...]
    """Those it must hold that are signed or paid for."""
    drawn: tuple[DrawnAgreement, ...]
    on_paper: tuple[Agreement, ...]
    """Agreements that were recorded from paper."""
    contract: SignedContract | None
    invoices: tuple[ShownInvoice, ...]
    has_changed: bool
    """Whether the project is not what the agreement that is in force says of it."""
    may_record: bool

    @property
    def waiting(self) -> DrawnAgreement | None:
        """The agreement that has yet to be signed, or None."""
        return next((one for one in self.drawn if one.is_open), None)

    @property
    def ends_something(self) -> bool:
        """Whether a data use agreement is in force that could be ended."""
        held = (one for one in self.on_paper if one.kind is AgreementKind.DATA_USE and one.ended_at is None)
        return any(held) or any(one.state is SigningState.IN_FORCE for one in self.drawn)

    @property
    def is_over(self) -> bool:
        """Whether nothing is signed or paid for any more."""
        return self.project.state is ProjectState.CLOSED

    @property
    def may_draw_up(self) -> bool:
        """Whether another agreement can be drawn up by whoever looks."""
        return self.may_record and self.waiting is None and not self.is_over

    @property
    def turns(self) -> list[str]:
        """What is missing and whose turn it is, a sentence each."""
        return [] if self.is_over else list(_turns(self))


@dataclass(frozen=True)
class AgreementPage:
    """One agreement as one person sees it."""

    agreement: DrawnAgreement
    project: Project
    signs_as: Party | None
    """The party this person signs for now."""
    may_withdraw: bool
    has_changed: bool

    @property
    def words(self) -> str:
        """What is ticked by whoever signs now."""
        return words_signed(self.agreement, self.signs_as) if self.signs_as else ""

    @property
    def turn(self) -> str:
        """Whom it waits for, as a sentence."""
        return whose_turn(self.agreement)


@dataclass(frozen=True)
class AgreementsPage:
    """Everything that was signed or is to be signed and paid, that is this person's to see."""

    to_sign: tuple[DrawnAgreement, ...]
    others: tuple[DrawnAgreement, ...]
    """Those this person has to do with, without having to sign now."""
    projects: tuple[ProjectAgreements, ...]
    contracts: tuple[ContractRecord, ...]
    sees_all: bool


def agreements_page(database: Database, person: Person) -> AgreementsPage:
    """Return what somebody may see of all agreements, contracts and fees; to most that is nothing."""
    projects = [one for one in all_projects(database) if _sees_all_of(one, person)]
    with database.read() as connection:
        mine = _mine(connection, person)
        turns = [one for one in mine if _signs_as(connection, one, person)]
        shown = tuple(_project(connection, person, one) for one in projects)
        contracts = all_contracts(connection)
    names = {one.id for one in projects}
    return AgreementsPage(
        tuple(turns),
        tuple(one for one in mine if one not in turns and one.project_id not in names),
        tuple(one for one in shown if one.rights or one.drawn or one.on_paper or one.invoices),
        tuple(one for one in contracts if may(person, permissions.CONTRACT_READ) or names & set(one.projects)),
        may(person, permissions.CONTRACT_READ),
    )


def project_agreements(database: Database, person: Person, project_id: str) -> ProjectAgreements:
    """Return what a project signed and paid to its leads and to those who may read all; raises NotFound."""
    with database.read() as connection:
        try:
            project = find_project(connection, project_id)
        except NotFound:
            project = None
        if project is None or not _sees_all_of(project, person):
            raise NotFound(
                f"There are no agreements of {project_id} here for you.", "Yours are on the agreements page."
            )
        return _project(connection, person, project)


def agreements_box(database: Database, person: Person, project: Project) -> ProjectAgreements | None:
    """Return what a project's page shows of what it signed and paid; nothing to whom it is not to be shown."""
    if not _sees_all_of(project, person):
        return None
    with database.read() as connection:
        shown = _project(connection, person, project)
    return shown if shown.rights or shown.drawn or shown.invoices or shown.may_record else None


def agreement_page(database: Database, person: Person, project_id: str, number: int) -> AgreementPage:
    """Return one agreement to somebody whom it concerns; raises NotFound."""
    with database.read() as connection:
        drawn = agreement_for(connection, person, project_id, number)
        project = find_project(connection, project_id)
        changed = _is_current(drawn) and has_changed(connection, project, drawn)
        signs_as = _signs_as(connection, drawn, person)
    may_withdraw = can_step(drawn, SigningAction.WITHDRAW, person)
    return AgreementPage(drawn, project, signs_as, may_withdraw, changed)


def to_settle(database: Database, person: Person, project_id: str, number: int) -> Invoice:
    """Return an invoice of a project to whoever sees the project's agreements; raises NotFound."""
    shown = project_agreements(database, person, project_id)
    found = next((one.invoice for one in shown.invoices if one.invoice.number == number), None)
    if found is None:
        raise NotFound(f"{project_id} has no invoice {number}.", "Its invoices are on this project's agreements page.")
    return found


def to_sign(database: Database, person: Person) -> int:
    """Return how many agreements wait for this person's signature."""
    with database.read() as connection:
        return sum(_signs_as(connection, one, person) is not None for one in _mine(connection, person))


def to_draw_up(database: Database) -> int:
    """Return how many projects lack an agreement that nobody has drawn up yet."""
    projects = all_projects(database)
    with database.read() as connection:
        return sum(_lacks_agreement(connection, project) for project in projects)


def signers_to_choose(database: Database, project: Project) -> tuple[list[Person], list[Person]]:
    """Return who can sign for the applicant and who for the resource, in order of user name."""
    people = all_people(database)
    return [one for one in people if can_sign(one)], [one for one in people if can_countersign(project, one)]


def _mine(connection: Connection, person: Person) -> list[DrawnAgreement]:
    return [one for one in drawn_agreements(connection) if person.username in (one.signatory, one.countersignatory)]


def _sees_all_of(project: Project, person: Person) -> bool:
    leads = person.active and project.team.get(person.username) is TeamRole.LEAD
    return leads or may(person, permissions.CONTRACT_READ)


def _project(connection: Connection, person: Person, project: Project) -> ProjectAgreements:
    drawn = drawn_agreements(connection, project.id)
    documents = {one.document_sha256 for one in drawn}
    in_force = [one for one in drawn if one.state is SigningState.IN_FORCE]
    return ProjectAgreements(
        project,
        tuple(right for right in project_rights(connection, project) if right.kind in KINDS),
        tuple(drawn),
        tuple(one for one in agreements_of(connection, project.id) if one.document_sha256 not in documents),
        contract_of(connection, project.id),
        tuple(_invoice(one, person) for one in invoices(connection, project.id)),
        any(has_changed(connection, project, one) for one in in_force),
        may(person, permissions.AGREEMENT_RECORD),
    )


def _invoice(invoice: Invoice, person: Person) -> ShownInvoice:
    pay, cancel = (can_settle(invoice, action, person) for action in (InvoiceAction.PAY, InvoiceAction.CANCEL))
    return ShownInvoice(invoice, pay, cancel)


def _signs_as(connection: Connection, drawn: DrawnAgreement, person: Person) -> Party | None:
    """Return the party a person signs for now; none for a project that is closed, of which nothing is signed."""
    if find_project(connection, drawn.project_id).state is ProjectState.CLOSED:
        return None
    return next((party for action, party in SIGNS.items() if can_step(drawn, action, person)), None)


def _is_current(drawn: DrawnAgreement) -> bool:
    return drawn.is_open or drawn.state is SigningState.IN_FORCE


def _lacks_agreement(connection: Connection, project: Project) -> bool:
    if project.state is ProjectState.CLOSED or any(one.is_open for one in drawn_agreements(connection, project.id)):
        return False
    rights = project_rights(connection, project)
    return any(right.kind is RightKind.AGREEMENT and right.through is None for right in rights)


def _turns(shown: ProjectAgreements) -> Iterator[str]:
    lacking = {right.kind for right in shown.rights if right.through is None}
    asked = [one.invoice for one in shown.invoices if one.invoice.state is InvoiceState.ISSUED]
    if shown.waiting is not None:
        yield whose_turn(shown.waiting)
    elif RightKind.AGREEMENT in lacking:
        yield "An agreement is missing: operations draw it up, or record it from paper."
    if shown.has_changed:
        yield "The project has changed since its agreement was signed: operations draw up another."
    for invoice in asked:
        yield f"Invoice {invoice.number} waits for the team’s payment; operations record it."
    if RightKind.FEE in lacking and not asked:
        yield "The fee has not been asked for: operations issue the invoice."
    if RightKind.CONTRACT in lacking:
        yield "It works under no contract: operations record the contract and move the project under it."
