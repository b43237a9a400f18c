"""Collect what is wrong with the files of a tree: per rule how often, and the first files that break it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

IMAGING = "imaging"


@dataclass
class Problems:
    """Problems found so far; a file's number counts the files of the tree in the order of their paths, from 1."""

    numbers: dict[str, int]
    _found: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add(self, kind: str, rule: str, path: str) -> None:
        """Note that a file breaks a rule; `kind` says what sort of file it is."""
        self._found.setdefault((kind, rule), []).append(path)

    def add_all(self, kind: str, rules: Iterable[str], path: str) -> None:
        """Note every rule that a file breaks."""
        for rule in rules:
            self.add(kind, rule, path)

    def __bool__(self) -> bool:
        return bool(self._found)

    def findings(self) -> tuple[Finding, ...]:
        """Return one finding for each rule that is broken."""
        return tuple(
            Finding(
                IMAGING,
                kind,
                rule,
                len(paths),
                tuple(Violation(self.numbers.get(path, 0), path.rpartition("/")[2]) for path in paths[:SHOWN_PER_RULE]),
            )
            for (kind, rule), paths in self._found.items()
        )
