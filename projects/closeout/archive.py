"""The team's folder as one read-only file: a deterministic tar of plain files, packed with gzip.

What the team kept is written by people nobody vouches for. Folders and files go in, without owners, special bits or
times below a second; links, pipes, sockets and devices do not, nor what would make it larger than it may be. What is
left out is listed inside, for names come from inside a container and are nobody's to read before output checkers did.
"""

import gzip
import io
import os
import tarfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from core import canonical
from core.files import ensure_folder, sync_folder
from core.trees import Node, walk

DEEPEST = 64
"""Folders in folders that are archived; what people make by hand is far from it."""
LIST = "left-out.json"
"""What is left out, in the archive beside the folder `team`; the first of it only, the counts are of all."""
LONGEST_LIST = 10_000
_TEAM = "team"
_HEADERS = 6 * tarfile.BLOCKSIZE
"""Room for the headers of one entry beside its path, which may stand in them twice."""
_LAST_SECOND = 0o77777777777


@dataclass
class Packed:
    """What became of a folder: how many files are in the archive, and how many of what kind are not."""

    files: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


def make_archive(folder: Path, destination: Path, most_bytes: int) -> Packed:
    """Write a folder as an archive, whole or not at all, mode 0400; the same folder gives the same bytes.

    `most_bytes` is of the tar before it is packed.
    """
    ensure_folder(destination.parent)
    temporary = destination.with_name(f".{destination.name}.tmp")
    temporary.unlink(missing_ok=True)  # what somebody who died has left
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as zipped:
            packed = _pack(folder, zipped, most_bytes)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(destination)
    sync_folder(destination.parent)
    return packed


def _pack(folder: Path, zipped: gzip.GzipFile, most_bytes: int) -> Packed:
    packed = Packed()
    listed: list[dict[str, str | int]] = []
    with tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for node in walk(folder, DEEPEST):
            if why := _why_not(node, tar.offset, most_bytes):
                packed.left_out[why] += 1
                if len(listed) < LONGEST_LIST:
                    listed.append({"path": _printable(node), "why": why, "bytes": node.status.st_size})
                continue
            _add(tar, node)
            packed.files += node.is_file
        content = canonical.dumps({"left_out": listed, "counts": packed.left_out})
        info = tarfile.TarInfo(LIST)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return packed


def _why_not(node: Node, offset: int, most_bytes: int) -> str:
    if not node.is_file and not node.is_folder:
        return "no plain file"
    if node.is_folder and len(node.parts) == DEEPEST:
        return f"more than {DEEPEST} folders deep"
    headers = _HEADERS + 2 * len(os.fsencode(_path(node)))
    if offset + headers + (node.status.st_size if node.is_file else 0) > most_bytes:
        return "over the size of the archive"
    return ""


def _add(tar: tarfile.TarFile, node: Node) -> None:
    info = tarfile.TarInfo(f"{_TEAM}/{_path(node)}")
    info.mtime = min(max(int(node.status.st_mtime), 0), _LAST_SECOND)
    if node.is_folder:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(info)
    else:
        info.mode, info.size = 0o755 if node.status.st_mode & 0o100 else 0o644, node.status.st_size
        with os.fdopen(node.open(), "rb") as file:
            tar.addfile(info, file)
    tar.getmembers().clear()  # it would remember millions of them


def _path(node: Node) -> str:
    return "/".join(node.parts)


def _printable(node: Node) -> str:
    return os.fsencode(_path(node)).decode(errors="backslashreplace")
