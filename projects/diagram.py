"""Draw the state table: `python -m projects.diagram` prints the picture that stands in docs/projects.md."""

from projects.models import ProjectState
from projects.policy import TRANSITIONS


def mermaid() -> str:
    """Return the state table as a Mermaid state diagram."""
    steps = [
        f"    {step.state} --> {step.to}: {step.action} ({' or '.join(sorted(step.roles))})" for step in TRANSITIONS
    ]
    first, last = f"    [*] --> {ProjectState.PROPOSED}", f"    {ProjectState.CLOSED} --> [*]"
    return "\n".join(["```mermaid", "stateDiagram-v2", first, *steps, last, "```"])


if __name__ == "__main__":
    print(mermaid())
