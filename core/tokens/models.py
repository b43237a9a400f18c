"""Tokens of the API: immutable values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class TokenScope(StrEnum):
    """What a token is for."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class ApiToken:
    """A token as it is kept: whose it is and what for; of the token itself only its hash is there."""

    id: str
    username: str
    name: str
    """What its owner calls it, such as the program that uses it."""
    scope: TokenScope
    days: int
    made_at: datetime
    second_factor: bool = False
    """Whether it was made in a session that began with a second factor."""
    last_used_at: datetime | None = None
    """The last use, to the hour."""
    ended_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        """When it ends by itself."""
        return self.made_at + timedelta(days=self.days)

    def counts(self, now: datetime) -> bool:
        """Tell whether it is taken at a moment: not ended, and its days not over."""
        return self.ended_at is None and now < self.expires_at
