"""Folders as others left them: walked, measured and deleted at any depth, without following a link or opening a pipe.

What is in them is written by people nobody vouches for. One descriptor is open at a time and nothing recurs, so that
neither a folder in a folder in a folder nor a path longer than the system takes ends a walk.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.files import sync_folder

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True)
class Node:
    """One thing in a folder: its place, what it is, and the open folder it is in, while the walk is there."""

    parts: tuple[str, ...]
    status: os.stat_result
    parent: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and no link to one."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a file with bytes of its own: no link, pipe, socket or device."""
        return stat.S_ISREG(self.status.st_mode)

    def open(self) -> int:
        """Open the file and return its descriptor; raises OSError where something else is in its place by now."""
        return os.open(self.parts[-1], _FILE, dir_fd=self.parent)


@dataclass(frozen=True)
class Size:
    """How much is in a folder: things that are no folders, and the bytes of those that are files."""

    files: int = 0
    bytes: int = 0


def walk(folder: Path, deepest: int | None = None) -> Iterator[Node]:
    """Yield everything in a folder, in order of name, a folder before what is in it.

    What lies deeper than `deepest` folders is left out. Nobody may change the tree meanwhile.
    """
    here = os.open(folder, _FOLDER)
    try:
        above: list[str] = []
        waiting = [_names(here)]
        while waiting:
            if waiting[-1]:
                name = waiting[-1].pop()
                node = Node((*above, name), os.stat(name, dir_fd=here, follow_symlinks=False), here)
                yield node
                if node.is_folder and (deepest is None or len(node.parts) < deepest):
                    here = _go(here, name)
                    above.append(name)
                    waiting.append(_names(here))
            elif waiting.pop() is not None and above:
                here = _go(here, "..")
                above.pop()
    finally:
        os.close(here)


def measure(folder: Path) -> Size:
    """Return how much is in a folder; nothing where there is none."""
    if not folder.exists():
        return Size()
    files = size = 0
    for node in walk(folder):
        files += not node.is_folder
        size += node.status.st_size if node.is_file else 0
    return Size(files, size)


def delete_tree(folder: Path) -> None:
    """Delete a folder with all that is in it; one that is gone stays gone. Begun again, it goes on."""
    try:
        root = os.open(folder, _FOLDER)
    except FileNotFoundError:
        return
    try:
        while names := _names(root):
            for name in names:
                _delete(root, name)
    finally:
        os.close(root)
    folder.rmdir()
    sync_folder(folder.parent)


def _delete(root: int, name: str) -> None:
    """Delete one thing in a folder; what folders it holds are first moved up beside it, so that none is too deep."""
    if not _is_folder(name, root):
        os.unlink(name, dir_fd=root)
        return
    inside = os.open(name, _FOLDER, dir_fd=root)
    try:
        for child in _names(inside):
            if _is_folder(child, inside):
                os.rename(child, f".{secrets.token_hex(16)}", src_dir_fd=inside, dst_dir_fd=root)
            else:
                os.unlink(child, dir_fd=inside)
    finally:
        os.close(inside)
    os.rmdir(name, dir_fd=root)


def _is_folder(name: str, parent: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _names(folder: int) -> list[str]:
    """Return the names in a folder, the first one last."""
    return sorted(os.listdir(folder), key=os.fsencode, reverse=True)


def _go(here: int, name: str) -> int:
    there = os.open(name, _FOLDER, dir_fd=here)
    os.close(here)
    return there
