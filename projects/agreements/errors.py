"""What agreements and contracts refuse.

MyelinError
├── InvalidInput
│   ├── ContractRejected    the contract, or what is to work under it, does not fit
│   ├── SigningRejected     the agreement can not be drawn up so, or what was typed does not sign it
│   └── WordingRejected     the file with an agreement's words has problems
├── NotFound
│   └── NoWording           there are no words for the resource's agreement
├── Refused
│   ├── PaymentRefused      whoever issued an invoice does not record its payment
│   ├── SigningRefused      it is somebody else's to sign, or not theirs at all
│   └── Conflict
│       └── AgreementMoved  the agreement is in another state, or its project has changed since
└── IntegrityBroken
    └── DocumentDamaged     the kept document is not there, or not what was recorded
"""

from core.errors import Conflict, IntegrityBroken, InvalidInput, NotFound, Refused


class ContractRejected(InvalidInput):
    """It does not fit."""


class SigningRejected(InvalidInput):
    """It can not be drawn up, or signed, so."""


class WordingRejected(InvalidInput):
    """The words of an agreement have problems."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The agreement's wording can not be read: " + "; ".join(problems) + ".")


class NoWording(NotFound):
    """A resource has no words for an agreement."""

    def __init__(self, resource: str) -> None:
        hint = "Record what was signed on paper: `myelin agreement record`."
        super().__init__(f"There is no wording of a data use agreement with {resource}.", hint)


class PaymentRefused(Refused):
    """It is for another person to record that an invoice was paid."""


class SigningRefused(Refused):
    """An agreement is somebody else's to sign."""


class AgreementMoved(Conflict):
    """An agreement is in another state, or what it is about has changed since it was drawn up."""


class DocumentDamaged(IntegrityBroken):
    """A kept document is not there, or not the one that was recorded."""
