"""What the committee's rules refuse.

MyelinError
└── Refused
    ├── NoVote            this member may not vote on this application, or not for this body
    └── Conflict
        └── VoteSettled   the body has decided, or the member has voted
"""

from core.errors import Conflict, Refused


class NoVote(Refused):
    pass


class VoteSettled(Conflict):
    """Not in this state."""
