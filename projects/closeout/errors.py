"""What close-out refuses.

MyelinError
├── Refused
│   ├── ArchiveKept          the archive of a closed project is kept until its last day
│   └── Conflict
│       └── CloseOutWaits    something of the project is still in use; close-out goes on by itself when it is not
└── IntegrityBroken
    ├── NotDeleted           something the proof would call deleted is there
    └── ProofBroken          a deletion proof is not what was signed
"""

from core.errors import Conflict, IntegrityBroken, Refused


class ArchiveKept(Refused):
    """Not before its last day."""


class CloseOutWaits(Conflict):
    """Not yet."""


class NotDeleted(IntegrityBroken):
    """There is no proof of what is not so."""


class ProofBroken(IntegrityBroken):
    """Do not rely on it."""
