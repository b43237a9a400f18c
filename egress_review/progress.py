"""How far a request has come, as steps a reader can follow."""

from dataclasses import dataclass
from typing import Literal

from egress_review.models import State

Stage = Literal["done", "now", "ahead", "ended"]

STEPS = ("submitted", "first review", "second review", "decision", "released")
"""The way of a request that is approved at once."""

_AT = {
    State.DRAFT: 0,
    State.SUBMITTED: 1,
    State.PARTLY_REVIEWED: 2,
    State.REVIEWED: 3,
    State.APPROVED: 4,
    State.RELEASED: 5,
}

_ENDED = {State.RETURNED, State.REJECTED, State.WITHDRAWN}


@dataclass(frozen=True)
class Step:
    """One step: what it is, and whether it is behind, under way, ahead, or the way ended here."""

    name: str
    stage: Stage


def steps(state: State) -> tuple[Step, ...]:
    """Return the steps of a request in this state."""
    if state in _ENDED:
        return (Step(STEPS[0], "done"), Step(state.replace("_", " "), "ended"))
    at = _AT[state]
    return tuple(
        Step(name, "done" if place < at else "now" if place == at else "ahead") for place, name in enumerate(STEPS)
    )
