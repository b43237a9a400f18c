"""Draw the state tables: `python -m projects.diagram` brings docs/projects.md up to date."""

from collections.abc import Sequence

from core.mermaid import StateDiagram, Step
from projects.models import AmendmentState, ProjectState
from projects.policy import AMENDMENT_TRANSITIONS, TRANSITIONS, AmendmentTransition, Transition


def _steps(transitions: Sequence[Transition] | Sequence[AmendmentTransition]) -> tuple[Step, ...]:
    return tuple(Step(one.state, one.to, f"{one.action} ({' or '.join(sorted(one.roles))})") for one in transitions)


DIAGRAM = StateDiagram("projects.diagram", "projects.md", ProjectState.APPROVED, _steps(TRANSITIONS))

AMENDMENT_DIAGRAM = StateDiagram(
    "projects.diagram amendment", "projects.md", AmendmentState.PROPOSED, _steps(AMENDMENT_TRANSITIONS)
)

if __name__ == "__main__":
    DIAGRAM.redraw()
    AMENDMENT_DIAGRAM.redraw()
