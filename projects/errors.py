"""What projects refuse.

MyelinError
├── Refused
│   ├── AccessRefused    this person may not use this project now
│   ├── ActionRefused    this step is not open in this state, or not to this person
│   └── PoolExhausted    every block of the network pool belongs to a project
└── InvalidInput
    └── ProjectRejected  the project file is wrong; lists every problem at once
"""

from collections.abc import Sequence

from core.errors import InvalidInput, Refused


class AccessRefused(Refused):
    pass


class ActionRefused(Refused):
    pass


class PoolExhausted(Refused):
    pass


class ProjectRejected(InvalidInput):
    def __init__(self, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The project file has {len(problems)} problem(s):\n{listed}\n", "Nothing was saved.")
        self.problems = tuple(problems)
