"""What applications refuse.

MyelinError
├── Refused
│   ├── NotYours           this step is not for this person
│   ├── RulesRefuse        a rule of the resource refuses the application; lists every one
│   └── Conflict
│       ├── NotOpen        the application's state does not allow this now
│       ├── EditedElsewhere  the answer was changed in another window or by somebody else
│       └── ChangedSinceRead  the draft is not the one that was read and declared to be true
└── InvalidInput
    ├── NotDeclared        nobody declared that what it says is true
    └── Incomplete         answers are missing, or can not be read; lists every one
"""

from collections.abc import Sequence

from core.errors import Conflict, InvalidInput, Refused
from projects.resource_rules.models import Verdict


class NotYours(Refused):
    pass


class NotOpen(Conflict):
    """Not in this state."""


class EditedElsewhere(Conflict):
    """Somebody else, or another window, changed the same answer first."""

    def __init__(self, field: str, current: str, version: int) -> None:
        message = f"“{field}” was changed in another window or by somebody else since you opened it."
        super().__init__(message, "Yours was not saved. Compare the two and save the one that is right.")
        self.field = field
        self.current = current
        self.version = version


class ChangedSinceRead(Conflict):
    """A draft was changed between being read as a whole and being submitted."""

    def __init__(self) -> None:
        super().__init__(
            "The draft was changed since you read it, in another window or by somebody else. Nothing was submitted.",
            "Read it as it is now, and submit it then.",
        )


class NotDeclared(InvalidInput):
    """Whoever submits did not declare that what it says is true."""

    def __init__(self) -> None:
        super().__init__("Nothing was submitted: the declaration is not ticked.", "Tick it once you have read it all.")


class RulesRefuse(Refused):
    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        listed = "\n".join(f"  - {one.rule}: {one.message} {one.remedy}".rstrip() for one in verdicts)
        super().__init__(
            f"The rules stop this application:\n{listed}\n", "Nothing was submitted; a draft stays as it was."
        )
        self.verdicts = tuple(verdicts)


class Incomplete(InvalidInput):
    def __init__(self, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"The application has {len(problems)} problem(s):\n{listed}\n",
            "Nothing was submitted; a draft stays as it was.",
        )
        self.problems = tuple(problems)
