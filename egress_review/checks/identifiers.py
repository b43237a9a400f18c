"""Pseudonyms of the cut, and what directly names a person, anywhere in a file and in the usual encodings."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from egress_review.appetite import RiskAppetite
from egress_review.checks.cut import pseudonyms
from egress_review.checks.document import Document, Text
from egress_review.checks.models import CutFacts, Finding
from egress_review.checks.text import counted

CHECK = "identifiers"
RISK = "identity"

KNOWN_LENGTH = 10  # so many first characters of a pseudonym are as good as all of it: 45 bits, no two people share them
_SHAPE = re.compile(r"(?<![A-Za-z0-9])P[A-Z2-7]{16}(?![A-Za-z0-9])")
_CANDIDATE = re.compile(rf"(?=(P[A-Z2-7]{{{KNOWN_LENGTH - 1}}}))")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/]{2000,}")
_NOT_ALPHANUMERIC = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)
_MAX_PLACES = 10


def check(document: Document, cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Search every text of the file, its name and its decoded contents among them."""
    known = frozenset(name[:KNOWN_LENGTH] for name in pseudonyms(cut))
    found = [*_pseudonyms(document, known), *_shapes(document, known), *_patterns(document)]
    yield from found
    if document.pictures:
        message = "What a picture shows is not read: look for names, numbers and labels in it."
        yield Finding(CHECK, RISK, "review", message)
    elif not found and document.kind.handling in ("held", "refused"):
        message = f"No pseudonym stands in the bytes, but what a {document.kind.label} holds is not read."
        yield Finding(CHECK, RISK, "not_checked", message)
    elif not found:
        message = f"None of the cut's {len(known):,} pseudonyms, and no pattern of a direct identifier, was found; "
        yield Finding(CHECK, RISK, "pass", message + "names of people are not recognised by machine.")


def squeezed(text: str) -> str:
    """Reduce text to capital letters and digits, so that case, separators and look-alike widths don't matter."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return plain.upper().encode("ascii", "ignore").translate(None, _NOT_ALPHANUMERIC).decode("ascii")


def _pseudonyms(document: Document, known: frozenset[str]) -> Iterator[Finding]:
    people: set[str] = set()
    places: dict[str, None] = {}
    for text in document.texts:
        here = {found for found in _CANDIDATE.findall(squeezed(text.content)) if found in known}
        people |= here
        if here:
            places[_line(text, here)] = None
    if people:
        who, where = counted(len(people), "person", "people"), counted(len(places), "place")
        message = f"Pseudonyms of this cut: {who}, in {where}."
        yield Finding(CHECK, RISK, "fail", message, tuple(places)[:_MAX_PLACES])


def _line(text: Text, people: set[str]) -> str:
    """Say where a pseudonym stands: by line where it is written plainly, else in what."""
    if text.where == "the file's name" or text.where.endswith("encoded"):
        return text.where
    for number, line in enumerate(text.content.splitlines(), 1):
        if any(name in line.upper() for name in people):
            return f"{text.where}, line {number}"
    return f"{text.where}, written with separators or in another encoding"


def _prose(text: Text) -> str:
    """Leave out runs of letters and digits so long that only a machine reads them: they are decoded elsewhere."""
    return _LONG_RUN.sub(" ", text.content)


def _shapes(document: Document, known: frozenset[str]) -> Iterator[Finding]:
    """Find what looks like a pseudonym, but of no one in this cut: another project's, or one that was altered."""
    places = [
        text.where
        for text in document.texts
        if any(found[:KNOWN_LENGTH] not in known for found in _SHAPE.findall(_prose(text)))
    ]
    if places:
        message = "Text of the shape of a pseudonym, of nobody in this cut: another project's, or an altered one."
        yield Finding(CHECK, RISK, "fail", message, tuple(dict.fromkeys(places))[:_MAX_PLACES])


@dataclass(frozen=True)
class _Pattern:
    name: str
    form: re.Pattern[str]
    is_valid: Callable[[re.Match[str]], bool] = lambda _: True


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _digits(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found[0])


def _is_swedish(found: re.Match[str]) -> bool:
    """Date of birth (day + 60 in a co-ordination number) and Luhn check digit (Skatteverket, SKV 704)."""
    digits = _digits(found)[-10:]
    day = int(digits[4:6])
    doubled = "".join(str(int(digit) * (2 - place % 2)) for place, digit in enumerate(digits))
    is_born = _is_date(2000 + int(digits[:2]), int(digits[2:4]), day - 60 if day > 60 else day)
    return is_born and sum(map(int, doubled)) % 10 == 0


def _is_danish(found: re.Match[str]) -> bool:
    """Date of birth first; since 2007 not every number has a valid check digit, so none is asked for."""
    digits = _digits(found)
    return _is_date(2000 + int(digits[4:6]), int(digits[2:4]), int(digits[:2]))


def _is_telephone(found: re.Match[str]) -> bool:
    return 9 <= len(_digits(found)) <= 15  # E.164: at most 15


_EMAIL = re.compile(r"(?<=[A-Za-z0-9._%+-])@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}")
_TELEPHONE = re.compile(r"(?<![\w.+-])\+\d{1,3}(?:[ ()-]{0,2}\d{1,4}){2,6}(?![\w.])")
_SWEDISH = re.compile(r"(?<!\d)(?:(?:19|20)\d{6}[-+ ]?\d{4}|\d{6}[-+]\d{4})(?!\d)")
_DANISH = re.compile(r"(?<!\d)\d{6}-\d{4}(?!\d)")
_PATTERNS = (
    _Pattern("e-mail address", _EMAIL),
    _Pattern("telephone number", _TELEPHONE, _is_telephone),
    _Pattern("Swedish personal number", _SWEDISH, _is_swedish),
    _Pattern("Danish personal number", _DANISH, _is_danish),
)


def _patterns(document: Document) -> Iterator[Finding]:
    texts = [(text.where, _prose(text)) for text in document.texts if not text.where.endswith("encoded")]
    for pattern in _PATTERNS:
        places = [where for where, prose in texts if any(map(pattern.is_valid, pattern.form.finditer(prose)))]
        if places:
            message = f"Text of the form of a {pattern.name}: see whose it is."
            yield Finding(CHECK, RISK, "review", message, tuple(dict.fromkeys(places))[:_MAX_PLACES])
