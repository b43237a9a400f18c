"""What requests and answers are made of: strict bodies, shown values, and the kinds of text both use."""

from typing import Annotated, Any, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from core.people.models import LONGEST_SLUG
from projects.models import Line, Prose

SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
APPLICATION = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*\.[0-9]{1,4}$"
NAME = r"^[a-z][a-z0-9_]*$"
TOKEN = r"^[0-9a-f]{16}$"  # noqa: S105  (the form of an id)

MOST = 2**31 - 1
"""The largest number that both databases keep."""

Slug = Annotated[str, StringConstraints(max_length=LONGEST_SLUG, pattern=SLUG)]
Name = Annotated[str, StringConstraints(max_length=63, pattern=NAME)]
Optional = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
"""Prose that may be left out."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The hash of an application as it was read."""

ProjectId = Annotated[str, Path(max_length=LONGEST_SLUG, pattern=SLUG, description="the project's id")]
ApplicationId = Annotated[
    str,
    Path(max_length=LONGEST_SLUG + 5, pattern=APPLICATION, description="the application's id, such as cis-spinal.0"),
]
Username = Annotated[str, Path(max_length=LONGEST_SLUG, pattern=SLUG, description="the person's user name")]
Resource = Annotated[str, Path(max_length=63, pattern=NAME, description="the resource's id, such as ms_cidr")]
Number = Annotated[int, Path(ge=1, le=MOST)]

__all__ = ["Line", "Prose"]


class Shown(BaseModel):
    """What an answer shows of a value of the house: the fields that are named, and no others."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return what is shown of a value."""
        return cls.model_validate(value)


class Asked(BaseModel):
    """The body of a request: nothing that is not named is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Reason(Asked):
    """Why something is asked for."""

    reason: Prose
