"""Rules about contracts, agreements and invoices. Pure."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from core.people.models import Person
from core.permissions import may
from projects.agreements import permissions
from projects.agreements.errors import ContractRejected, PaymentRefused
from projects.agreements.models import (
    YEARS,
    Agreement,
    AgreementKind,
    ContractRecord,
    Invoice,
    InvoiceAction,
    InvoiceState,
)
from projects.models import Project, ProjectState

INVOICE_TRANSITIONS = (
    (InvoiceState.ISSUED, InvoiceAction.PAY, InvoiceState.PAID),
    (InvoiceState.ISSUED, InvoiceAction.CANCEL, InvoiceState.CANCELLED),
)
"""Every step of an invoice: from this state, by this action, to that one. What is paid stays paid."""


def check_step(invoice: Invoice, action: InvoiceAction) -> InvoiceState:
    """Return the state an action leads to; raises ContractRejected where it is not open."""
    found = (after for before, name, after in INVOICE_TRANSITIONS if (before, name) == (invoice.state, action))
    to = next(found, None)
    if to is None:
        raise ContractRejected(f"Invoice {invoice.number} is {invoice.state}: {action} is not open.")
    return to


def can_settle(invoice: Invoice, action: InvoiceAction, person: Person) -> bool:
    """Tell whether a person may pay or cancel an invoice as it stands."""
    try:
        check_step(invoice, action)
        if action is InvoiceAction.PAY:
            check_two_people(invoice, person.username)
    except (ContractRejected, PaymentRefused):
        return False
    return may(person, permissions.INVOICE_SETTLE)


def check_two_people(invoice: Invoice, username: str) -> None:
    """Refuse the payment of an invoice to be recorded by whoever issued it: whoever asks does not say it came."""
    if invoice.issued_by == username:
        message = f"{username} issued invoice {invoice.number} and does not record its payment."
        raise PaymentRefused(message, "Another person of operations does.")


def agreed_through(agreements: Iterable[Agreement], kind: AgreementKind) -> date | None:
    """Return the last day an agreement of a kind holds, or None where none does."""
    held = (one.through for one in agreements if one.kind is kind and one.ended_at is None)
    return max(held, default=None)


def last_day(starts: date) -> date:
    """Return the last day of a contract: the day before its third anniversary, which is 1 March for a 29 February."""
    try:
        anniversary = starts.replace(year=starts.year + YEARS)
    except ValueError:
        anniversary = date(starts.year + YEARS, 3, 1)
    return anniversary - timedelta(days=1)


def check_move(project: Project, contract: ContractRecord, organisations: Collection[str], today: date) -> None:
    """Refuse a contract of another resource or of none of the team's organisations, one that does not run today, and a
    project that is closed.
    """
    if project.state is ProjectState.CLOSED:
        raise ContractRejected(f"{project.id} is closed.")
    if contract.resource != project.resource:
        raise ContractRejected(
            f"Contract {contract.id} is with {contract.resource}; {project.id} is of {project.resource}."
        )
    if contract.organisation not in organisations:
        message = (
            f"Contract {contract.id} is of {contract.organisation}, and nobody of the team of {project.id} works there."
        )
        raise ContractRejected(message)
    if not contract.starts <= today <= contract.ends:
        raise ContractRejected(f"Contract {contract.id} runs from {contract.starts} through {contract.ends}.")
    if project.id in contract.projects:
        raise ContractRejected(f"{project.id} works under contract {contract.id} already.")
