"""A held file taken apart once, so that every check sees the same texts, tables and pictures."""

from dataclasses import dataclass, field

from egress_review.checks.counts import Counts, find_counts
from egress_review.checks.cut import variables
from egress_review.checks.kinds import Kind
from egress_review.checks.models import CutFacts, HeldFile
from egress_review.checks.tables import Table


@dataclass(frozen=True)
class Text:
    """A piece of text of the file, and where it stands."""

    where: str
    content: str


@dataclass(frozen=True)
class Picture:
    """A picture in the file, and where it stands."""

    where: str
    content: bytes


@dataclass(frozen=True)
class Output:
    """One representation of one output of a notebook: its place, its MIME type, what it may do."""

    where: str
    mime: str


@dataclass
class Document:
    """Everything found in one file. `faults` says what could not be read, `active` what would run or be fetched."""

    file: HeldFile
    kind: Kind
    named: Kind | None
    content: Kind
    texts: list[Text] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    active: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # where text or values stand that are in no table

    _counts: list[Counts] | None = None

    def counts(self, cut: CutFacts) -> list[Counts]:
        """Find, once, the numbers of people in every table that is a result."""
        if self._counts is None:
            known = variables(cut)
            self._counts = [find_counts(table, known) for table in self.tables if table.is_output]
        return self._counts
