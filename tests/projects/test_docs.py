"""The document on projects says what the code does."""

from pathlib import Path

import pytest

from core.mermaid import StateDiagram
from projects.agreements.signing.models import SigningState
from projects.agreements.signing.policy import TRANSITIONS as SIGNING_TRANSITIONS
from projects.applications.models import ApplicationState, load_application_file
from projects.applications.policy import TRANSITIONS as APPLICATION_TRANSITIONS
from projects.diagram import APPLICATION_DIAGRAM, DIAGRAM, SIGNING_DIAGRAM
from projects.models import ProjectState
from projects.policy import TRANSITIONS

TEXT = DIAGRAM.path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("diagram", "arrows"),
    [
        (DIAGRAM, len(TRANSITIONS) + 2),  # where it begins, and where it ends
        (APPLICATION_DIAGRAM, len(APPLICATION_TRANSITIONS) + 5),  # with four
        (SIGNING_DIAGRAM, len(SIGNING_TRANSITIONS) + 3),
    ],
)
def test_the_picture_is_the_table(diagram: StateDiagram, arrows: int) -> None:
    text = diagram.path.read_text(encoding="utf-8")
    assert diagram.redrawn(text) == text, "run `python -m projects.diagram`"
    assert diagram.mermaid().count(" --> ") == arrows


def test_every_state_is_explained() -> None:
    assert [state for state in ProjectState if f"| `{state}` |" not in TEXT] == []
    of_agreements = SIGNING_DIAGRAM.path.read_text(encoding="utf-8")
    assert [state for state in SigningState if f"| `{state}` |" not in of_agreements] == []
    of_applications = APPLICATION_DIAGRAM.path.read_text(encoding="utf-8")
    assert [state for state in ApplicationState if f"| `{state}` |" not in of_applications] == []


def test_the_example_is_an_application(tmp_path: Path) -> None:
    path = tmp_path / "application.toml"
    path.write_text(TEXT.split("```toml")[1].split("```")[0])
    assert load_application_file(path).id == "cis-spinal"
