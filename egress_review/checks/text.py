"""Bytes as text: which encoding they are in, and what an eye would not see."""

import codecs
import unicodedata
from dataclasses import dataclass

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BINARY = frozenset(map(chr, range(32))) - frozenset("\a\b\t\n\f\r\x1b")  # logs ring bells and paint colours
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of characters nobody sees, or that move what is seen: controls, formats, separators of lines."""


@dataclass(frozen=True)
class Decoded:
    """Text, and the encoding it was in."""

    content: str
    encoding: str


def decode(content: bytes) -> Decoded | None:
    """Read bytes as text: UTF-8, UTF-16 with its mark, or Windows-1252; None where binary control characters are."""
    marked = next((encoding for mark, encoding in _BOMS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if any(control in text for control in _BINARY) else Decoded(text, encoding)
    return None


def is_unseen(character: str) -> bool:
    """Ask whether a character changes or hides text without showing itself: controls, bidi marks, zero widths."""
    if character in "\t\n\r":
        return False
    return unicodedata.category(character) in UNSEEN or character in "\u115f\u1160\u2800\u3164\uffa0\ufe0f"


def unseen(text: str) -> tuple[str, ...]:
    """List the characters of a text that do not show, as code points, each once."""
    return tuple(f"U+{ord(character):04X}" for character in sorted(set(text)) if is_unseen(character))


def counted(number: int, one: str, many: str = "") -> str:
    """Say a number of things: 1 count, 2 counts."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def quote(text: str, most: int = 40) -> str:
    """Quote a piece of a file in a finding: short, on one line, with what does not show made visible."""
    visible = "".join(f"<U+{ord(c):04X}>" if is_unseen(c) or c in "\t\n\r" else c for c in text[: most + 1])
    return f"“{visible[:most]}…”" if len(text) > most else f"“{visible}”"
