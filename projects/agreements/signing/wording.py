"""The words of a resource's data use agreement: a versioned file for each, model texts of ours."""

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.forms import load_form
from projects.agreements.errors import NoWording, WordingRejected
from projects.models import Line, Name, Prose

WORDINGS = Path(__file__).parent / "wording"

FIELDS = frozenset({"resource", "institution", "project", "ends"})
"""What a clause may name as `$field`."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Clause(_Strict):
    """One clause: its heading, and its text with fields."""

    heading: Line
    text: Prose

    @field_validator("text")
    @classmethod
    def _names_known_fields(cls, text: str) -> str:
        template = Template(text)
        if not template.is_valid() or not set(template.get_identifiers()) <= FIELDS:
            raise ValueError(f"names a field that is none of {', '.join(sorted(FIELDS))}")
        return text

    def filled(self, fields: Mapping[str, str]) -> str:
        """Return the text with the fields of a project in it."""
        return Template(self.text).substitute(fields)


class Wording(_Strict):
    """The clauses of one resource's agreement, in one version."""

    resource: Name
    version: int = Field(ge=1)
    title: Line
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, strict=False)]


def load_wording(resource: str, folder: Path = WORDINGS) -> Wording:
    """Read the words of a resource's agreement; raises NoWording where it has none, or WordingRejected."""
    path = folder / f"{resource}.toml"
    if not path.is_file():
        raise NoWording(resource)
    wording = load_form(Wording, path, WordingRejected)
    if wording.resource != resource:
        raise WordingRejected([f"resource: it is of {wording.resource}, in the file of {resource}"])
    return wording
