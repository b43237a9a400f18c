"""Pseudonyms of the cut, and what directly names a person, anywhere in a file and in the usual encodings."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from egress_review.appetite import RiskAppetite
from egress_review.checks.cut import pseudonyms
from egress_review.checks.document import Document, Text
from egress_review.checks.models import CutFacts, Finding
from egress_review.checks.numbers import is_number
from egress_review.checks.tables import Table
from egress_review.checks.text import counted

CHECK = "identifiers"
RISK = "identity"

# How many characters in a row, from anywhere in a pseudonym, are as good as all of it. Each is 5 bits: with so many
# people a megabyte of random letters and digits holds such a piece by chance about once in a thousand files.
_PIECES = ((1_000, 8), (30_000, 9))  # at most so many people, so many characters
_LONG_PIECE = 10
_LONG_STARTS = (0, 4, 7)  # of the pieces kept for more people: the first 10, the last 10, any 13
_SHAPE = re.compile(r"(?<![A-Za-z0-9])P[A-Z2-7]{16}(?![A-Za-z0-9])")
_RUN = re.compile(r"[A-Z2-7]+")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/]{2000,}")
_NOT_ALPHANUMERIC = bytes(byte for byte in range(256) if not chr(byte).isalnum() or byte > 127)
_MAX_PLACES = 10


def check(document: Document, cut: CutFacts, _appetite: RiskAppetite) -> Iterator[Finding]:
    """Search every text of the file, its name and its decoded contents among them."""
    names = pseudonyms(cut)
    known = Pieces(names)
    found = [*_pseudonyms(document, known), *_shapes(document, names), *_patterns(document)]
    yield from found
    if document.pictures:
        message = "What a picture shows is not read: look for names, numbers and labels in it."
        yield Finding(CHECK, RISK, "review", message)
    elif not found and document.kind.handling in ("held", "refused"):
        message = f"No pseudonym stands in the bytes, but what a {document.kind.label} holds is not read."
        yield Finding(CHECK, RISK, "not_checked", message)
    elif not found:
        message = f"None of the cut's {len(names):,} pseudonyms, nor {known.length} characters of one, and no pattern "
        message += "of a direct identifier was found; names of people are not recognised by machine."
        yield Finding(CHECK, RISK, "pass", message)


class Pieces:
    """The pieces of a cut's pseudonyms by which a person is known, with or without the leading P."""

    def __init__(self, names: Collection[str]) -> None:
        self.length = next((length for most, length in _PIECES if len(names) <= most), _LONG_PIECE)
        starts: Sequence[int] = _LONG_STARTS if self.length == _LONG_PIECE else range(18 - self.length)
        self._people: Mapping[str, int] = {
            name[start : start + self.length]: number for number, name in enumerate(names) for start in starts
        }

    def find(self, text: str) -> dict[str, int]:
        """Find the pieces that stand in squeezed text, each with the number of its person."""
        length, people = self.length, self._people
        runs: Iterator[str] = map(re.Match.group, _RUN.finditer(text))
        return {
            piece: people[piece]
            for run in runs
            for start in range(len(run) - length + 1)
            if (piece := run[start : start + length]) in people
        }


def squeezed(text: str) -> str:
    """Reduce text to capital letters and digits, so that case, separators and look-alike widths don't matter."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return plain.upper().encode("ascii", "ignore").translate(None, _NOT_ALPHANUMERIC).decode("ascii")


def _pseudonyms(document: Document, known: Pieces) -> Iterator[Finding]:
    people: set[int] = set()
    places: dict[str, None] = {}
    for text in document.texts:
        if here := known.find(squeezed(text.content)):
            people.update(here.values())
            places[_line(text, here)] = None
    for table in document.tables:
        if more := set(known.find(squeezed(_words(table))).values()) - people:
            people |= more
            places[f"{table.where}, between its numbers"] = None
    if people:
        who, where = counted(len(people), "person", "people"), counted(len(places), "place")
        message = f"Pseudonyms of this cut: {who}, in {where}."
        yield Finding(CHECK, RISK, "fail", message, tuple(places)[:_MAX_PLACES])


def _words(table: Table) -> str:
    """Write a table's cells one after the other without its numbers, which may part what belongs together."""
    return "".join(cell for row in table.rows for cell in row if not is_number(cell))


def _line(text: Text, pieces: Collection[str]) -> str:
    """Say where a pseudonym stands: by line where it is written plainly, else in what."""
    if text.where == "the file's name" or text.where.endswith("encoded"):
        return text.where
    for number, line in enumerate(text.content.splitlines(), 1):
        if any(piece in line.upper() for piece in pieces):
            return f"{text.where}, line {number}"
    return f"{text.where}, written with separators or in another encoding"


def _prose(text: Text) -> str:
    """Leave out runs of letters and digits so long that only a machine reads them: they are decoded elsewhere."""
    return _LONG_RUN.sub(" ", text.content)


def _shapes(document: Document, names: Collection[str]) -> Iterator[Finding]:
    """Find what looks like a pseudonym, but of no one in this cut: another project's, or one that was altered."""
    places = [
        text.where for text in document.texts if any(found not in names for found in _SHAPE.findall(_prose(text)))
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
