"""Agreements about one project and its fee: recorded by operations, asked for by the live gates."""

from datetime import date
from pathlib import Path

from sqlalchemy import insert, update

from core.database import Database
from core.errors import InvalidInput, NotFound
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from projects.agreements import permissions
from projects.agreements.models import Agreement, AgreementKind, Invoice, InvoiceAction, InvoiceState
from projects.agreements.policy import check_step, check_two_people
from projects.agreements.records import agreements_of, end_agreements, find_invoice, insert_agreement, invoices
from projects.agreements.signing.records import end_in_force
from projects.agreements.store import keep_file
from projects.agreements.tables import invoice
from projects.records import find_project


def record_agreement(
    database: Database,
    settings: Settings,
    actor: Person,
    project_id: str,
    kind: AgreementKind,
    *,
    through: date,
    signatory: str,
    document: Path,
) -> Agreement:
    """Record an agreement about a project that was signed, with the last day it holds; its document is kept.

    Raises NotFound where there is no such project, InvalidInput where nobody signed or the document can not be read.
    """
    check_may(actor, permissions.AGREEMENT_RECORD)
    if not signatory.strip():
        raise InvalidInput("Say who signed for the team's organisation.")
    sha256 = keep_file(settings, document)
    with database.write(actor) as tx:
        find_project(tx.connection, project_id)
        insert_agreement(
            tx,
            project_id,
            kind,
            through=through,
            signatory=signatory.strip()[:200],
            document_sha256=sha256,
            recorded_by=actor.username,
        )
        return agreements_of(tx.connection, project_id)[-1]


def end_agreement(database: Database, actor: Person, project_id: str, kind: AgreementKind) -> None:
    """End every agreement of a kind about a project: nobody of the team gets in from now on where it is asked for."""
    check_may(actor, permissions.AGREEMENT_RECORD)
    with database.write(actor) as tx:
        if not end_agreements(tx, project_id, kind):
            raise NotFound(f"{project_id} has no {kind.in_words} agreement.")
        if kind is AgreementKind.DATA_USE:
            end_in_force(tx, project_id)
        tx.record("projects:agreement:end", f"project:{project_id}", {"kind": kind})


def issue_invoice(
    database: Database, actor: Person, project_id: str, *, amount: int, currency: str, due_on: date
) -> Invoice:
    """Ask for a project's fee; the amount, in the currency's smallest unit, depends on the nature of the work."""
    check_may(actor, permissions.INVOICE_ISSUE)
    if amount <= 0 or not (currency.isascii() and currency.isupper() and len(currency) == 3):
        raise InvalidInput("An invoice has an amount above nothing, and a currency by its ISO 4217 code, such as EUR.")
    with database.write(actor) as tx:
        find_project(tx.connection, project_id)
        number = 1 + len(invoices(tx.connection))
        asked = {"project_id": project_id, "amount": amount, "currency": currency, "due_on": due_on}
        issued = {"state": InvoiceState.ISSUED, "issued_by": actor.username, "issued_at": tx.now}
        tx.execute(insert(invoice).values(number=number, **asked, **issued))
        tx.record("projects:invoice:issue", f"project:{project_id}", {"invoice": number})
        return find_invoice(tx.connection, number)


def record_payment(database: Database, actor: Person, number: int, *, paid_on: date, reference: str) -> Invoice:
    """Record that an invoice was paid, and by which reference of the bank's; what is paid stays paid.

    Raises PaymentRefused for whoever issued it: it takes two people.
    """
    if not reference.strip():
        raise InvalidInput("Give the payment's reference, as the bank has it.")
    paid = {"paid_on": paid_on, "reference": reference.strip()[:200], "paid_by": actor.username}
    return _settle(database, actor, number, InvoiceAction.PAY, paid)


def cancel_invoice(database: Database, actor: Person, number: int) -> Invoice:
    """Cancel an invoice that was not paid."""
    return _settle(database, actor, number, InvoiceAction.CANCEL, {})


def _settle(
    database: Database, actor: Person, number: int, action: InvoiceAction, values: dict[str, object]
) -> Invoice:
    check_may(actor, permissions.INVOICE_SETTLE)
    with database.write(actor) as tx:
        found = find_invoice(tx.connection, number)
        to = check_step(found, action)
        if to is InvoiceState.PAID:
            check_two_people(found, actor.username)
        tx.execute(update(invoice).where(invoice.c.number == number).values(state=to, **values))
        tx.record(f"projects:invoice:{action}", f"project:{found.project_id}", {"invoice": number})
        return find_invoice(tx.connection, number)
