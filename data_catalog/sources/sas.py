"""Whether a file of SAS (sas7bdat) is as long as it says: a reader may never miss the pages that are not there.

Layout: M. Shotwell, "SAS7BDAT Database Binary Format", 2013; ReadStat reads the same fields.
"""

import os
import struct
from typing import BinaryIO

_HEAD = 400
_WIDE, _SHIFTED, _LITTLE = slice(32, 33), slice(35, 36), slice(37, 38)
_YES, _IS_LITTLE = b"3", b"\x01"
_SHIFT = 4
_HEADER_AND_PAGE, _PAGES = 196, 204
"""Where the bytes of the header, of a page, and the number of pages stand in a file of 32 bits that is not shifted."""


def check_whole(file: BinaryIO) -> None:
    """Raise ValueError for a file that is shorter than its own header says."""
    file.seek(0)
    head = file.read(_HEAD)
    if len(head) < _HEAD:
        raise ValueError("it ends within its header")
    shift = _SHIFT if head[_SHIFTED] == _YES else 0
    order = "<" if head[_LITTLE] == _IS_LITTLE else ">"
    header, page = struct.unpack_from(f"{order}ii", head, _HEADER_AND_PAGE + shift)
    (pages,) = struct.unpack_from(f"{order}{'q' if head[_WIDE] == _YES else 'i'}", head, _PAGES + shift)
    said, size = header + page * pages, file.seek(0, os.SEEK_END)
    if size < said:
        raise ValueError(f"it has {size:,} bytes, and its header says {said:,}")
