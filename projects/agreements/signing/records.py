"""Agreements that are signed in the portal as they are kept: rows in, values out."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from core.database import Transaction
from core.errors import NotFound
from projects.agreements.signing.facts import AgreementFacts
from projects.agreements.signing.models import DrawnAgreement, Party, Signature, SigningAction, SigningState
from projects.agreements.signing.tables import agreement_signature, drawn_agreement


def drawn_agreements(connection: Connection, project_id: str | None = None) -> list[DrawnAgreement]:
    """Return the agreements drawn up about a project, or about all, in order of project and number."""
    query = select(drawn_agreement).order_by(drawn_agreement.c.project_id, drawn_agreement.c.number)
    signed = select(agreement_signature).order_by(agreement_signature.c.signed_at)
    if project_id is not None:
        query = query.where(drawn_agreement.c.project_id == project_id)
        signed = signed.where(agreement_signature.c.project_id == project_id)
    signatures: dict[tuple[str, int], list[Signature]] = {}
    for row in connection.execute(signed).mappings().all():
        signatures.setdefault((row["project_id"], row["number"]), []).append(_signature(dict(row)))
    rows = connection.execute(query).mappings().all()
    return [_drawn(dict(row), signatures.get((row["project_id"], row["number"]), [])) for row in rows]


def find_drawn(connection: Connection, project_id: str, number: int) -> DrawnAgreement:
    """Return one agreement; raises NotFound."""
    found = next((one for one in drawn_agreements(connection, project_id) if one.number == number), None)
    if found is None:
        raise not_found(project_id, number)
    return found


def not_found(project_id: str, number: int) -> NotFound:
    """Return the one answer for an agreement that is not there and for one that is not somebody's to see."""
    return NotFound(f"There is no agreement {project_id}.{number} here for you.", "Yours are on the agreements page.")


def insert_drawn(tx: Transaction, drawn: DrawnAgreement) -> None:
    """Keep an agreement that was just drawn up, and record it."""
    values = {one.name: getattr(drawn, one.name) for one in drawn_agreement.columns if one.name != "facts"}
    tx.execute(insert(drawn_agreement).values(**values, facts=drawn.facts.to_text()))
    facts = {"number": drawn.number, "document": drawn.document_sha256, "signatory": drawn.signatory}
    tx.record(
        "projects:agreement:draw_up",
        f"project:{drawn.project_id}",
        {**facts, "countersignatory": drawn.countersignatory},
    )


def insert_signature(tx: Transaction, drawn: DrawnAgreement, signature: Signature) -> None:
    """Keep a signature; the step it belongs to records it."""
    key = {"project_id": drawn.project_id, "number": drawn.number}
    tx.execute(insert(agreement_signature).values(**key, **signature.__dict__))


def move(tx: Transaction, drawn: DrawnAgreement, action: SigningAction, to: SigningState) -> None:
    """Bring an agreement to another state, and record by which action."""
    this = (drawn_agreement.c.project_id == drawn.project_id, drawn_agreement.c.number == drawn.number)
    tx.execute(update(drawn_agreement).where(*this).values(state=to, state_since=tx.now))
    facts = {"number": drawn.number, "document": drawn.document_sha256, "to": to}
    tx.record(f"projects:agreement:{action}", f"project:{drawn.project_id}", facts)


def end_in_force(tx: Transaction, project_id: str) -> None:
    """Bring the agreement of a project that is in force, if there is one, to its end."""
    for drawn in drawn_agreements(tx.connection, project_id):
        if drawn.state is SigningState.IN_FORCE:
            move(tx, drawn, SigningAction.END, SigningState.ENDED)


def _drawn(row: Mapping[str, Any], signatures: list[Signature]) -> DrawnAgreement:
    state, facts = SigningState(row["state"]), AgreementFacts.model_validate_json(row["facts"])
    return DrawnAgreement(**{**row, "state": state, "facts": facts}, signatures=tuple(signatures))


def _signature(row: Mapping[str, Any]) -> Signature:
    fields = {name: value for name, value in row.items() if name not in ("project_id", "number")}
    return Signature(**{**fields, "party": Party(row["party"])})
