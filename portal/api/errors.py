"""What the API's door refuses, before a request comes to any service.

MyelinError
├── TokenUnknown         there is no token in the request, or none that counts
├── Refused
│   ├── TokenReadsOnly   the token is for reading, and this writes
│   └── WrongNetwork     the request comes from a project's network
└── InvalidInput
    └── BodyTooLong      the body is longer than any the API takes
"""

from core.errors import InvalidInput, MyelinError, Refused


class TokenUnknown(MyelinError):
    """Nobody is told why a token is not taken."""

    status = 401


class TokenReadsOnly(Refused):
    """Another token is for writing."""


class WrongNetwork(Refused):
    """What is inside a notebook container has the egress API, and no other way out."""


class BodyTooLong(InvalidInput):
    """Send less at once."""

    status = 413
