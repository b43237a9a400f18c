"""What may be unpacked: an XLSX file is an archive, and an archive of a megabyte can hold a terabyte.

A sheet of two cells can be as large: a reader asks for memory for every cell of the rectangle they span, and dies.
"""

import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

MOST_MEMBERS = 1_000
MOST_BYTES = 1 << 30
"""Bytes an archive may hold, unpacked."""
HIGHEST_RATIO = 200
"""Unpacked to packed bytes of one member; spreadsheets of numbers reach some 20."""
MOST_CELLS = 10_000_000
"""Cells between a sheet's first and its farthest, filled or not."""

_CHUNK = 1 << 20
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)([0-9]+)["']""")
_LONGEST_CELL = 64
_LETTERS = 26

_UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError)


def problem_of_archive(path: Path) -> str:
    """Say why an archive is not to be opened, or nothing; each member is unpacked and counted, and nothing is kept."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                return f"holds {len(members):,} parts, and may hold {MOST_MEMBERS:,}"
            left = MOST_BYTES
            for member in members:
                size, cells = _measured(archive, member, min(left, member.compress_size * HIGHEST_RATIO + _CHUNK))
                if size is None:
                    return f"unpacks to more than {MOST_BYTES:,} bytes, or to over {HIGHEST_RATIO} times its size"
                if cells > MOST_CELLS:
                    return f"has a sheet of {cells:,} cells, filled or not, and may have {MOST_CELLS:,}"
                left -= size
    except _UNREADABLE as error:
        return f"is no archive that can be read: {error}"
    return ""


def _measured(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> tuple[int | None, int]:
    """Return how many bytes a member unpacks to (None once they are too many), and how many cells it spans."""
    member.file_size = sys.maxsize  # zipfile stops where a member says that it ends, and what it says is not asked
    size, row, column, before = 0, 0, 0, b""
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > most:
                return None, 0
            for letters, digits in _cells(before + chunk):
                row, column = max(row, int(digits)), max(column, _number(letters))
            before = chunk[-_LONGEST_CELL:]
    return size, row * column


def _cells(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    return (found.groups() for found in _CELL.finditer(text))  # type: ignore[misc]  # two groups, both always there


def _number(letters: bytes) -> int:
    """Return the number of a column: A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number
