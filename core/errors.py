"""The errors every room's own tree grows from.

MyelinError
├── Refused          a rule said no: who, in what state, or against what limit      HTTP 403, exit 3
│   └── Conflict     the thing has moved on since it was looked at                  HTTP 409, exit 3
├── NotFound         there is no such thing, or not for this person                 HTTP 404, exit 4
├── InvalidInput     what was given can't be understood or breaks its declaration   HTTP 422, exit 2
├── Unavailable      something this needs does not answer                           HTTP 503, exit 5
└── IntegrityBroken  stored bytes or history are not what was written               HTTP 500, exit 6
"""


class MyelinError(Exception):
    """Say what is wrong and what to do next, in words that never quote data."""

    status = 500
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class Refused(MyelinError):
    """A rule said no: who, in what state, or against what limit."""

    status = 403
    exit_code = 3


class Conflict(Refused):
    """The thing has moved on since it was looked at."""

    status = 409


class NotFound(MyelinError):
    """There is no such thing, or not for this person."""

    status = 404
    exit_code = 4


class InvalidInput(MyelinError):
    """What was given can not be understood or breaks its declaration."""

    status = 422
    exit_code = 2


class Unavailable(MyelinError):
    """Something this needs does not answer."""

    status = 503
    exit_code = 5


class IntegrityBroken(MyelinError):
    """Stored bytes or history are not what was written."""

    exit_code = 6
