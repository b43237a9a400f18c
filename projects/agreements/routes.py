"""Pages of agreements and fees: what is signed and paid, signing, and what operations record."""

from datetime import date

from fastapi import APIRouter
from fastapi.responses import Response

from core.errors import InvalidInput
from core.web.visit import SignedIn, Visit
from projects.agreements import of_project
from projects.agreements.errors import SigningRejected
from projects.agreements.models import AgreementKind
from projects.agreements.money import cents
from projects.agreements.pages import (
    agreement_page,
    agreements_page,
    project_agreements,
    signers_to_choose,
    to_settle,
)
from projects.agreements.signing.models import SignedByTyping, SigningState
from projects.agreements.signing.service import document_for, draw_up, sign, withdraw

router = APIRouter()


@router.get("/agreements")
def agreements(visit: SignedIn) -> Response:
    """List what waits for the person's signature, and what was signed and paid that they may see."""
    return visit.show("projects/agreements/list.html", page=agreements_page(visit.database, visit.person))


@router.get("/agreements/{project_id}")
def of_one_project(visit: SignedIn, project_id: str) -> Response:
    """Show what a project signed and paid, and what operations can do about it."""
    shown = project_agreements(visit.database, visit.person, project_id)
    signers = signers_to_choose(visit.database, shown.project) if shown.may_draw_up else ([], [])
    return visit.show("projects/agreements/project.html", shown=shown, signers=signers)


@router.post("/agreements/{project_id}/draw-up")
def draw_up_agreement(visit: SignedIn, project_id: str) -> Response:
    """Draw up the agreement of a project as it stands now, and name who signs it."""
    project_agreements(visit.database, visit.person, project_id)
    names = visit.form.get("signatory", "").strip(), visit.form.get("countersignatory", "")
    made = draw_up(visit.database, visit.settings, visit.person, project_id, *names)
    return visit.go(f"/agreements/{project_id}/{made.number}", "The agreement is drawn up, and its signatory told.")


@router.get("/agreements/{project_id}/{number}")
def agreement(visit: SignedIn, project_id: str, number: int) -> Response:
    """Show one agreement: the document, who signed, and the form to whoever signs now."""
    return _agreement(visit, project_id, number)


@router.get("/agreements/{project_id}/{number}/agreement.pdf")
def document(visit: SignedIn, project_id: str, number: int) -> Response:
    """Give the document, hashed anew; one that is not what was recorded is not given."""
    content = document_for(visit.database, visit.settings, visit.person, project_id, number)
    headers = {"Content-Disposition": f'inline; filename="{project_id}-agreement-{number}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@router.post("/agreements/{project_id}/{number}/sign")
def sign_agreement(visit: SignedIn, project_id: str, number: int) -> Response:
    """Sign as the party whose turn it is, or say what the signature lacks."""
    form = visit.form
    typed = SignedByTyping(form.get("name", ""), form.get("agreed") == "yes", form.get("document", ""))
    try:
        signed = sign(visit.database, visit.settings, visit.person, project_id, number, typed)
    except SigningRejected as refusal:
        return _agreement(visit, project_id, number, refusal, typed.name)
    in_force = signed.state is SigningState.IN_FORCE
    said = "It is in force." if in_force else "The other party is told that it is their turn."
    return visit.go(f"/agreements/{project_id}/{number}", f"You have signed. {said}")


@router.post("/agreements/{project_id}/{number}/withdraw")
def withdraw_agreement(visit: SignedIn, project_id: str, number: int) -> Response:
    """Withdraw an agreement that has yet to be signed."""
    withdraw(visit.database, visit.person, project_id, number)
    return visit.go(f"/agreements/{project_id}", "The agreement is withdrawn. Another can be drawn up.")


@router.post("/agreements/{project_id}/end")
def end(visit: SignedIn, project_id: str) -> Response:
    """End the agreement of a project that is in force."""
    project_agreements(visit.database, visit.person, project_id)
    of_project.end_agreement(visit.database, visit.person, project_id, AgreementKind.DATA_USE)
    return visit.go(f"/agreements/{project_id}", "The agreement has ended. Where it is asked for, the team is out.")


@router.post("/agreements/{project_id}/invoices")
def issue(visit: SignedIn, project_id: str) -> Response:
    """Ask for a project's fee."""
    project_agreements(visit.database, visit.person, project_id)
    currency = visit.form.get("currency", "EUR").strip().upper()
    amount, due_on = cents(visit.form.get("amount", "")), _day(visit, "due_on")
    made = of_project.issue_invoice(
        visit.database, visit.person, project_id, amount=amount, currency=currency, due_on=due_on
    )
    return visit.go(
        f"/agreements/{project_id}", f"Invoice {made.number} is issued. Another person records its payment."
    )


@router.post("/agreements/{project_id}/invoices/{number}/pay")
def pay(visit: SignedIn, project_id: str, number: int) -> Response:
    """Record that an invoice was paid."""
    to_settle(visit.database, visit.person, project_id, number)
    reference, paid_on = visit.form.get("reference", ""), _day(visit, "paid_on")
    of_project.record_payment(visit.database, visit.person, number, paid_on=paid_on, reference=reference)
    return visit.go(f"/agreements/{project_id}", f"Invoice {number} is paid.")


@router.post("/agreements/{project_id}/invoices/{number}/cancel")
def cancel(visit: SignedIn, project_id: str, number: int) -> Response:
    """Cancel an invoice that was not paid."""
    to_settle(visit.database, visit.person, project_id, number)
    of_project.cancel_invoice(visit.database, visit.person, number)
    return visit.go(f"/agreements/{project_id}", f"Invoice {number} is cancelled.")


def _agreement(
    visit: Visit, project_id: str, number: int, refusal: SigningRejected | None = None, typed: str = ""
) -> Response:
    page = agreement_page(visit.database, visit.person, project_id, number)
    status = refusal.status if refusal else 200
    return visit.show("projects/agreements/agreement.html", status, page=page, refusal=refusal, typed=typed)


def _day(visit: Visit, field: str) -> date:
    try:
        return date.fromisoformat(visit.form.get(field, ""))
    except ValueError as error:
        raise InvalidInput("Give the day, such as 2026-06-01.") from error
