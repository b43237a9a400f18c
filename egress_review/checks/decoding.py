"""What text hides in the usual encodings: base64, base32, hexadecimal, escapes, compression.

This finds what a program writes and what somebody tries first. A cipher of one's own is not found by any machine;
the two people who look are the answer to that.
"""

import base64
import binascii
import html
import re
import zlib
from collections.abc import Iterator
from itertools import groupby

from egress_review.checks.pictures import inflate

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_BASE64_LINE = re.compile(r"\s*[A-Za-z0-9+/]{4,}={0,2}\s*")
_BASE32 = re.compile(r"[A-Z2-7]{24,}={0,6}")
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2}[\s:,]?){17,}")
_ESCAPES = re.compile(r"\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})|=([0-9A-F]{2})|\\([0-7]{3})")
_BASES = (16, 16, 16, 16, 8)
_SHORT_RUN, _LONG_RUN = 20, 1 << 20


def hidden_in(text: str) -> Iterator[bytes]:
    """Decode every run of a text that may be encoded bytes, and the text itself where it holds escapes."""
    for is_encoded, lines in groupby(text.splitlines(), key=lambda line: bool(_BASE64_LINE.fullmatch(line))):
        if is_encoded and len(run := "".join(map(str.strip, lines))) > _SHORT_RUN:
            yield from _base64(run)
    for run in _BASE64.findall(text):
        yield from _base64(run)
    for run in _BASE32.findall(text):
        yield base64.b32decode(_whole(run, 8), casefold=True)
    for run in _HEXADECIMAL.findall(text):
        digits = re.sub(r"[^0-9A-Fa-f]", "", run)
        for shift in (0, 1):
            piece = digits[shift:]
            yield bytes.fromhex(piece[: len(piece) // 2 * 2])
    unescaped = html.unescape(_ESCAPES.sub(_unescape, text))
    if unescaped != text:
        yield unescaped.encode("utf-8", "replace")


def _base64(run: str) -> Iterator[bytes]:
    """Decode a run at each of the four alignments it may have; a long one is a file and has its own."""
    standard = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    for shift in (0,) if len(standard) > _LONG_RUN else range(4):
        piece = standard[shift:]
        try:
            yield base64.b64decode(piece[: len(piece) // 4 * 4] + _tail(piece))
        except binascii.Error:
            continue


def _tail(piece: str) -> str:
    rest = piece[len(piece) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def _whole(run: str, length: int) -> str:
    bare = run.rstrip("=")
    return bare[: len(bare) // length * length]


def _unescape(found: re.Match[str]) -> str:
    group = next(index for index, digits in enumerate(found.groups()) if digits is not None)
    return chr(int(found.groups()[group], _BASES[group]))


def inflated(content: bytes) -> bytes:
    """Decompress gzip and zlib content, up to a limit; anything else gives nothing."""
    if content[:2] == b"\x1f\x8b" or content[:1] == b"\x78":
        return inflate(content, zlib.MAX_WBITS | 32)
    return b""
