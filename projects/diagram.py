"""Draw the state tables: `python -m projects.diagram` brings the documents with a state table up to date."""

from collections.abc import Sequence

from core.mermaid import StateDiagram, Step
from projects.agreements.signing.models import SigningState
from projects.agreements.signing.policy import TRANSITIONS as SIGNING_TRANSITIONS
from projects.applications.models import ApplicationState
from projects.applications.policy import TRANSITIONS as APPLICATION_TRANSITIONS
from projects.models import AmendmentState, ProjectState
from projects.policy import AMENDMENT_TRANSITIONS, TRANSITIONS, AmendmentTransition, Transition


def _steps(transitions: Sequence[Transition] | Sequence[AmendmentTransition]) -> tuple[Step, ...]:
    return tuple(Step(one.state, one.to, f"{one.action} ({' or '.join(sorted(one.roles))})") for one in transitions)


DIAGRAM = StateDiagram("projects.diagram", "projects.md", ProjectState.APPROVED, _steps(TRANSITIONS))

AMENDMENT_DIAGRAM = StateDiagram(
    "projects.diagram amendment", "projects.md", AmendmentState.PROPOSED, _steps(AMENDMENT_TRANSITIONS)
)

_APPLICATION_STEPS = tuple(Step(one.state, one.to, f"{one.action} ({one.party})") for one in APPLICATION_TRANSITIONS)

_SIGNING_STEPS = tuple(Step(one.state, one.to, f"{one.action} ({one.party})") for one in SIGNING_TRANSITIONS)

SIGNING_DIAGRAM = StateDiagram("projects.diagram agreements", "agreements.md", SigningState.DRAFTED, _SIGNING_STEPS)

APPLICATION_DIAGRAM = StateDiagram(
    "projects.diagram applications", "applications.md", ApplicationState.DRAFT, _APPLICATION_STEPS
)

if __name__ == "__main__":
    DIAGRAM.redraw()
    AMENDMENT_DIAGRAM.redraw()
    APPLICATION_DIAGRAM.redraw()
    SIGNING_DIAGRAM.redraw()
