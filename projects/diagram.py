"""Draw the state tables: `python -m projects.diagram` brings the pages in docs that show them up to date."""

from core.mermaid import StateDiagram, Step
from projects.agreements.signing.models import SigningState
from projects.agreements.signing.policy import TRANSITIONS as SIGNING_TRANSITIONS
from projects.applications.models import ApplicationState
from projects.applications.policy import TRANSITIONS as APPLICATION_TRANSITIONS
from projects.models import ProjectState
from projects.policy import TRANSITIONS
from projects.publications.models import PublicationState
from projects.publications.policy import TRANSITIONS as PUBLICATION_TRANSITIONS

_STEPS = tuple(Step(one.state, one.to, f"{one.action} ({' or '.join(sorted(one.roles))})") for one in TRANSITIONS)

DIAGRAM = StateDiagram("projects.diagram", "projects.md", ProjectState.APPROVED, _STEPS)

_APPLICATION_STEPS = tuple(Step(one.state, one.to, f"{one.action} ({one.party})") for one in APPLICATION_TRANSITIONS)

_SIGNING_STEPS = tuple(Step(one.state, one.to, f"{one.action} ({one.party})") for one in SIGNING_TRANSITIONS)

SIGNING_DIAGRAM = StateDiagram("projects.diagram agreements", "agreements.md", SigningState.DRAFTED, _SIGNING_STEPS)

APPLICATION_DIAGRAM = StateDiagram(
    "projects.diagram applications", "applications.md", ApplicationState.DRAFT, _APPLICATION_STEPS
)

_PUBLICATION_STEPS = tuple(Step(one.state, one.to, one.step) for one in PUBLICATION_TRANSITIONS)

PUBLICATION_DIAGRAM = StateDiagram(
    "projects.diagram publications", "publications.md", PublicationState.PLANNED, _PUBLICATION_STEPS
)

if __name__ == "__main__":
    DIAGRAM.redraw()
    APPLICATION_DIAGRAM.redraw()
    SIGNING_DIAGRAM.redraw()
    PUBLICATION_DIAGRAM.redraw()
