"""An agreement on its way from its drawing up to its end: immutable values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from projects.agreements.signing.facts import AgreementFacts


class SigningState(StrEnum):
    """How far an agreement has come."""

    DRAFTED = "drafted"
    SIGNED = "signed"
    IN_FORCE = "in_force"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class Party(StrEnum):
    """Whose step it is: of the two that sign, or of operations, who see to it."""

    APPLICANT = "applicant"
    RESOURCE = "resource"
    OPERATIONS = "operations"


class SigningAction(StrEnum):
    """What is done with an agreement."""

    SIGN = "sign"
    COUNTERSIGN = "countersign"
    WITHDRAW = "withdraw"
    END = "end"


@dataclass(frozen=True)
class SigningTransition:
    """From this state, this action of this party leads to that one."""

    state: SigningState
    action: SigningAction
    party: Party
    to: SigningState


@dataclass(frozen=True)
class Signature:
    """Who signed which bytes for which party, when, and what they said by it."""

    party: Party
    username: str
    typed_name: str
    words: str
    document_sha256: str
    signed_at: datetime


@dataclass(frozen=True)
class SignedByTyping:
    """What somebody enters to sign: their name, that they ticked the words, and which document they were shown."""

    name: str
    agreed: bool
    document_sha256: str


@dataclass(frozen=True)
class DrawnAgreement:
    """A data use agreement that the house drew up, and how far it is."""

    project_id: str
    number: int
    state: SigningState
    state_since: datetime
    through: date
    """The last day it holds once it is in force, in UTC: its project's."""
    facts: AgreementFacts
    substance_sha256: str
    document_sha256: str
    signatory: str
    countersignatory: str
    drawn_by: str
    drawn_at: datetime
    signatures: tuple[Signature, ...] = ()

    @property
    def id(self) -> str:
        """How the audit log and pages name it."""
        return f"{self.project_id}.{self.number}"

    @property
    def is_open(self) -> bool:
        """Whether somebody has yet to sign it."""
        return self.state in (SigningState.DRAFTED, SigningState.SIGNED)

    def signature(self, party: Party) -> Signature | None:
        """Return a party's signature, or None."""
        return next((one for one in self.signatures if one.party == party), None)
