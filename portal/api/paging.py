"""Lists, a page at a time: in order of a key that does not change, from after the last one that was given."""

from collections.abc import Callable, Iterable
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict

Value = TypeVar("Value")
Item = TypeVar("Item")

MOST_ON_A_PAGE = 200


class Page(BaseModel, Generic[Item]):
    """Some of a list, and where it goes on."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    items: list[Item]
    next: str | None
    """What to give as `cursor` for what follows; nothing where this was all."""


class Window:
    """Which part of a list is asked for."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="how many at most")] = 50,
        cursor: Annotated[str, Query(max_length=200, description="`next` of the page before")] = "",
    ) -> None:
        self.limit = limit
        self.cursor = cursor


Windowed = Annotated[Window, Depends()]


def paged(
    window: Window, values: Iterable[Value], key: Callable[[Value], str], shown: Callable[[Value], Item]
) -> Page[Item]:
    """Return the part of a list that is asked for, in order of `key`, which is one value's alone."""
    left = sorted((value for value in values if key(value) > window.cursor), key=key)
    part = left[: window.limit]
    return Page(items=[shown(value) for value in part], next=key(part[-1]) if len(left) > len(part) else None)
