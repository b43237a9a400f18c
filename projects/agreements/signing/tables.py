"""Tables of agreements that are signed in the portal, and the walls behind their policy."""
# ruff: noqa: S608  (triggers can't be given parameters; they are put together from constants of ours)

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, ForeignKeyConstraint, Integer, String, Table, Text

import projects.tables  # noqa: F401  (an agreement is about a project, and nobody of its team countersigns it)
from core.database import UtcDateTime, metadata
from core.guards import append_only, immutable, refuse
from projects.agreements.signing.models import Party, SigningAction, SigningState
from projects.agreements.signing.policy import SIGNS, TRANSITIONS
from projects.agreements.tables import agreement

drawn_agreement = Table(
    "drawn_agreement",
    metadata,
    Column("project_id", String(31), ForeignKey("project.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(10), nullable=False),
    Column("state_since", UtcDateTime, nullable=False),
    Column("through", Date, nullable=False),
    Column("facts", Text, nullable=False),
    Column("substance_sha256", String(64), nullable=False),
    Column("document_sha256", String(64), nullable=False, index=True),
    Column("signatory", String(31), ForeignKey("person.username"), nullable=False, index=True),
    Column("countersignatory", String(31), ForeignKey("person.username"), nullable=False, index=True),
    Column("drawn_by", String(31), ForeignKey("person.username"), nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    CheckConstraint("signatory <> countersignatory", name="two_people"),
)

agreement_signature = Table(
    "agreement_signature",
    metadata,
    Column("project_id", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("party", String(10), primary_key=True),
    Column("username", String(31), ForeignKey("person.username"), nullable=False),
    Column("typed_name", String(200), nullable=False),
    Column("words", Text, nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["project_id", "number"], ["drawn_agreement.project_id", "drawn_agreement.number"]),
    CheckConstraint("party IN ('applicant', 'resource')", name="party"),
)

append_only(agreement_signature)
immutable(
    drawn_agreement,
    [column.name for column in drawn_agreement.columns if column.name not in ("state", "state_since")],
)

_IN_FORCE_OPS = (
    "EXISTS (SELECT 1 FROM role_grant WHERE username = {who} AND role = 'ops' "
    "AND confirmed_at IS NOT NULL AND revoked_at IS NULL)"
)

refuse(
    drawn_agreement,
    "birth",
    "INSERT",
    f"NEW.state <> '{SigningState.DRAFTED}' "
    "OR NEW.number <> 1 + (SELECT count(*) FROM drawn_agreement WHERE project_id = NEW.project_id)",
    "an agreement starts unsigned, and those of a project are numbered without gaps",
)
refuse(
    drawn_agreement,
    "one_open",
    "INSERT",
    "EXISTS (SELECT 1 FROM drawn_agreement WHERE project_id = NEW.project_id "
    f"AND state IN ('{SigningState.DRAFTED}', '{SigningState.SIGNED}'))",
    "a project has one agreement at a time that waits to be signed",
)
refuse(
    drawn_agreement,
    "signers",
    "INSERT",
    f"{_IN_FORCE_OPS.format(who='NEW.signatory')} OR EXISTS (SELECT 1 FROM membership "
    "WHERE project_id = NEW.project_id AND username = NEW.countersignatory)",
    "operations do not sign for an applicant, nor anybody of the team for the resource",
)
_along = " OR ".join(f"OLD.state = '{step.state}' AND NEW.state = '{step.to}'" for step in TRANSITIONS)
refuse(
    drawn_agreement,
    "state",
    "UPDATE",
    f"NEW.state <> OLD.state AND NOT ({_along})",
    "an agreement moves along its states only",
)


def _unsigned(step_to: SigningState, party: Party) -> str:
    return (
        f"(NEW.state = '{step_to}' AND NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM agreement_signature "
        f"WHERE project_id = NEW.project_id AND number = NEW.number AND party = '{party}'))"
    )


refuse(
    drawn_agreement,
    "signed",
    "UPDATE",
    " OR ".join(_unsigned(step.to, SIGNS[step.action]) for step in TRANSITIONS if step.action in SIGNS),
    "an agreement is signed by a signature of the party whose turn it is",
)


def _turn(action: SigningAction, column: str) -> str:
    state = next(step.state for step in TRANSITIONS if step.action is action)
    return f"NEW.party = '{SIGNS[action]}' AND state = '{state}' AND {column} = NEW.username"


refuse(
    agreement_signature,
    "turn",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM drawn_agreement WHERE project_id = NEW.project_id AND number = NEW.number "
    f"AND document_sha256 = NEW.document_sha256 AND ({_turn(SigningAction.SIGN, 'signatory')} "
    f"OR {_turn(SigningAction.COUNTERSIGN, 'countersignatory')}))",
    "an agreement is signed by whoever is named for it, in turn, and for the document it has",
)
refuse(
    agreement_signature,
    "not_operations",
    "INSERT",
    f"NEW.party = '{Party.APPLICANT}' AND {_IN_FORCE_OPS.format(who='NEW.username')}",
    "operations do not sign for an applicant",
)
refuse(
    agreement,
    "both_signed",
    "INSERT",
    "EXISTS (SELECT 1 FROM drawn_agreement WHERE project_id = NEW.project_id "
    f"AND document_sha256 = NEW.document_sha256 AND state <> '{SigningState.IN_FORCE}')",
    "an agreement that was drawn up holds once both have signed it",
)
