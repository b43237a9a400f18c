"""Draw the state tables: `python -m projects.diagram` brings docs/projects.md and docs/applications.md up to date."""

from core.mermaid import StateDiagram, Step
from projects.applications.models import ApplicationState
from projects.applications.policy import TRANSITIONS as APPLICATION_TRANSITIONS
from projects.models import ProjectState
from projects.policy import TRANSITIONS

_STEPS = tuple(Step(one.state, one.to, f"{one.action} ({' or '.join(sorted(one.roles))})") for one in TRANSITIONS)

DIAGRAM = StateDiagram("projects.diagram", "projects.md", ProjectState.APPROVED, _STEPS)

_APPLICATION_STEPS = tuple(Step(one.state, one.to, f"{one.action} ({one.party})") for one in APPLICATION_TRANSITIONS)

APPLICATION_DIAGRAM = StateDiagram(
    "projects.diagram applications", "applications.md", ApplicationState.DRAFT, _APPLICATION_STEPS
)

if __name__ == "__main__":
    DIAGRAM.redraw()
    APPLICATION_DIAGRAM.redraw()
