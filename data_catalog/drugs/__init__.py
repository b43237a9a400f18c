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

_TREATMENT = "(?:drugs?|treatments?|therapy|therapies|dmts?|medications?)"

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
    r"matching adjusted|maic",
    rf"(?:rank|contrast)(?:s|ed|ing)? (?:\w+ ){{0,4}}?{_TREATMENT}|(?:arms|{_TREATMENT}) contrasted",
    r"(?:works?|do|does|fares?) (?:best|better|worse)",
    r"which (?:of (?:the )?)?(?:trial )?arms?",
    rf"(?:which|either|two|both|different|alternative) (?:of (?:the )?)?(?:\w+ )?{_TREATMENT}",
    rf"one {_TREATMENT} (?:\w+ ){{0,8}}?(?:another|other)",
)
_COMPARISON = re.compile(rf"\b(?:{'|'.join(_COMPARISONS)})\b")

UNTREATED = frozenset({"placebo", "untreated"})
"""The arms of those who were given no drug."""

_ARMS = {
    "placebo": ("placebo", "placebos", "sham"),
    "untreated": ("untreated", "no treatment"),
    "active": ("active arm", "active drug", "active treatment", "active group", "treated", "study drug", "verum"),
    **{f"arm {letter}": (f"arm {letter}", f"treatment {letter}", f"drug {letter}") for letter in "abcdefgh"},
}

_Names = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]
"""First part of a name → names that begin with it, as their parts, the longest first, and what each stands for."""


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
    return tuple(dict.fromkeys(_found(_parts(text), _drug_names())))


def comparison_words(text: str) -> tuple[str, ...]:
    """Return the phrases of a text that announce a comparison, once each, in lower case and without punctuation."""
    return tuple(dict.fromkeys(found[0] for found in _COMPARISON.finditer(_plain(text))))


def arm_words(text: str) -> tuple[str, ...]:
    """Return the arms of a trial that a text names: placebo, untreated, active, and lettered ones such as `arm b`."""
    return _arms(_parts(text))


def treatment_words(text: str) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return the drugs and the arms that a text names, and how many words it has; read once, for long texts."""
    parts = _parts(text)
    return tuple(dict.fromkeys(_found(parts, _drug_names()))), _arms(parts), len(parts)


def _arms(parts: Sequence[str]) -> tuple[str, ...]:
    """Find arms; `active` by itself is one where it stands alone, as in `Active (n = 20)`: lesions are active too."""
    if parts[:1] == ["active"] and all(part == "n" or part.isdecimal() for part in parts[1:]):
        return ("active",)
    return tuple(dict.fromkeys(_found(parts, _arm_names())))


def _found(parts: Sequence[str], names: _Names) -> Iterator[str]:
    if names.keys().isdisjoint(parts):  # as most texts' are, and quickly known
        return
    end = 0
    for place, part in enumerate(parts):
        if part not in names or place < end:
            continue
        for name, meant in names[part]:
            if tuple(parts[place : place + len(name)]) == name:
                yield meant
                end = place + len(name)
                break


@cache
def _drug_names() -> _Names:
    return _by_first_part({inn: (inn, *drug.also, *drug.atc) for inn, drug in drug_list().drugs.items()})


@cache
def _arm_names() -> _Names:
    return _by_first_part(_ARMS)


def _by_first_part(names: Mapping[str, Sequence[str]]) -> _Names:
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for meant, written in names.items():
        for name in written:
            parts = tuple(_parts(name))
            found.setdefault(parts[0], []).append((parts, meant))
    return {first: sorted(some, key=lambda one: -len(one[0])) for first, some in found.items()}


def _plain(text: str) -> str:
    return " ".join(_parts(text))


def _parts(text: str) -> list[str]:
    if not text.isascii():
        marks = ("Mn", "Cf")  # accents, and what is not seen: soft hyphens, joiners
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(one for one in decomposed if unicodedata.category(one) not in marks)
    return _PART.findall(text.casefold().translate(_GREEK))
