"""What may be unpacked: an XLSX file is an archive, and an archive of a megabyte can hold a terabyte."""

import zipfile
from pathlib import Path

MOST_MEMBERS = 1_000
MOST_BYTES = 1 << 30
"""Bytes an archive may hold, unpacked."""
HIGHEST_RATIO = 200
"""Unpacked to packed bytes of one member; spreadsheets of numbers reach some 20."""

_CHUNK = 1 << 20


def problem_of_archive(path: Path) -> str:
    """Say why an archive is not to be opened, or nothing; each member is unpacked and counted, and nothing is kept."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                return f"holds {len(members):,} parts, and may hold {MOST_MEMBERS:,}"
            left = MOST_BYTES
            for member in members:
                size = _unpacked(archive, member, min(left, member.compress_size * HIGHEST_RATIO + _CHUNK))
                if size is None:
                    return f"unpacks to more than {MOST_BYTES:,} bytes, or to over {HIGHEST_RATIO} times its size"
                left -= size
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        return f"is no archive that can be read: {error}"
    return ""


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> int | None:
    """Return how many bytes a member unpacks to, None once they are too many; what it declares is not asked."""
    size = 0
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > most:
                return None
    return size
