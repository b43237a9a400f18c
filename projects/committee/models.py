"""What members of the committee say of an application, and what a body of them decided: immutable values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Word(StrEnum):
    """A member's word on an application."""

    APPROVE = "approve"
    DECLINE = "decline"


@dataclass(frozen=True)
class Interest:
    """What a member declared of their interests in an application; the newest counts."""

    username: str
    conflict: bool
    words: str
    declared_at: datetime


@dataclass(frozen=True)
class Vote:
    """One member's vote in one round of an application, for one body."""

    body: str
    username: str
    word: Word
    reason: str
    conditions: str
    voted_at: datetime
    declined: Mapping[str, str] = field(default_factory=dict)
    """Variable, as dataset.table.variable → why it is not given."""


@dataclass(frozen=True)
class BodyDecision:
    """What a body decided in one round, and of which variables."""

    body: str
    approved: bool
    decided_at: datetime
    lapsed: bool = False
    """Whether it did not decide in time, and the others went on without it: its data are not given."""


@dataclass(frozen=True)
class Round:
    """One submission before the committee, or its appeal."""

    submission: int
    is_appeal: bool


@dataclass(frozen=True)
class Deliberation:
    """Where the committee stands with an application in one round."""

    round: Round
    interests: Mapping[str, Interest]
    votes: tuple[Vote, ...]
    decisions: tuple[BodyDecision, ...]
    return_note: str = ""
    """What is to be changed, where the submission was returned."""
    appeal: str = ""
    """Why the applicants appeal, where they do."""
    earlier_voters: frozenset[str] = frozenset()
    """Who voted on what is appealed against."""

    def votes_of(self, body: str) -> tuple[Vote, ...]:
        """Return a body's votes, oldest first."""
        return tuple(vote for vote in self.votes if vote.body == body)

    def decision_of(self, body: str) -> BodyDecision | None:
        """Return what a body decided, or None."""
        return next((one for one in self.decisions if one.body == body), None)
