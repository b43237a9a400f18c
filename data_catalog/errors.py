"""What the catalogue refuses.

MyelinError
├── Refused
│   └── BatchTooSmall        so few people would be withdrawn together that two releases could be told apart by them
├── NotFound
│   └── EditionNotFound      there is no such dataset, or no such edition of it
├── InvalidInput
│   ├── DeclarationRejected  a dataset's declaration is wrong; lists every problem at once
│   ├── DataRejected         source files break their declaration; carries the report
│   └── FilterRefused        a row filter or cohort says something it may not, or is not understood
├── Refused
│   └── BudgetSpent          no more feasibility questions may be asked for now
└── IntegrityBroken
    ├── EditionBroken        an edition's files are not what was published
    └── PseudonymCollision   two people would get one pseudonym
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import IntegrityBroken, InvalidInput, NotFound, Refused

if TYPE_CHECKING:
    from data_catalog.report import Report


class BatchTooSmall(Refused):
    pass


class EditionNotFound(NotFound):
    pass


class DeclarationRejected(InvalidInput):
    def __init__(self, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The declaration has {len(problems)} problem(s):\n{listed}\n")
        self.problems = tuple(problems)


class DataRejected(InvalidInput):
    """The message quotes source values: it is for the data manager's eyes, and never for a log or the audit trail."""

    def __init__(self, report: "Report") -> None:
        super().__init__(report.to_text(), report.what_next)
        self.report = report


class FilterRefused(InvalidInput):
    pass


class EditionBroken(IntegrityBroken):
    pass


class PseudonymCollision(IntegrityBroken):
    pass


class MappingRejected(InvalidInput):
    def __init__(self, problems: Sequence[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"The mapping has {len(problems)} problem(s):\n{listed}\n")
        self.problems = tuple(problems)


class ExpressionRefused(InvalidInput, ValueError):
    """Also a ValueError, so that a mapping file with one is refused with everything else that is wrong in it."""


class BudgetSpent(Refused):
    pass
