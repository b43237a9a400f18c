"""Words that come from people, as a mail can carry them."""

import unicodedata

LONGEST_VALUE = 4000
"""Characters of one field of a mail; what is longer is read in the portal."""

_CUT = " […]"
_BREAKS = {"Zl", "Zp"}
_REFUSED = {"Cc", "Cs"}


def plain_text(text: str) -> str:
    """Return a text without control characters but its line ends, and no longer than LONGEST_VALUE."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(character for character in lines if character == "\n" or not _is_control(character))
    return kept if len(kept) <= LONGEST_VALUE else kept[: LONGEST_VALUE - len(_CUT)] + _CUT


def one_line(text: str) -> str:
    """Return a text as a header can carry it: every break of a line and control character is a space."""
    return " ".join("".join(" " if _is_control(character) else character for character in text).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _REFUSED | _BREAKS
