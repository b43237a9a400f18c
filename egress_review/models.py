"""Release requests: their states, their files, and what checkers said of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core import canonical
from core.files import sha256_bytes


class State(StrEnum):
    """Where a release request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PARTLY_REVIEWED = "partly_reviewed"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    RELEASED = "released"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What moves a release request from one state to the next."""

    SUBMIT = "submit"
    REVIEW = "review"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    RELEASE = "release"
    WITHDRAW = "withdraw"


class Part(StrEnum):
    """What somebody is to one release request."""

    AUTHOR = "author"
    TEAM = "team"
    CHECKER = "checker"
    OTHER = "other"


class Verdict(StrEnum):
    """What a checker says of one file."""

    APPROVE = "approve"
    CHANGE = "change"
    REJECT = "reject"


class Audience(StrEnum):
    """Who a checker's comment is for: the other checkers, or the team once the request is decided."""

    CHECKERS = "checkers"
    TEAM = "team"


@dataclass(frozen=True)
class RequestFile:
    """One file of a round: its place in it from 1, its hash, its size in bytes."""

    number: int
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Vote:
    """What one checker said of one file of one round."""

    round: int
    file_number: int
    checker: str
    verdict: Verdict
    at: datetime


@dataclass(frozen=True)
class Comment:
    """What a checker wrote, about one file or about the whole round (`file_number` None)."""

    id: str
    round: int
    file_number: int | None
    author: str
    audience: Audience
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True)
class ReleaseRequest:
    """A request as its current round stands: no text of the team's, only hashes, sizes, times and votes.

    `team` is everybody who ever was a member of the project; `checkers` everybody who voted on this round and is an
    output checker still.
    """

    id: str
    project_id: str
    author: str
    state: State
    round: int
    submitted_at: datetime
    text_ref: str
    files: tuple[RequestFile, ...]
    votes: tuple[Vote, ...]
    team: frozenset[str]
    checkers: frozenset[str]

    @property
    def voters(self) -> frozenset[str]:
        """Checkers who have spoken on this round."""
        return frozenset(vote.checker for vote in self.votes)

    @property
    def bytes(self) -> int:
        """Size of this round's files together."""
        return sum(file.bytes for file in self.files)

    @property
    def under_review(self) -> bool:
        """Whether checkers are still to speak, each without knowing what another said."""
        return self.state in UNDER_REVIEW

    @property
    def version(self) -> str:
        """What a decision is made on: round, state, and every byte and word of the round.

        One checker's review does not change what another, still blind to it, has before them, so the states
        under review count as one.
        """
        phase = "under_review" if self.under_review else self.state
        content = [[file.number, file.sha256] for file in self.files]
        seen = {"request": self.id, "round": self.round, "phase": phase, "files": content, "text": self.text_ref}
        return sha256_bytes(canonical.dumps(seen))[:32]


UNDER_REVIEW = frozenset({State.SUBMITTED, State.PARTLY_REVIEWED})
HELD_FOR_REVIEW = frozenset({State.SUBMITTED, State.PARTLY_REVIEWED, State.REVIEWED, State.APPROVED})
"""States in which checkers have something to do."""

Verdicts = Mapping[int, Verdict]
"""One checker's word on every file of a round, by file number."""
