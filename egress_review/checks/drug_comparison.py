"""Drugs by name, and drugs or arms of a trial set against each other, where a resource does not allow to compare them.

Words are a reason to look and never to fail: a list tells neither what is compared with what, nor a comparison that is
written without its words. What is looked for is in `data_catalog.drugs`; findings name what stands there, and quote
nothing else of the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from data_catalog.drugs import UNTREATED, arm_words, comparison_words, drug_words, treatment_words
from egress_review.appetite import RiskAppetite
from egress_review.checks.document import Document, Text
from egress_review.checks.models import CutFacts, Finding
from egress_review.checks.numbers import is_number
from egress_review.checks.tables import Table
from egress_review.checks.vocabulary import words

CHECK = "drug comparison"
RISK = "forbidden comparison"

GROUPS = frozenset({"arm", "study", "drug", "atc", "treatment"})
"""Words of a heading below which treatments stand, or what stands for them."""

_LABEL = 4  # words of a line that is no sentence: a legend's, a row's, `Placebo (n = 20)`
PASSAGE = 40  # lines that are read as one passage, where no blank line ends it
_MAX_PLACES = 10


def check(document: Document, cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Look for drugs and for comparisons in every text and table, for a cut whose rules forbid to compare drugs."""
    if not cut.forbids_drug_comparison:
        return
    passages = [one for text in document.texts if not text.where.endswith("encoded") for one in _passages(text)]
    compared = dict.fromkeys([*_compared_in(document.tables), *(one.place for one in passages if one.compares)])
    named = dict.fromkeys(f"{one.where}: {', '.join(one.drugs)}" for one in passages if one.drugs)
    if compared:
        message = "Drugs, or arms of a trial, may be compared here, which the resource does not allow: see what is."
        yield Finding(CHECK, RISK, "review", message, tuple(compared)[:_MAX_PLACES])
    if named:
        message = "Drugs are named, and what somebody was treated with does not leave: see why they are."
        yield Finding(CHECK, RISK, "review", message, tuple(named)[:_MAX_PLACES])
    unread = _unread(document)
    if unread:
        yield Finding(CHECK, RISK, "not_checked", f"Words of drugs and comparisons were not looked for in {unread}.")
    elif not compared and not named:
        message = "No drug of the list and no comparison by its words was found; what goes without them is not seen."
        yield Finding(CHECK, RISK, "pass", message)


def _unread(document: Document) -> str:
    if document.kind.handling in ("held", "refused"):
        return f"what a {document.kind.label} holds"
    if document.pictures:
        return "what a picture shows"
    return "what of the file could not be read" if document.faults else ""


@dataclass
class _Passage:
    """Lines that stand together, and the treatments they name, each with the first line it is in."""

    text: Text
    lines: list[str] = field(default_factory=list)
    first: dict[str, int] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    drugs: dict[str, int] = field(default_factory=dict)

    def take(self, number: int, line: str) -> None:
        self.lines.append(line)
        drugs, arms, length = treatment_words(line)
        for drug in drugs:
            self.drugs.setdefault(drug, number)
        for treatment in (*drugs, *arms):
            self.first.setdefault(treatment, number)
        if length <= _LABEL:
            self.labels.update(drugs, arms)

    @property
    def compares(self) -> bool:
        """Whether treatments stand beside each other: two drugs, labels, or any two with a word of comparison."""
        if not _is_comparison(self.first):
            return False
        return len(self.drugs) > 1 or _is_comparison(self.labels) or bool(comparison_words("\n".join(self.lines)))

    @property
    def where(self) -> str:
        return f"{self.text.where}, line {min(self.first.values())}"

    @property
    def place(self) -> str:
        return f"{self.where}: {', '.join(self.first)}"


def _passages(text: Text) -> Iterator[_Passage]:
    """Cut a text at blank lines, and where a passage gets too long, and give those that name a treatment."""
    passage = _Passage(text)
    for number, line in enumerate((*text.content.splitlines(), ""), 1):
        if line.strip():
            passage.take(number, line)
        if passage.first and (not line.strip() or len(passage.lines) >= PASSAGE):
            yield passage
        if not line.strip() or len(passage.lines) >= PASSAGE:
            passage = _Passage(text)


def _compared_in(tables: Sequence[Table]) -> Iterator[str]:
    """Say of each table where treatments stand beside each other: in its header, or in one of its columns."""
    for table in tables:
        if _is_comparison(named := _treatments(table.header)):
            yield f"{table.where}, header: {', '.join(named)}"
        for column, heading in enumerate(table.header):
            values = dict.fromkeys(cell for cell in table.column(column) if cell.strip() and not is_number(cell))
            if _is_comparison(named := _treatments(values)):
                yield f"{table.where}, column {column + 1}: {', '.join(named)}"
            elif words(heading) & GROUPS and len(set(table.column(column)) - {""}) > 1 and not _are_untreated(values):
                yield f"{table.where}, column {column + 1}: by {', '.join(sorted(words(heading) & GROUPS))}"


def _treatments(cells: Mapping[str, None] | Sequence[str]) -> dict[str, None]:
    return dict.fromkeys(treatment for cell in cells for treatment in (*drug_words(cell), *arm_words(cell)))


def _are_untreated(cells: Mapping[str, None]) -> bool:
    return bool(cells) and all(arm_words(cell) and UNTREATED.issuperset(_treatments((cell,))) for cell in cells)


def _is_comparison(treatments: Mapping[str, object] | set[str]) -> bool:
    """Ask whether treatments are set beside each other: placebo beside no treatment is natural history."""
    return len(treatments) > 1 and not UNTREATED.issuperset(treatments)
