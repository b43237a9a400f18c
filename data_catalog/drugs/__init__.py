"""Words by which a text names drugs, arms of a trial, and comparisons; the drugs are those of `drugs.toml`.

A word found says that somebody should read the text, and nothing else: what is compared with what, no list can tell.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

_LIST = Path(__file__).parent / "drugs.toml"
_PART = re.compile(r"[^\W\d_]+|\d+")
"""Letters or digits that stand together: so `BG12` is `BG-12`, and `rebif_44` names Rebif."""

_GREEK = str.maketrans({"α": "alpha", "β": "beta"})

_COMPARISONS = (
    r"compar(?:e|es|ed|ing|ison|isons|ative|atively|ator|ators)(?: effectiveness| efficacy| safety)?",
    r"versus|vs",
    r"(?:non )?(?:superior|inferior) to",
    r"(?:non ?)?(?:superiority|inferiority)|non ?inferior",
    r"equivalence (?:trial|study|margin)",
    r"(?:better|worse|safer) than",
    r"(?:more|less) (?:effective|efficacious|potent|harmful|safe|tolerable) than",
    r"as (?:effective|efficacious|safe|good) as",
    r"outperform(?:s|ed|ing)?",
    r"relative (?:effectiveness|efficacy|safety)",
    r"head to head",
    r"emulat(?:e|es|ed|ing|ion)(?: (?:of|a|an|the|target|randomised|randomized|clinical)){0,4} trials?",
    r"target trials?",
    r"(?:indirect|mixed) treatment comparisons?|network meta analys[ie]s",
    r"switch(?:es|ed|ing)? (?:\w+ ){0,3}from (?:\w+ ){1,6}?to \w+",
    r"(?:treatment|drug) (?:effect|effects|response|responses)",
    r"(?:between|across|by) (?:the )?(?:\w+ ){0,2}(?:arm|arms|drug|drugs|treatment|treatments)",
    r"propensity scores?",
)
_COMPARISON = re.compile(rf"\b(?:{'|'.join(_COMPARISONS)})\b")

_ARMS = (
    ("placebo", r"placebos?|sham"),
    ("untreated", r"untreated|no treatment"),
    ("active", r"active (?:arm|drug|treatment|group)|treated|study drug|verum"),
)
_ARM = re.compile(rf"\b(?:{'|'.join(f'(?P<{name}>{words})' for name, words in _ARMS)})\b")
_LETTERED = re.compile(r"\b(?:arm|treatment|drug|group) [a-h]\b")


class _Drug(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    also: tuple[str, ...] = Field((), strict=False)
    atc: tuple[str, ...] = Field((), strict=False)


class _DrugList(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    sources: Mapping[str, str]
    drugs: Mapping[str, _Drug]


@cache
def drug_list() -> _DrugList:
    """Return the drugs that are known, each with its other names and its ATC codes."""
    return _DrugList.model_validate(tomllib.loads(_LIST.read_text(encoding="utf-8")))


def drug_words(text: str) -> tuple[str, ...]:
    """Return the drugs a text names, once each in the order they come, by their nonproprietary names.

    Whole words count, in any case, with or without accents, hyphens and spaces; the longest name there is wins.
    """
    return tuple(dict.fromkeys(_drugs_in(_parts(text))))


def comparison_words(text: str) -> tuple[str, ...]:
    """Return the phrases of a text that announce a comparison, once each, in lower case and without punctuation."""
    return tuple(dict.fromkeys(found[0] for found in _COMPARISON.finditer(_plain(text))))


def arm_words(text: str) -> tuple[str, ...]:
    """Return the arms of a trial that a text names: placebo, untreated, active, and lettered ones such as `arm b`."""
    plain = _plain(text)
    named = (found.lastgroup or "" for found in _ARM.finditer(plain))
    return tuple(dict.fromkeys([*named, *(found[0] for found in _LETTERED.finditer(plain))]))


def _drugs_in(parts: Sequence[str]) -> Iterator[str]:
    names, place = _names(), 0
    while place < len(parts):
        for name, drug in names.get(parts[place], ()):
            if tuple(parts[place : place + len(name)]) == name:
                yield drug
                place += len(name)
                break
        else:
            place += 1


@cache
def _names() -> Mapping[str, Sequence[tuple[tuple[str, ...], str]]]:
    """Return every name, as its parts, by the first of them, the longest first."""
    names: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for inn, drug in drug_list().drugs.items():
        for name in (inn, *drug.also, *drug.atc):
            parts = tuple(_parts(name))
            names.setdefault(parts[0], []).append((parts, inn))
    return {first: sorted(found, key=lambda one: -len(one[0])) for first, found in names.items()}


def _plain(text: str) -> str:
    return " ".join(_parts(text))


def _parts(text: str) -> list[str]:
    if not text.isascii():
        marks = ("Mn", "Cf")  # accents, and what is not seen: soft hyphens, joiners
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(one for one in decomposed if unicodedata.category(one) not in marks)
    return _PART.findall(text.casefold().translate(_GREEK))
