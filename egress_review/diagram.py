"""Draw the state table: `python -m egress_review.diagram` brings docs/release-requests.md up to date."""

from pathlib import Path

from core.errors import IntegrityBroken
from core.files import write_durably
from egress_review.models import State
from egress_review.policy import NEW_ROUND, TRANSITIONS

DOCUMENT = Path(__file__).parents[1] / "docs" / "release-requests.md"
BEGIN, END = "<!-- begin: python -m egress_review.diagram -->", "<!-- end -->"


def mermaid() -> str:
    """Return the state table as a Mermaid state diagram."""
    steps = [
        f"    {before} --> {after}: {action} ({part}{', new round' if (before, after) in NEW_ROUND else ''})"
        for (before, action, part), after in TRANSITIONS.items()
    ]
    last = [f"    {state} --> [*]" for state in State if not any(before == state for before, _, _ in TRANSITIONS)]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {State.DRAFT}", *steps, *last, "```"])


def redrawn(document: str) -> str:
    """Return a document with the diagram between its two markers; raises IntegrityBroken where they are missing."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise IntegrityBroken(f"{DOCUMENT.name} has lost the markers of its diagram.", f"They are {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{mermaid()}\n{END}{after}"


if __name__ == "__main__":
    write_durably(DOCUMENT, redrawn(DOCUMENT.read_text(encoding="utf-8")).encode(), 0o644)
