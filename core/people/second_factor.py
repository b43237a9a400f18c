"""Who signs in with a second factor: whose roles ask for it, and whoever a room's rules ask it of.

Asked at every door when somebody signs in, and again at each request of a session that was opened without one, so that
a role or a project that comes later counts at once.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from core.errors import Refused
from core.people.models import Person
from core.settings import Settings

Demand = Callable[[Connection, str], bool]
"""Tells whether a room's rules ask a second factor of somebody, by user name."""

_demands: list[Demand] = []


class SecondFactorMissing(Refused):
    """Somebody signed in without the second factor that is asked of them."""

    def __init__(self) -> None:
        message = "You signed in without a second factor, and your roles or your projects ask for one."
        super().__init__(message, "Sign in again, and confirm it with a code, a key or a phone.")


def register(demand: Demand) -> None:
    """Add what a room's rules ask to the house's one list."""
    _demands.append(demand)


def is_asked(connection: Connection, settings: Settings, person: Person) -> bool:
    """Tell whether somebody has to sign in with a second factor, as things stand in this transaction."""
    by_role = bool(person.roles & settings.roles_with_second_factor)
    return by_role or any(demand(connection, person.username) for demand in _demands)


def check_second_factor(connection: Connection, settings: Settings, person: Person, *, used: bool) -> None:
    """Refuse a sign-in without a second factor of somebody it is asked of; raises SecondFactorMissing."""
    if not used and is_asked(connection, settings, person):
        raise SecondFactorMissing
