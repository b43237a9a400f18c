"""What people declared, and what they are asked to declare: immutable values."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from projects.resource_rules.models import AskedDeclaration


@dataclass(frozen=True)
class Declared:
    """A text somebody declared, word for word, and when; how long it counts is what the rules say that ask for it."""

    username: str
    sha256: str
    id: str
    title: str
    text: str
    declared_at: datetime

    def through(self, days: int) -> date:
        """Return the last day it counts, in UTC: so many days after the one it was made on."""
        return self.declared_at.date() + timedelta(days=days)


@dataclass(frozen=True)
class Asked:
    """A declaration as somebody is asked for it: by which resources' rules, and for which of their projects."""

    declaration: AskedDeclaration
    resources: tuple[str, ...]
    projects: tuple[str, ...]
    """Their projects that are closed to them without it; none where they can make it ahead."""
    through: date | None
    """The last day it holds, or held; None where they never made it."""
