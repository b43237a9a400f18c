"""What applications refuse.

MyelinError
├── Refused
│   ├── NotYours           this step is not for this person
│   ├── RulesRefuse        a rule of the resource refuses the application; lists every one
│   └── Conflict
│       ├── NotOpen        the application's state does not allow this now
│       └── EditedElsewhere  the answer was changed in another window or by somebody else
└── InvalidInput
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
