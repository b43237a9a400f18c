"""Give a normalised file a second place without copying its bytes: a reflink, else a hard link, else a copy."""

import errno
import fcntl
import os
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import IntegrityBroken
from core.files import sync_file_system

REFLINK, HARD_LINK, COPY = "reflink", "hard link", "copy"

READ_ONLY = 0o444
FOLDER = 0o755
WRITABLE = 0o222
_MOST_LINKS = 1000
"""Of one small file; ext4 allows 65,000, of which a copy of the tree by links (`cp -al`) needs as many again."""

_FICLONE = 0x40049409
"""The request of ioctl_ficlone(2): Btrfs, XFS and others share blocks until one side is written."""

_CHUNK = 1 << 20
_CAN_NOT = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM}
_CAN_NOT_HERE = {*_CAN_NOT, errno.EMLINK}
_NEXT = {REFLINK: HARD_LINK, HARD_LINK: COPY}


class Sharer:
    """Share files of one folder with another; what the file system can not do is found out once."""

    def __init__(self, source: Path, destination: Path) -> None:
        self.counts = Counter[str]()
        self._source = os.open(source, os.O_RDONLY | os.O_DIRECTORY)
        self._destination = os.open(destination, os.O_RDONLY | os.O_DIRECTORY)
        self._way = REFLINK
        self._small: dict[bytes, tuple[str, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._source)
        os.close(self._destination)

    def folder(self, path: str) -> None:
        """Make a folder that all may read."""
        os.mkdir(path, FOLDER, dir_fd=self._destination)
        os.chmod(path, FOLDER, dir_fd=self._destination)

    def share(self, held: str, path: str) -> None:
        """Give a file of the source folder a place in the destination."""
        way = self._way
        while True:
            try:
                self._do(way, held, path)
                break
            except OSError as error:
                # Too many links to one file say nothing about the next file.
                if error.errno not in _CAN_NOT_HERE or way == COPY:
                    raise
                way = _NEXT[way]
                if error.errno != errno.EMLINK:
                    self._way = way
        self.counts[way] += 1

    def write(self, path: str, content: bytes) -> None:
        """Write a small read-only file."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY, dir_fd=self._destination)
        try:
            os.write(descriptor, content)
            os.fchmod(descriptor, READ_ONLY)
        finally:
            os.close(descriptor)

    def write_shared(self, path: str, content: bytes) -> None:
        """Write a small file whose content others in the destination have too: one inode for a thousand of them."""
        first, links = self._small.get(content, ("", _MOST_LINKS))
        if links < _MOST_LINKS:
            try:
                os.link(first, path, src_dir_fd=self._destination, dst_dir_fd=self._destination)
                self._small[content] = first, links + 1
                return
            except OSError as error:
                if error.errno not in _CAN_NOT_HERE:
                    raise
        self.write(path, content)
        self._small[content] = path, 1

    def make_durable(self) -> None:
        """Have the file system write all of it down."""
        sync_file_system(self._destination)

    def _do(self, way: str, held: str, path: str) -> None:
        if way == HARD_LINK:
            if stat.S_IMODE(os.stat(held, dir_fd=self._source).st_mode) & WRITABLE:
                raise IntegrityBroken(f"The vault's file {held} can be written: a link to it would open the vault.")
            os.link(held, path, src_dir_fd=self._source, dst_dir_fd=self._destination)
        else:
            self._fill(held, path, _clone if way == REFLINK else _copy)

    def _fill(self, held: str, path: str, fill: Callable[[int, int], None]) -> None:
        """Make a file of its own and fill it; it is gone again where that fails."""
        source = os.open(held, os.O_RDONLY, dir_fd=self._source)
        try:
            new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY, dir_fd=self._destination)
            try:
                fill(new, source)
                os.fchmod(new, READ_ONLY)
                os.utime(new, (0, 0))
            except BaseException:
                os.unlink(path, dir_fd=self._destination)
                raise
            finally:
                os.close(new)
        finally:
            os.close(source)


def _clone(new: int, source: int) -> None:
    fcntl.ioctl(new, _FICLONE, source)


def _copy(new: int, source: int) -> None:
    while os.sendfile(new, source, None, _CHUNK):
        pass
