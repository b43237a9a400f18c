"""Contracts, agreements and invoices: listed, and what is recorded of them without a document."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from core.permissions import check_may
from portal.api.caller import Called
from portal.api.fields import MOST, SLUG, Asked, Line, Number, ProjectId, Shown, Slug
from portal.api.paging import Page, Windowed, paged
from projects.agreements import of_project
from projects.agreements.models import AgreementKind, InvoiceState
from projects.agreements.pages import project_agreements
from projects.agreements.permissions import CONTRACT_READ
from projects.agreements.records import invoices
from projects.agreements.service import contracts_for, move_to_contract
from projects.agreements.signing.models import SigningState
from projects.agreements.signing.service import draw_up
from projects.visibility import project_for

router = APIRouter(tags=["agreements"])


class ContractShown(Shown):
    """A contract of an organisation with a resource, and the projects that work under it."""

    id: str
    resource: str
    organisation: str
    starts: date
    ends: date
    signatory: str
    document_sha256: str
    recorded_by: str
    recorded_at: datetime
    projects: list[str]


class AgreementShown(Shown):
    """An agreement about one project, and the last day it holds."""

    project_id: str
    kind: AgreementKind
    through: date
    signatory: str
    document_sha256: str
    recorded_by: str
    recorded_at: datetime
    ended_at: datetime | None


class InvoiceShown(Shown):
    """A project's fee: what was asked for, in the currency's smallest unit, and what became of it."""

    number: int
    project_id: str
    amount: int
    currency: str
    state: InvoiceState
    issued_by: str
    issued_at: datetime
    due_on: date
    paid_on: date | None
    reference: str | None
    paid_by: str | None


class DrawnShown(Shown):
    """An agreement that was drawn up to be signed in the portal, and how far it is."""

    project_id: str
    number: int
    state: SigningState
    state_since: datetime
    through: date
    document_sha256: str
    signatory: str
    countersignatory: str
    drawn_by: str
    drawn_at: datetime


class ProjectAgreementsShown(Shown):
    """What a project signed and paid."""

    turns: list[str]
    """What is missing and whose turn it is, a sentence each."""
    drawn: list[DrawnShown]
    on_paper: list[AgreementShown]
    contract: str | None
    """The contract it works under, by its id."""
    invoices: list[InvoiceShown]


class Signers(Asked):
    """Who signs for the applicant and who for the resource, by user name."""

    signatory: Slug
    countersignatory: Slug


class Moved(Asked):
    """The project that is to work under a contract."""

    project_id: Slug


class Issued(Asked):
    """A fee to ask for: cents, the currency's ISO 4217 code, and the day it is due."""

    amount: int = Field(ge=1, le=MOST)
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    due_on: date


class Paid(Asked):
    """When an invoice was paid, and the payment's reference, as the bank has it."""

    paid_on: date
    reference: Line


ContractId = Annotated[str, Path(max_length=31, pattern=SLUG, description="the contract's id")]


@router.get("/contracts")
def list_contracts(caller: Called, window: Windowed) -> Page[ContractShown]:
    """List the contracts of industry."""
    return paged(window, contracts_for(caller.database, caller.person), lambda one: one.id, ContractShown.of)


@router.post("/contracts/{contract_id}/projects")
def move_project(caller: Called, contract_id: ContractId, said: Moved) -> ContractShown:
    """Have a project work under another contract from now on."""
    return ContractShown.of(move_to_contract(caller.database, caller.person, contract_id, said.project_id))


@router.get("/projects/{project_id}/agreements")
def agreements_of_project(caller: Called, project_id: ProjectId) -> ProjectAgreementsShown:
    """Return what a project signed and paid: to its leads, and to those who may read all."""
    found = project_agreements(caller.database, caller.person, project_id)
    return ProjectAgreementsShown(
        turns=found.turns,
        drawn=[DrawnShown.of(one) for one in found.drawn],
        on_paper=[AgreementShown.of(one) for one in found.on_paper],
        contract=found.contract.id if found.contract else None,
        invoices=[InvoiceShown.of(one.invoice) for one in found.invoices],
    )


@router.post("/projects/{project_id}/agreements", status_code=201)
def draw_up_agreement(caller: Called, project_id: ProjectId, said: Signers) -> DrawnShown:
    """Draw up the agreement of a project as it stands; the two who are named sign it on its page, in turn."""
    project_agreements(caller.database, caller.person, project_id)
    made = draw_up(caller.database, caller.settings, caller.person, project_id, said.signatory, said.countersignatory)
    return DrawnShown.of(made)


@router.delete("/projects/{project_id}/agreements/{kind}", status_code=204)
def end_agreement(caller: Called, project_id: ProjectId, kind: AgreementKind) -> None:
    """End the agreements of a kind about a project: where the rules ask for one, its team is out within seconds."""
    project_for(caller.database, caller.person, project_id)
    of_project.end_agreement(caller.database, caller.person, project_id, kind)


@router.get("/invoices")
def list_invoices(caller: Called, window: Windowed) -> Page[InvoiceShown]:
    """List every invoice."""
    check_may(caller.person, CONTRACT_READ)
    with caller.database.read() as connection:
        found = invoices(connection)
    return paged(window, found, lambda one: f"{one.number:010d}", InvoiceShown.of)


@router.post("/projects/{project_id}/invoices", status_code=201)
def issue_invoice(caller: Called, project_id: ProjectId, said: Issued) -> InvoiceShown:
    """Ask for a project's fee."""
    project_for(caller.database, caller.person, project_id)
    asked = of_project.issue_invoice(caller.database, caller.person, project_id, **dict(said))
    return InvoiceShown.of(asked)


@router.post("/invoices/{number}/payment")
def record_payment(caller: Called, number: Number, said: Paid) -> InvoiceShown:
    """Record that an invoice was paid; what is paid stays paid."""
    return InvoiceShown.of(of_project.record_payment(caller.database, caller.person, number, **dict(said)))


@router.post("/invoices/{number}/cancel")
def cancel_invoice(caller: Called, number: Number) -> InvoiceShown:
    """Cancel an invoice that was not paid."""
    return InvoiceShown.of(of_project.cancel_invoice(caller.database, caller.person, number))
