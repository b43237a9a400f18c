"""Cells as numbers: whole numbers of people, percentages, and cells the author hid."""

import re
from dataclasses import dataclass
from functools import lru_cache

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"\d+(\.0+)?|\d{1,3}([, '\u00a0\u202f]\d{3})+")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_COUNT_AND_PERCENT = re.compile(
    r"(?P<count>\d[\d, ]*)\s*(?:/\s*(?P<of>\d[\d, ]*)\s*)?\((?P<percent>\d+(?:\.\d+)?)\s*(?P<sign>%?)\)"
)
_PERCENT_AND_COUNT = re.compile(r"(?P<percent>\d+(?:\.\d+)?)\s*(?P<sign>%)\s*\((?P<count>\d[\d, ]*)\)")
_HIDDEN = re.compile(
    r"[<≤]\s*=?\s*\d+|\*+|[-–—]+|\.{2,3}|…|\[?(c|x|z|low|suppressed|redacted|hidden|masked|confidential)\]?|"
    r"\(?(suppressed|redacted|hidden)\)?|na|n/a|nan|none|null|<na>|",
    re.IGNORECASE,
)

_BELOW = re.compile(r"(?P<sign><=?|≤)\s*(?P<than>=?\s*\d{1,9})")


@dataclass(frozen=True)
class CountAndShare:
    """What a cell like `12 (30%)` says: people, or the rest of the whole where that is fewer; and a percentage."""

    people: int
    percentage: float


def is_number(cell: str) -> bool:
    """Ask whether a cell is one number in the way programs write them."""
    return _NUMBER.fullmatch(cell.strip()) is not None


@lru_cache(maxsize=1 << 16)
def whole(cell: str) -> int | None:
    """Read a whole number of at least 0, with or without thousands separators or a trailing `.0`."""
    text = cell.strip()
    if not _WHOLE.fullmatch(text) or len(text) > 30:
        return None
    return int(re.sub(r"[^\d]", "", text.split(".")[0]))


@lru_cache(maxsize=1 << 16)
def is_hidden(cell: str) -> bool:
    """Ask whether a cell stands where a number was left out or hidden: `<10`, `*`, `[c]`, nothing at all."""
    return _HIDDEN.fullmatch(cell.strip()) is not None


def below(cell: str) -> int | None:
    """Read the k of `<k`, and k + 1 of `≤k`; None for anything else."""
    found = _BELOW.fullmatch(cell.strip()) if "<" in cell or "≤" in cell else None
    if found is None:
        return None
    includes = found["sign"] != "<" or "=" in found["than"]
    return int(found["than"].lstrip("= ")) + includes


def composite(cell: str, percent_is_said: bool = False) -> CountAndShare | None:
    """Read `12 (30%)`, `12/40 (30%)`, `30% (12)`, or `12 (30)` under a heading of percent; None for anything else."""
    if "(" not in cell:
        return None
    text = cell.strip()
    found = _COUNT_AND_PERCENT.fullmatch(text) or _PERCENT_AND_COUNT.fullmatch(text)
    if found is None or not (found["sign"] or percent_is_said):
        return None
    parts = found.groupdict()
    people, of = whole(parts["count"]), whole(parts.get("of") or "")
    if people is None:
        return None
    fewest = people if of is None or of < people else min(people, of - people)
    return CountAndShare(fewest, float(parts["percent"]))


def percentage(cell: str) -> float | None:
    """Read `30%` or `30.5 %`; None for anything else."""
    found = _PERCENT.fullmatch(cell.strip()) if "%" in cell else None
    return float(found[1]) if found else None
