"""Drawings of state tables in documents, kept between two markers by the module that knows the table."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import IntegrityBroken
from core.files import write_durably

DOCS = Path(__file__).parents[1] / "docs"
END = "<!-- end -->"


@dataclass(frozen=True)
class Step:
    """From a state to another, and what is written beside the arrow."""

    before: str
    after: str
    label: str


@dataclass(frozen=True)
class StateDiagram:
    """A state table as a picture: where it begins, its steps, and the document it stands in."""

    module: str
    document: str
    first: str
    steps: tuple[Step, ...]

    @property
    def path(self) -> Path:
        """Where the document is."""
        return DOCS / self.document

    def mermaid(self) -> str:
        """Return the picture; what no step leads out of is an end."""
        steps = [f"    {step.before} --> {step.after}: {step.label}" for step in self.steps]
        ends = [f"    {state} --> [*]" for state in self._ends()]
        return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {self.first}", *steps, *ends, "```"])

    def redrawn(self, document: str) -> str:
        """Return a document with the picture between its markers; raises IntegrityBroken where they are missing."""
        begin = f"<!-- begin: python -m {self.module} -->"
        before, begun, rest = document.partition(begin)
        _, ended, after = rest.partition(END)
        if not begun or not ended:
            raise IntegrityBroken(
                f"{self.document} has lost the markers of its diagram.", f"They are {begin} and {END}."
            )
        return f"{before}{begin}\n{self.mermaid()}\n{END}{after}"

    def redraw(self) -> None:
        """Bring the document up to date."""
        write_durably(self.path, self.redrawn(self.path.read_text(encoding="utf-8")).encode(), 0o644)

    def _ends(self) -> Iterable[str]:
        left = {step.before for step in self.steps}
        return dict.fromkeys(step.after for step in self.steps if step.after not in left)
