"""Draw the state table: `python -m egress_review.diagram` brings docs/release-requests.md up to date."""

from core.mermaid import StateDiagram, Step
from egress_review.models import State
from egress_review.policy import NEW_ROUND, TRANSITIONS

DIAGRAM = StateDiagram(
    "egress_review.diagram",
    "release-requests.md",
    State.DRAFT,
    tuple(
        Step(before, after, f"{action} ({part}{', new round' if (before, after) in NEW_ROUND else ''})")
        for (before, action, part), after in TRANSITIONS.items()
    ),
)

if __name__ == "__main__":
    DIAGRAM.redraw()
