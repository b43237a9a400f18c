"""What a refused source is told: which rule, how often, and where, up to a cap."""

from dataclasses import dataclass

SHOWN_PER_RULE = 20
"""Violations of one rule of one variable that a report lists; the totals are always complete."""

LONGEST_VALUE = 60


@dataclass(frozen=True)
class Violation:
    """One value that breaks one rule: `row` counts data rows from 1, below the header."""

    row: int
    value: str | None

    def to_text(self) -> str:
        """Say where it is and what it says, with control characters escaped."""
        if self.value is None:
            return f"row {self.row}"
        shown = self.value if len(self.value) <= LONGEST_VALUE else self.value[:LONGEST_VALUE] + "…"
        return f"row {self.row}: {shown!r}"


@dataclass(frozen=True)
class Finding:
    """A rule that was broken `total` times in one column, with the first violations."""

    table: str
    column: str
    rule: str
    total: int
    first: tuple[Violation, ...] = ()

    def to_text(self) -> str:
        """Say it in one line and one more for each violation listed."""
        times = "once" if self.total == 1 else f"{self.total:,} times"
        lines = [f"{self.table}, column {self.column}: {self.rule} ({times})"]
        lines += [f"    {violation.to_text()}" for violation in self.first]
        if self.total > len(self.first) > 0:
            lines.append(f"    … and {self.total - len(self.first):,} more")
        return "\n".join(lines)


@dataclass(frozen=True)
class Report:
    """Everything that is wrong with the source files of one dataset."""

    dataset: str
    findings: tuple[Finding, ...]
    broken: str = "declaration"
    """What the files don't keep to: the dataset's declaration, its delivery's manifest, its mapping."""

    @property
    def total(self) -> int:
        """How many violations there are, listed or not."""
        return sum(finding.total for finding in self.findings)

    @property
    def what_next(self) -> str:
        """Say what was not done, and what to do."""
        return f"Nothing was published. Correct the source or the {self.broken}."

    def to_text(self) -> str:
        """Say everything that is wrong."""
        head = f"{self.dataset} breaks its {self.broken} in {self.total:,} place(s):"
        return "\n".join([head, *(finding.to_text() for finding in self.findings), ""])
