"""Rights that end: what a person or a project must hold to use data, and the last day each holds.

Whatever keeps one (training, a declaration, an agreement, a fee, a contract, an ethics approval, the project itself)
says so as a `Right`. They are put together, and judged, where access is decided.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class RightKind(StrEnum):
    """What somebody must hold."""

    ACCOUNT = "account"
    MEMBERSHIP = "membership"
    TRAINING = "training"
    DECLARATION = "declaration"
    SECOND_FACTOR = "second_factor"
    PROJECT = "project"
    ETHICS = "ethics"
    AGREEMENT = "agreement"
    FEE = "fee"
    CONTRACT = "contract"


@dataclass(frozen=True)
class Right:
    """One right and how long it holds: through the whole of its last day, in UTC."""

    kind: RightKind
    subject: str
    """Whose it is, as the audit log names it: `person:rosa`, `project:cis-spinal`, `contract:acme-1`."""
    through: date | None
    """The last day it holds; None where it does not hold at all."""
    words: str
    """What it is, in a sentence's words: "training in research data protection"."""
    renewal: str
    """What to do so that it holds (again), as a sentence."""

    def holds(self, today: date) -> bool:
        """Tell whether it holds on a day."""
        return self.through is not None and today <= self.through

    def days_left(self, today: date) -> int:
        """Return after how many days it ends: 0 on its last day, below 0 where it does not hold."""
        return (self.through - today).days if self.through else -1
