"""Effects: what is to be done outside of the database, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an effect is."""

    MAIL = "mail"


class Failure(StrEnum):
    """Why a try failed: a kind of error of ours, never the words of whoever refused."""

    UNREACHABLE = "server not reachable"
    UNTRUSTED = "not encrypted, or by a certificate that is not trusted"
    LOGIN = "login refused, or password not given"
    SENDER = "sender refused"
    POSTPONED = "refused for now"
    REFUSED = "refused for good"
    RECIPIENT = "recipient closed or without a valid address"
    WORDS = "template unknown or changed"
    UNFINISHED = "no try came to an end"
    DEFECT = "a defect of ours"


class State(StrEnum):
    """Where an effect stands."""

    WAITING = "waiting"
    UNDER_WAY = "under way"
    DONE = "done"
    GIVEN_UP = "given up"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Effect:
    """One effect for one person, as the outbox keeps it."""

    id: str
    key: str
    kind: Kind
    recipient: str
    payload: Mapping[str, Any]
    """What the effect is made of: a mail's template and fields. No secret is among them."""
    created_at: datetime
    due_at: datetime
    attempts: int
    next_attempt_at: datetime
    leased_until: datetime | None
    """Until when whoever tries it has it for themselves."""
    last_failure: Failure | None
    done_at: datetime | None
    given_up_at: datetime | None
    cancelled_at: datetime | None

    def state_at(self, now: datetime) -> State:
        """Tell where this effect stands at a moment."""
        if self.done_at:
            return State.DONE
        if self.cancelled_at:
            return State.CANCELLED
        if self.given_up_at:
            return State.GIVEN_UP
        return State.UNDER_WAY if self.leased_until and self.leased_until > now else State.WAITING
