"""Files that people write (TOML), read into strict models: whole, or refused with all that is wrong, in words."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError, ValidationInfo

from core.errors import InvalidInput

Form = TypeVar("Form", bound=BaseModel)

FROM_FILE = {"from_file": True}
"""The context a form is validated in that was read from a file."""

_BREAK = re.compile(r"(?<!\n)\n(?!\n|[ \t]*(?:[-*•]|\d+[.)])[ \t])[ \t]*")
"""The end of a line within a paragraph: neither beside an empty line nor before an item of a list."""


def folded(text: object, info: ValidationInfo) -> object:
    """Return prose from a file without the line breaks of its lines: an empty line begins a paragraph, `- ` an item.

    For a field's type, as a validator before its own. What comes from elsewhere, or is no text, stays as it is.
    """
    if info.context != FROM_FILE or not isinstance(text, str):
        return text
    return _BREAK.sub(" ", "\n".join(line.rstrip() for line in text.strip().split("\n")))


def load_form(
    form: type[Form],
    path: Path,
    rejected: Callable[[list[str]], Exception],
    *,
    place: Callable[[str], str] = str,
    **beside: Any,
) -> Form:
    """Read a TOML file, with values that stand beside it, into a form.

    Raises what `rejected` makes of every problem in it, and InvalidInput where the file can not be opened. `place` puts
    a place in the file, `team.0.role`, into better words.
    """
    try:
        given = {**tomllib.loads(path.read_text(encoding="utf-8")), **beside}
        return form.model_validate(given, context=FROM_FILE)
    except ValidationError as error:
        raise rejected(in_words(error, place=place)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise rejected([f"it is no TOML file: {error}"]) from error
    except OSError as error:
        raise InvalidInput(f"{path} can not be read: {error.strerror}.") from error


def in_words(error: ValidationError, whole: str = "the file", *, place: Callable[[str], str] = str) -> list[str]:
    """Return each problem with its place; `whole` is what has one that is of no single field."""

    def said(problem: Any) -> str:
        where = place(".".join(map(str, problem["loc"]))) or whole
        return f"{where}: {str(problem['msg']).removeprefix('Value error, ')}"

    return [said(problem) for problem in error.errors()]
