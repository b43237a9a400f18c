"""The document on release requests says what the code does."""

import pytest

from core.errors import IntegrityBroken
from core.settings import Settings
from egress_review.diagram import DIAGRAM
from egress_review.models import State
from egress_review.policy import TRANSITIONS

TEXT = DIAGRAM.path.read_text(encoding="utf-8")


def test_the_picture_is_the_table() -> None:
    assert DIAGRAM.redrawn(TEXT) == TEXT, "run `python -m egress_review.diagram`"


def test_the_picture_has_every_step() -> None:
    assert (
        DIAGRAM.mermaid().count(" --> ") == len(TRANSITIONS) + 1 + 3
    )  # where it begins, and the three states it ends in


def test_every_state_is_explained() -> None:
    assert [state for state in State if f"| `{state}` |" not in TEXT] == []


def test_every_limit_is_named() -> None:
    limits = [name for name in Settings.model_fields if name.startswith("submission_")]
    assert [name for name in limits if f"`MYELIN_{name.upper()}`" not in TEXT] == []


def test_a_document_without_its_markers_is_noticed() -> None:
    with pytest.raises(IntegrityBroken):
        DIAGRAM.redrawn("nothing here")
