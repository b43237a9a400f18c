"""What resource rules refuse.

MyelinError
├── InvalidInput
│   └── RulesRejected   the rules file is wrong; lists every problem at once
└── Refused
    ├── OwnRules           rules are confirmed by somebody else than proposed them
    └── Conflict
        └── RulesSettled   this version of the rules is in force, or was replaced
"""

from collections.abc import Sequence

from core.errors import Conflict, InvalidInput, Refused


class RulesRejected(InvalidInput):
    def __init__(self, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The rules have {len(problems)} problem(s):\n{listed}\n", "Nothing was saved.")
        self.problems = tuple(problems)


class OwnRules(Refused):
    pass


class RulesSettled(Conflict):
    """Not in this state."""
