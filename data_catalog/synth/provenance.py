"""Where the rates behind the synthetic data come from: seen in a publication, recalled from one, or assumed.

A rate is a table of a data file: its values, and beside them `source`, `recalled`, `assumption` and `note`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import InvalidInput

SOURCES = Path(__file__).parent / "sources.toml"

_BESIDE = frozenset({"source", "recalled", "assumption", "note"})


class Mark(StrEnum):
    """How far a value can be relied on."""

    SEEN = "seen"
    RECALLED = "recalled"
    ASSUMPTION = "assumption"


@dataclass(frozen=True)
class Source:
    """A publication; `seen` says where its figures were read, and is empty where they were not."""

    citation: str
    seen: str = ""


@dataclass(frozen=True)
class Rate:
    """The values of a rate, with the mark of each, the source of those that have one, and the note on them."""

    name: str
    values: Mapping[str, Any]
    marks: Mapping[str, Mark]
    sources: Mapping[str, str]
    note: str


@cache
def sources() -> Mapping[str, Source]:
    """Return every source of `sources.toml` by its name."""
    return {name: Source(**entry) for name, entry in tomllib.loads(SOURCES.read_text(encoding="utf-8")).items()}


def rates_of(entries: Mapping[str, Any]) -> tuple[Rate, ...]:
    """Return the rates among the entries of a data file; raises InvalidInput for one that does not say its source."""
    return tuple(_rate(name, entry) for name, entry in entries.items() if isinstance(entry, dict))


def _rate(name: str, entry: Mapping[str, Any]) -> Rate:
    values = {key: value for key, value in entry.items() if key not in _BESIDE}
    marks = _marks(name, entry, values)
    given = entry.get("source", {})
    by_value = given if isinstance(given, dict) else dict.fromkeys(values, given)
    named = {key: by_value.get(key, "") for key in values if marks[key] is not Mark.ASSUMPTION}
    rate = Rate(name, values, marks, named, entry.get("note", ""))
    check_rate(rate, sources())
    return rate


def _marks(name: str, entry: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Mark]:
    if entry.get("source") == Mark.ASSUMPTION:
        return dict.fromkeys(values, Mark.ASSUMPTION)
    marks = dict.fromkeys(values, Mark.SEEN)
    for mark in (Mark.RECALLED, Mark.ASSUMPTION):
        for key in entry.get(mark, ()):
            if marks.get(key) is not Mark.SEEN:
                raise InvalidInput(f'Rate "{name}" marks "{key}", which it does not have or has marked before.')
            marks[key] = mark
    return marks


def check_rate(rate: Rate, known: Mapping[str, Source]) -> None:
    """Raise InvalidInput unless every value has a source that was seen, or a mark and a note that says why."""
    for key, source in rate.sources.items():
        if source not in known:
            raise InvalidInput(f'"{key}" of rate "{rate.name}" has no source.', "Name one of sources.toml, or mark it.")
        if rate.marks[key] is Mark.SEEN and not known[source].seen:
            raise InvalidInput(f'"{key}" of rate "{rate.name}" was not seen in "{source}".', "Mark it as recalled.")
    if set(rate.marks.values()) - {Mark.SEEN} and not rate.note:
        raise InvalidInput(f'Rate "{rate.name}" marks a value and does not say why.', "Write a note.")
