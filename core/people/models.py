"""People and the parts of the system that act in their stead."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.errors import InvalidInput

SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST_SLUG = 31


class Role(StrEnum):
    """What somebody may do in this installation, beside their place in project teams."""

    OPS = "ops"
    DATA_MANAGER = "data_manager"
    DAC_MEMBER = "dac_member"
    CHECKER = "checker"
    AUDITOR = "auditor"


class Sector(StrEnum):
    """What kind of organisation somebody works for."""

    ACADEMIC = "academic"
    PHARMACEUTICAL = "pharmaceutical"
    OTHER_COMPANY = "other company"
    PUBLIC_BODY = "public body"
    NONE = "none"


def check_slug(text: str, what: str) -> str:
    """Return the text where it is a slug: lower-case letters, digits and single hyphens; raises InvalidInput."""
    if len(text) > LONGEST_SLUG or not SLUG.fullmatch(text):
        hint = f"Use up to {LONGEST_SLUG} lower-case letters, digits and single hyphens, a letter first."
        raise InvalidInput(f"{text!r} is no {what}.", hint)
    return text


@dataclass(frozen=True)
class Person:
    """Somebody with an account, known to the sign-in provider by issuer and subject."""

    username: str
    name: str
    email: str
    issuer: str
    subject: str
    active: bool = True
    roles: frozenset[Role] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        check_slug(self.username, "user name")

    @property
    def audit_name(self) -> str:
        """How the audit log names this person."""
        return f"person:{self.username}"


@dataclass(frozen=True)
class SystemActor:
    """A part of the system acting by itself."""

    part: Literal["worker", "hub", "egress", "portal", "cli", "setup"]

    @property
    def audit_name(self) -> str:
        """How the audit log names this part."""
        return f"system:{self.part}"


@dataclass(frozen=True)
class Session:
    """A sign-in: at which door, since when, until when at the latest, and whether it took a second factor."""

    id: str
    """The hash of its token: it names the session and opens nothing."""
    kind: str
    opened_at: datetime
    expires_at: datetime
    second_factor: bool
    ended_at: datetime | None


@dataclass(frozen=True)
class Affiliation:
    """Where somebody works, as operations recorded it; the newest counts."""

    username: str
    organisation: str
    sector: Sector
    recorded_by: str
    since: datetime


@dataclass(frozen=True)
class RoleGrant:
    """A role given or proposed: the checker's role takes effect when a second person confirms it."""

    id: str
    username: str
    role: Role
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    revoked_by: str | None = None
    revoked_at: datetime | None = None

    @property
    def in_force(self) -> bool:
        """Whether the role counts now."""
        return self.confirmed_at is not None and self.revoked_at is None

    @property
    def waits(self) -> bool:
        """Whether a second person is still to confirm it."""
        return self.confirmed_at is None and self.revoked_at is None
