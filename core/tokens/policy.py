"""Rules about tokens of the API: facts in, refusal out."""

from collections.abc import Collection
from datetime import datetime, timedelta

from core.errors import InvalidInput, Refused
from core.tokens.models import ApiToken

LONGEST_DAYS = 30
"""How long a token holds at most: a forgotten one ends within a month."""

MOST_AT_ONCE = 20
"""Tokens one person may have at the same time."""

LONGEST_NAME = 200

NOTED_EVERY = timedelta(hours=1)
"""How long after a use another one is not noted."""


def check_make(name: str, days: int, mine: Collection[ApiToken], now: datetime) -> None:
    """Refuse a token without a name, for too many days, or one more than a person may have."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        hint = f"Name the program that uses it, in one line of at most {LONGEST_NAME} characters."
        raise InvalidInput("A token has a name.", hint)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"A token holds for 1 to {LONGEST_DAYS} days.", "Make the next one when it ends.")
    if sum(one.counts(now) for one in mine) >= MOST_AT_ONCE:
        raise Refused(f"You have {MOST_AT_ONCE} tokens that count.", "End those you do not use.")


def is_to_note(token: ApiToken, now: datetime) -> bool:
    """Tell whether a use of a token is to be noted."""
    return token.last_used_at is None or now - token.last_used_at >= NOTED_EVERY
