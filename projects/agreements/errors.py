"""What contracts refuse.

MyelinError
└── InvalidInput
    └── ContractRejected   the contract, or what is to work under it, does not fit
"""

from core.errors import InvalidInput


class ContractRejected(InvalidInput):
    """It does not fit."""
