"""What the outbox refuses, and what stops an effect.

MyelinError
├── WordsRefused     a mail would say what its template does not allow: a defect in the calling service   HTTP 500
├── Conflict
│   └── Settled      there is nothing left to try again of this effect                                  HTTP 409
└── Unavailable
    └── EffectFailed an effect was tried and failed, in one of the ways `Failure` lists                  HTTP 503
"""

from core.errors import Conflict, MyelinError, Unavailable
from core.outbox.models import Failure


class WordsRefused(MyelinError):
    """A mail would say what its template does not allow: a defect in the calling service."""


class Settled(Conflict):
    """There is nothing left to try again of this effect."""


class EffectFailed(Unavailable):
    """An effect was tried and failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"The effect failed: {failure}.")
        self.failure = failure
