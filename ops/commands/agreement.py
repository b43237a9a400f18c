"""`myelin agreement …` and `myelin invoice …`: what was signed about a project, and its fee."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from core.permissions import check_may
from ops import context
from ops.show import console, show_table
from projects.agreements import of_project, permissions
from projects.agreements.errors import DocumentDamaged
from projects.agreements.models import AgreementKind
from projects.agreements.money import cents, in_words
from projects.agreements.records import agreements_of, invoices
from projects.agreements.signing.service import draw_up, withdraw
from projects.agreements.verification import verify_documents

agreements = typer.Typer(help="Agreements about a project, drawn up here or recorded from paper.", no_args_is_help=True)
fees = typer.Typer(help="Invoices: a project's fee.", no_args_is_help=True)

ProjectId = Annotated[str, typer.Argument(help="The project's id.")]
Kind = Annotated[AgreementKind, typer.Argument(help="What it is about.")]
Number = Annotated[int, typer.Argument(help="The invoice's number.")]


@agreements.command()
def record(
    project_id: ProjectId,
    kind: Kind,
    through: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day it holds.")],
    signatory: Annotated[str, typer.Option(help="Who signed for the team's organisation.")],
    document: Annotated[Path, typer.Option(help="The signed document; kept by its SHA-256.")],
) -> None:
    """Record an agreement that was signed; the project is open to its team only while it holds."""
    made = of_project.record_agreement(
        context.database(),
        context.settings(),
        context.signed_in(),
        project_id,
        kind,
        through=through.date(),
        signatory=signatory,
        document=document,
    )
    console.print(
        f"Recorded: {made.kind} of {project_id}, through {made.through}, document {made.document_sha256[:12]}…"
    )


@agreements.command()
def end(project_id: ProjectId, kind: Kind) -> None:
    """End an agreement: where the rules ask for it, the team is out within seconds."""
    of_project.end_agreement(context.database(), context.signed_in(), project_id, kind)
    console.print(f"Ended: {kind} of {project_id}.")


@agreements.command("list")
def list_agreements(project_id: ProjectId) -> None:
    """List a project's agreements."""
    check_may(context.signed_in(), permissions.CONTRACT_READ)
    with context.database().read() as connection:
        found = agreements_of(connection, project_id)
    rows = [[one.kind, one.signatory, str(one.through), "ended" if one.ended_at else ""] for one in found]
    show_table(f"Agreements of {project_id}", ["kind", "signed by", "through", ""], rows)


@agreements.command("draw-up")
def draw_up_agreement(
    project_id: ProjectId,
    signatory: Annotated[str, typer.Option(help="Who signs for the team's organisation, by user name.")],
    countersignatory: Annotated[str, typer.Option(help="Who signs for the resource, by user name.")],
) -> None:
    """Draw up the data use agreement of a project as it stands; both sign it in the portal."""
    made = draw_up(context.database(), context.settings(), context.signed_in(), project_id, signatory, countersignatory)
    console.print(f"Drawn up: agreement {made.id}, document {made.document_sha256[:12]}…")


@agreements.command("withdraw")
def withdraw_agreement(
    project_id: ProjectId, number: Annotated[int, typer.Argument(help="The agreement's number in its project.")]
) -> None:
    """Withdraw an agreement that has yet to be signed by both."""
    gone = withdraw(context.database(), context.signed_in(), project_id, number)
    console.print(f"Withdrawn: agreement {gone.id}.")


@agreements.command()
def verify() -> None:
    """Hash every document of contracts and agreements anew; fails where one is not what was recorded."""
    found = verify_documents(context.database(), context.settings(), context.signed_in())
    for belongs_to, problem in found.damaged.items():
        console.print(f"{belongs_to}: {problem}", highlight=False)
    if found.damaged:
        raise DocumentDamaged(f"{len(found.damaged)} of {found.hashed} documents are damaged.", "Restore them.")
    console.print(f"{found.hashed} documents are as they were recorded.", highlight=False)


@fees.command()
def issue(
    project_id: ProjectId,
    amount: Annotated[str, typer.Option(help="How much, such as 1500.00.")],
    due: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it is due.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
) -> None:
    """Ask for a project's fee."""
    made = of_project.issue_invoice(
        context.database(),
        context.signed_in(),
        project_id,
        amount=cents(amount),
        currency=currency,
        due_on=due.date(),
    )
    console.print(f"Issued: invoice {made.number} for {in_words(made)}, due on {made.due_on}.")


@fees.command()
def pay(
    number: Number,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it was paid.")],
    reference: Annotated[str, typer.Option(help="The payment's reference, as the bank has it.")],
) -> None:
    """Record that an invoice was paid; what is paid stays paid."""
    made = of_project.record_payment(
        context.database(), context.signed_in(), number, paid_on=on.date(), reference=reference
    )
    console.print(f"Paid: invoice {made.number} of {made.project_id}.")


@fees.command()
def cancel(number: Number) -> None:
    """Cancel an invoice that was not paid."""
    made = of_project.cancel_invoice(context.database(), context.signed_in(), number)
    console.print(f"Cancelled: invoice {made.number} of {made.project_id}.")


@fees.command("list")
def list_invoices() -> None:
    """List every invoice."""
    check_may(context.signed_in(), permissions.CONTRACT_READ)
    today = context.database().clock().date()
    with context.database().read() as connection:
        found = invoices(connection)
    rows = [
        [
            str(one.number),
            one.project_id,
            in_words(one),
            "overdue" if one.is_overdue(today) else one.state,
            str(one.due_on),
        ]
        for one in found
    ]
    show_table("Invoices", ["number", "project", "amount", "state", "due"], rows)
