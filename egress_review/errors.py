"""What this room refuses.

MyelinError
├── Refused
│   ├── TokenRefused     the hub's token is missing, unknown or carries no right to submit   HTTP 401
│   ├── WrongPlace       a valid token, presented from outside its project's network         HTTP 403
│   ├── TooMuchAtOnce    a limit on how much a project may have held or under way            HTTP 429
│   └── Conflict
│       ├── StepRefused  the request's state does not allow this now                         HTTP 409
│       ├── StalePage    the request changed since the page was opened                       HTTP 409
│       └── SecondReview this checker has already spoken on this round                       HTTP 409
├── InvalidInput
│   └── TooLarge         more files or bytes than one submission may have                    HTTP 413
├── Unavailable
│   └── HubUnavailable   the hub does not answer, so nobody can be identified                HTTP 503
└── IntegrityBroken
    └── HeldFileChanged  held bytes are not the bytes that were submitted                    HTTP 500
"""

from core.errors import Conflict, IntegrityBroken, InvalidInput, NotFound, Refused, Unavailable


class TokenRefused(Refused):
    status = 401


class WrongPlace(Refused):
    """The token is another network's."""


class TooMuchAtOnce(Refused):
    status = 429


class StepRefused(Conflict):
    """Not in this state."""


class StalePage(Conflict):
    """The decision was made on something that is no longer there."""


class SecondReview(Conflict):
    """One person, one review."""


class TooLarge(InvalidInput):
    status = 413


class HubUnavailable(Unavailable):
    """Nobody can be identified."""


class HeldFileChanged(IntegrityBroken):
    """A held file's content no longer has its hash."""


def no_such_request() -> NotFound:
    """Return the one refusal for a request that is not there and one that is not this person's."""
    return NotFound("There is no such release request.", "Look at the list of your requests.")
