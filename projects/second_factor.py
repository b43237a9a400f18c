"""The second factor, where a resource's rules ask for it: of whom, and the right that a sign-in with one gives."""

from datetime import datetime

from sqlalchemy import Connection

from core.people.second_factor import register
from core.people.sessions import has_second_factor
from projects.asking import rules_asking
from projects.rights import Right, RightKind


def second_factor_right(connection: Connection, username: str, now: datetime) -> Right:
    """Return the right that an open session with a second factor gives, at any door: it holds while one is open."""
    through = now.date() if has_second_factor(connection, username, now) else None
    words, renewal = f"a sign-in with a second factor by {username}", "They sign in again, and use it."
    return Right(RightKind.SECOND_FACTOR, f"person:{username}", through, words, renewal)


def asks_second_factor(connection: Connection, username: str) -> bool:
    """Tell whether the rules of any project of somebody ask for a second factor."""
    return any(rules.people.second_factor for rules, _ in rules_asking(connection, username))


register(asks_second_factor)
