"""What the record of publications refuses.

MyelinError
├── Conflict
│   └── PublicationSettled   this step is not open: the publication is further, or withdrawn     HTTP 409
└── InvalidInput
    └── PublicationRejected  what a form says of a publication is wrong; lists every problem     HTTP 422
"""

from collections.abc import Sequence

from core.errors import Conflict, InvalidInput


class PublicationSettled(Conflict):
    """The publication is not in a state that allows this."""


class PublicationRejected(InvalidInput):
    """What a form says is wrong; nothing was saved."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"{'; '.join(problems)}.", "Nothing was saved.")
        self.problems = tuple(problems)
