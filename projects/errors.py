"""What projects refuse.

MyelinError
├── Refused
│   ├── AccessRefused    this person may not use this project now
│   ├── ActionRefused    this step is not for this person, or not for this team
│   ├── PoolExhausted    every block of the network pool belongs to a project
│   └── Conflict
│       ├── StepNotOpen  the project's state does not allow this now
│       └── StaleProject the project changed since the page was opened
└── InvalidInput
    └── ProjectRejected  the project file, or the amendment, is wrong; lists every problem at once
"""

from collections.abc import Sequence

from core.errors import Conflict, InvalidInput, Refused


class AccessRefused(Refused):
    pass


class ActionRefused(Refused):
    pass


class PoolExhausted(Refused):
    pass


class StepNotOpen(Conflict):
    """Not in this state."""


class StaleProject(Conflict):
    """The decision was made on something that is no longer there."""


class ProjectRejected(InvalidInput):
    def __init__(self, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The file has {len(problems)} problem(s):\n{listed}\n", "Nothing was saved.")
        self.problems = tuple(problems)
