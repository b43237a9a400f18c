"""The document on projects says what the code does."""

from pathlib import Path

from projects.diagram import DIAGRAM
from projects.models import ProjectState, load_project_file
from projects.policy import TRANSITIONS

TEXT = DIAGRAM.path.read_text(encoding="utf-8")


def test_the_picture_is_the_table() -> None:
    assert DIAGRAM.redrawn(TEXT) == TEXT, "run `python -m projects.diagram`"
    assert DIAGRAM.mermaid().count(" --> ") == len(TRANSITIONS) + 2  # where it begins, and where it ends


def test_every_state_is_explained() -> None:
    assert [state for state in ProjectState if f"| `{state}` |" not in TEXT] == []


def test_the_example_is_a_project_file(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    path.write_text(TEXT.split("```toml")[1].split("```")[0])
    assert load_project_file(path).id == "cis-spinal"
