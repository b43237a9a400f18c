"""A checker's desk: which of the requests that wait is waiting for whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from egress_review.models import Action, State
from egress_review.views import QueueItem


@dataclass(frozen=True)
class Desk:
    """The queue as one checker works through it, oldest first in each part."""

    to_review: tuple[QueueItem, ...]
    to_decide: tuple[QueueItem, ...]
    to_release: tuple[QueueItem, ...]
    second_checker: tuple[QueueItem, ...]
    """Reviewed by this checker, waiting for somebody else's word."""

    @property
    def for_me(self) -> int:
        """How many requests this checker can move on now."""
        return len(self.to_review) + len(self.to_decide) + len(self.to_release)


def sort_desk(queue: Sequence[QueueItem]) -> Desk:
    """Sort a checker's queue by what each request waits for."""
    return Desk(
        to_review=tuple(item for item in queue if Action.REVIEW in item.actions),
        to_decide=tuple(item for item in queue if item.request.state is State.REVIEWED),
        to_release=tuple(item for item in queue if item.request.state is State.APPROVED),
        second_checker=tuple(item for item in queue if item.request.under_review and Action.REVIEW not in item.actions),
    )
