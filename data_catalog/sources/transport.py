"""The outline of a SAS transport file: where its records begin and how long each is, so that any can be read alone.

Records have one length; a reader that is asked for the millionth reads all before it. Layout: SAS technical note
TS-140 (version 5) and its successor for version 8.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

_LINE = 80
_LINES = 1 << 14
"""Lines that are searched at once."""
_MARK = b"HEADER RECORD*******"
_MEMBER = (_MARK + b"MEMBER  HEADER RECORD!!!!!!!", _MARK + b"MEMBV8  HEADER RECORD!!!!!!!")
_VARIABLES = (_MARK + b"NAMESTR HEADER RECORD!!!!!!!", _MARK + b"NAMSTV8 HEADER RECORD!!!!!!!")
_RECORDS = (_MARK + b"OBS     HEADER RECORD!!!!!!!", _MARK + b"OBSV8   HEADER RECORD!!!!!!!")
_SIZE_OF_VARIABLE = slice(74, 78)
"""Where a member's header says how many bytes describe a variable: 140, or 136 on one old system."""
_RECORDS_SAID = slice(48, 63)
_LENGTH = slice(4, 6)
"""Where such a description says how many bytes of a record a variable takes."""


@dataclass(frozen=True)
class Outline:
    """Where a file's records begin, the bytes of each, and how many there are."""

    start: int
    length: int
    rows: int


def outline(file: BinaryIO, variables: int) -> Outline:
    """Return the outline of a file of so many variables; raises ValueError for one that holds several datasets."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        member, described = _line(content, _MEMBER, 0), _line(content, _VARIABLES, 0)
        start = _line(content, _RECORDS, described) + _LINE
        _check_is_last(file, start)
        size = int(content[member : member + _LINE][_SIZE_OF_VARIABLE])
        first = described + _LINE
        length = sum(_length(content, first + number * size) for number in range(variables))
        rows = _rows(content, start, length)
        if content[start + rows * length :].strip(b" \0") or rows < _said(content, start):
            raise ValueError("it ends within a record, or before the last of them")
        return Outline(start, length, rows)


def part(file: BinaryIO, of: Outline, offset: int, rows: int) -> BytesIO:
    """Return a transport file of some of a file's records."""
    file.seek(0)
    head = file.read(of.start)
    file.seek(of.start + offset * of.length)
    return BytesIO(head + file.read(rows * of.length))


def _line(content: mmap.mmap, texts: tuple[bytes, ...], start: int) -> int:
    """Return where a line begins with one of these texts; raises ValueError where none does."""
    for line in range(start, len(content), _LINE):
        if content[line : line + len(texts[0])] in texts:
            return line
    raise ValueError("it is no SAS transport file")


def _check_is_last(file: BinaryIO, start: int) -> None:
    """Raise ValueError where another dataset follows: its header and records would be read as this one's."""
    file.seek(start)
    while lines := file.read(_LINES * _LINE):
        if any(lines.startswith(_MEMBER, place) for place in _places(lines)):
            raise ValueError("it holds several datasets; a file of its own for each can be read")


def _places(lines: bytes) -> Iterator[int]:
    """Yield where lines begin that look like a header."""
    place = lines.find(_MARK)
    while place >= 0:
        if place % _LINE == 0:
            yield place
        place = lines.find(_MARK, place + 1)


def _length(content: mmap.mmap, place: int) -> int:
    return int.from_bytes(content[place : place + _LENGTH.stop][_LENGTH], "big")


def _said(content: mmap.mmap, start: int) -> int:
    """Return how many records a file says it has: version 8 does."""
    said = content[start - _LINE : start][_RECORDS_SAID].strip()
    return int(said) if said.isdigit() else 0


def _rows(content: mmap.mmap, start: int, length: int) -> int:
    """Count the records; blanks that fill up the last line are none."""
    rows = (len(content) - start) // length if length else 0
    fill = max(0, rows - (_LINE - 1) // length) if length else 0
    while rows > fill and not content[start + (rows - 1) * length : start + rows * length].strip(b" "):
        rows -= 1
    return rows
