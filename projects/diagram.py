"""Draw the state table: `python -m projects.diagram` brings docs/projects.md up to date."""

from core.mermaid import StateDiagram, Step
from projects.models import ProjectState
from projects.policy import TRANSITIONS

DIAGRAM = StateDiagram(
    "projects.diagram",
    "projects.md",
    ProjectState.PROPOSED,
    tuple(Step(step.state, step.to, f"{step.action} ({' or '.join(sorted(step.roles))})") for step in TRANSITIONS),
)

if __name__ == "__main__":
    DIAGRAM.redraw()
