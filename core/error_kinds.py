"""Every error of the house that was imported, and what it means: for the pages that list them."""

import re
import sys

from core.errors import MyelinError


def every_error() -> list[type[MyelinError]]:
    """Return every error there is, in order of exit code and name."""
    return sorted(_family(MyelinError), key=lambda kind: (kind.exit_code, kind.__name__))


def meaning(error: type[MyelinError]) -> str:
    """Return what the tree in its module's docstring says of an error, or the error's own first sentence."""
    tree = sys.modules[error.__module__].__doc__ or ""
    line = re.search(rf"─ {error.__name__} {{2,}}(.+?)(?: {{2,}}|$)", tree, re.MULTILINE)
    return line[1] if line else (error.__doc__ or "").strip().split("\n")[0]


def _family(kind: type[MyelinError]) -> set[type[MyelinError]]:
    return {kind}.union(*(_family(child) for child in kind.__subclasses__()))
