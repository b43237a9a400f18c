"""What a team says about the files it wants out: parsed at the edge, trusted inside, never in the control database."""

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from core.errors import InvalidInput
from core.forms import in_words
from core.settings import Settings
from egress_review.checks.text import UNSEEN
from egress_review.errors import TooLarge

LONGEST_NAME = 255
"""Characters of a file's name with its folders (Linux's limit for one name)."""

"""Unicode categories no name has: controls, direction overrides and other formats, surrogates, line separators."""


def checked_name(name: str) -> str:
    """Return a file name that stays below its folder and shows as it is; raises ValueError for any other."""
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a file name has at most {LONGEST_NAME} characters")
    if any(unicodedata.category(character) in UNSEEN for character in name) or "\\" in name:
        raise ValueError("a file name has no control, direction or line-break characters and no backslash")
    if any(part != part.strip() or part in ("", ".", "..") for part in name.split("/")):
        raise ValueError("a file name is a path below your folder: not absolute, no '..', no part empty or padded")
    return name


def _checked_text(text: str) -> str:
    if any(unicodedata.category(character) in UNSEEN for character in text if character not in "\n\t\r"):
        raise ValueError("a text has no control or direction characters")
    return text


Prose = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_checked_text)]
Code = Annotated[str, StringConstraints(max_length=200_000)]
Name = Annotated[str, AfterValidator(checked_name)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class FileNote(_Strict):
    """One file's name, what it is and the code that made it; `statbarn` is the class the author takes it for."""

    name: Name
    context: Prose = ""
    code: Code = ""
    statbarn: Annotated[str, StringConstraints(max_length=60), AfterValidator(_checked_text)] | None = None


class Manifest(_Strict):
    """A submission without its bytes; `replaces` names the returned request this is a new round of."""

    description: Annotated[Prose, StringConstraints(min_length=1, strip_whitespace=True)]
    replaces: str | None = Field(None, pattern=r"^[0-9a-f]{16}$")
    files: tuple[FileNote, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        seen = {unicodedata.normalize("NFKC", file.name).casefold() for file in self.files}
        if len(seen) < len(self.files):
            raise ValueError("two files have names that read the same")
        return self


def parse_manifest(text: str) -> Manifest:
    """Read a manifest from JSON; raises InvalidInput naming each field that is wrong, never its content."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        problems = "; ".join(in_words(error, "manifest"))
        raise InvalidInput(f"The submission's description is not right: {problems}.", "Nothing was held.") from error


def check_sizes(settings: Settings, manifest: Manifest, sizes: Sequence[int]) -> None:
    """Refuse files that are not the ones described, empty ones, too many, or too much."""
    if len(sizes) != len(manifest.files):
        raise InvalidInput(f"{len(manifest.files)} files are described, {len(sizes)} were sent.", "Nothing was held.")
    if len(sizes) > settings.submission_max_files:
        raise TooLarge(f"{len(sizes)} files; one request has at most {settings.submission_max_files}.", "Split it.")
    if sum(sizes) > settings.submission_max_bytes:
        limit = settings.submission_max_bytes
        raise TooLarge(f"{sum(sizes)} bytes; one request has at most {limit}.", "Send summaries, not data.")
    if 0 in sizes:
        raise InvalidInput(f"File {sizes.index(0) + 1} is empty.", "Leave it out.")
