"""When an effect is tried, how long it waits after a failure, and when it is given up."""

from datetime import datetime, timedelta

from core.outbox.errors import Settled
from core.outbox.models import Effect, Failure, State

LEASE = timedelta(minutes=10)
"""How long whoever takes an effect has it for themselves; longer than a try lasts, as every answer of a mail server is
waited for at most `core.outbox.mail.ANSWER_SECONDS`."""

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 26
"""With these waits the last try comes four days and eight hours after the first; RFC 5321, 4.5.4.1, asks for 4-5."""

FOR_GOOD = frozenset({Failure.REFUSED, Failure.RECIPIENT, Failure.WORDS, Failure.UNFINISHED})
"""Failures that trying again does not mend."""

OF_THE_SERVER = frozenset({Failure.UNREACHABLE, Failure.UNTRUSTED, Failure.LOGIN, Failure.SENDER})
"""Failures that whatever is tried next would meet as well."""


def wait_after(attempts: int) -> timedelta:
    """Return how long an effect waits after this many tries: twice as long each time, up to LONGEST_WAIT."""
    return min(FIRST_WAIT * (1 << min(attempts, MOST_ATTEMPTS) - 1), LONGEST_WAIT)


def is_given_up(failure: Failure, attempts: int) -> bool:
    """Tell whether a failure after this many tries is the last one."""
    return failure in FOR_GOOD or attempts >= MOST_ATTEMPTS


def can_retry(effect: Effect, now: datetime) -> bool:
    """Tell whether an effect failed and nobody is trying it."""
    state = effect.state_at(now)
    return state is State.GIVEN_UP or (state is State.WAITING and effect.attempts > 0)


def check_retry(effect: Effect, now: datetime) -> None:
    """Refuse another try of what did not fail, or is under way, done or cancelled; raises Settled."""
    if not can_retry(effect, now):
        hint = "`myelin outbox list` shows what failed; that can be tried again."
        raise Settled(f"This effect is {effect.state_at(now)} and has nothing to be tried again.", hint)
