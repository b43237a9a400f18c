"""What the checks take and give. A finding's words may quote content, so findings are held like files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

Status = Literal["pass", "fail", "review", "not_checked"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Finding:
    """What one check says of one file. What was not looked at is `not_checked` or `review`, never `pass`."""

    check: str
    risk: str
    status: Status
    message: str
    details: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"{self.status!r} is not the status of a finding")
        if not all(isinstance(text, str) and text for text in (self.check, self.risk, self.message, *self.details)):
            raise ValueError("a finding says in words which check, which risk and what was found")


@dataclass(frozen=True)
class HeldFile:
    """One submitted file: the name the author gave it, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class CutTable:
    """One table of a project's cut: where it is, its variables, and the labels of coded ones."""

    dataset: str
    name: str
    path: Path
    variables: tuple[str, ...]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class CutFacts:
    """The project's cut a file is compared with."""

    path: Path
    tables: tuple[CutTable, ...]
    forbids_drug_comparison: bool = False
    """Whether a resource the cut is of does not allow to compare drugs with each other."""

    def __post_init__(self) -> None:
        if not self.tables:
            raise ValueError("a cut holds at least one table")
