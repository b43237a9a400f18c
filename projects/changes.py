"""What differs between two versions of a file, field by field as the file names them."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

NAMED_BY = ("id", "username", "name")
"""What tells the entries of a list from each other, where they have it."""


@dataclass(frozen=True)
class Change:
    """One field in two versions; an empty text where a version has no such field."""

    field: str
    before: str
    after: str


def changes(before: BaseModel, after: BaseModel) -> tuple[Change, ...]:
    """Return every field in which two versions differ, in the order of the file."""
    old, new = (dict(_fields("", one.model_dump(mode="json"))) for one in (before, after))
    names = dict.fromkeys([*old, *new])
    return tuple(
        Change(name, old.get(name, ""), new.get(name, "")) for name in names if old.get(name, "") != new.get(name, "")
    )


def _fields(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield every field below a value of the file by its path."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _fields(f"{name}.{key}" if name else str(key), below)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for number, one in enumerate(value, 1):
            told_by = next((one[key] for key in NAMED_BY if key in one), number)
            yield from _fields(f"{name}.{told_by}", one)
    else:
        yield name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "none"
    return str(value) if value else "none"
