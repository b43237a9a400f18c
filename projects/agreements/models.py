"""Contracts, agreements and invoices: immutable values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

YEARS = 3
"""How long an industry contract runs."""


class AgreementKind(StrEnum):
    """What an agreement is about."""

    DATA_USE = "data_use"
    COMMERCIAL = "commercial"

    @property
    def in_words(self) -> str:
        """The kind as people say it."""
        return self.replace("_", " ")


class InvoiceAction(StrEnum):
    """What operations do with an invoice."""

    PAY = "pay"
    CANCEL = "cancel"


class InvoiceState(StrEnum):
    """What became of an invoice."""

    ISSUED = "issued"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Agreement:
    """A signed agreement about one project, and the last day it holds, in UTC."""

    project_id: str
    kind: AgreementKind
    through: date
    signatory: str
    document_sha256: str
    recorded_by: str
    recorded_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Invoice:
    """The fee of one project: what was asked for, and what became of it."""

    number: int
    project_id: str
    amount: int
    """In the currency's smallest unit: cents."""
    currency: str
    state: InvoiceState
    issued_by: str
    issued_at: datetime
    due_on: date
    paid_on: date | None = None
    reference: str | None = None
    paid_by: str | None = None
    """Who recorded the payment: not who issued it."""

    def is_overdue(self, today: date) -> bool:
        """Tell whether it waits for its payment past the day it was due."""
        return self.state is InvoiceState.ISSUED and today > self.due_on


@dataclass(frozen=True)
class SignedContract:
    """A signed contract of an organisation with a resource; both days belong to it, in UTC."""

    id: str
    resource: str
    organisation: str
    starts: date
    ends: date
    signatory: str
    document_sha256: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True)
class ContractRecord(SignedContract):
    """A signed contract, and what works under it."""

    projects: tuple[str, ...] = ()
    """The projects that work under it now."""
