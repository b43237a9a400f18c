"""Contracts: immutable values."""

from dataclasses import dataclass
from datetime import date, datetime

YEARS = 3
"""How long an industry contract runs."""


@dataclass(frozen=True)
class ContractRecord:
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
    projects: tuple[str, ...] = ()
    """The projects that work under it now."""
