"""Reading the files a researcher wants to send: each once, and only plain files of the person or the team."""

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from myelin.errors import FileRefused
from myelin.workspace import Limits, Workspace

PathLike = str | Path


@dataclass(frozen=True)
class OutgoingFile:
    """Hold a file as it was read: its name below the home folder (`team/...` for the team's) and its bytes."""

    name: str
    content: bytes


def as_paths(files: PathLike | Iterable[PathLike]) -> tuple[Path, ...]:
    """Accept one path or several; raises FileRefused for none."""
    given = (files,) if isinstance(files, str | Path) else tuple(files)
    if not given:
        raise FileRefused("No file was named.", "Name at least one: myelin.preflight('outbox/table.csv').")
    return tuple(Path(file).expanduser() for file in given)


def read_files(paths: Iterable[Path], workspace: Workspace, limits: Limits) -> tuple[OutgoingFile, ...]:
    """Read every file once; raises FileRefused for the first that cannot be sent, and for too many or too large."""
    wanted = tuple(paths)
    if len(wanted) > limits.files:
        raise FileRefused(
            f"{len(wanted)} files are too many: {limits.files} fit in a request.", "Make several requests."
        )
    read: list[OutgoingFile] = []
    room = limits.total_bytes
    for path in wanted:
        read.append(read_file(path, workspace, room))
        room -= len(read[-1].content)
    if len({file.name for file in read}) < len(read):
        raise FileRefused("The same file is named twice.", "Name each file once.")
    return tuple(read)


def read_file(path: Path, workspace: Workspace, room: int) -> OutgoingFile:
    """Read one plain file of at most `room` bytes from the person's or the team's folder; raises FileRefused."""
    real = _real_parent(path) / path.name
    name = _name_for_reviewers(real, path, workspace)
    descriptor = _open(real, path)
    try:
        return OutgoingFile(name, _read(descriptor, path, room))
    finally:
        os.close(descriptor)


def _real_parent(path: Path) -> Path:
    try:
        return path.absolute().parent.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise FileRefused(
            f"There is no file {path}.", "Check the name; relative names start where you work."
        ) from error


def _name_for_reviewers(real: Path, given: Path, workspace: Workspace) -> str:
    for folder, prefix in ((workspace.home.resolve(), ""), (workspace.team.resolve(), "team/")):
        if real.is_relative_to(folder) and real != folder:
            return _check_name(prefix + real.relative_to(folder).as_posix())
    raise FileRefused(f"{given} is outside your home and team folders.", "Save what you want to send in ~/outbox.")


def _check_name(name: str) -> str:
    if not name.isprintable() or '"' in name or "\\" in name:
        raise FileRefused(
            f"The name {name!r} has signs a reviewer could misread.", "Rename it with letters and digits."
        )
    return name


def _open(real: Path, given: Path) -> int:
    # O_NOFOLLOW: what is read is the file named, not what a link points at.
    # O_NONBLOCK: a named pipe without a writer would hold the kernel for ever.
    try:
        return os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileRefused(f"{given} is a symbolic link.", "Copy the file it points at to ~/outbox.") from error
        if error.errno == errno.ENXIO:
            raise FileRefused(f"{given} is not a plain file.", "Save the result as an ordinary file.") from error
        raise FileRefused(
            f"{given} cannot be opened: {error.strerror}.", "Check the name and its permissions."
        ) from error


def _read(descriptor: int, path: Path, room: int) -> bytes:
    status = os.fstat(descriptor)
    _check_plain_file(status, path)
    if status.st_size > room:
        raise FileRefused(
            f"{path} has {status.st_size:,} bytes; {room:,} are left in this request.",
            "Send aggregated results, not data; or split the request.",
        )
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        content = stream.read(status.st_size + 1)
    if len(content) != status.st_size:
        raise FileRefused(f"{path} changed while it was read.", "Finish writing it, then try again.")
    return content


def _check_plain_file(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise FileRefused(f"{path} is a folder.", "Name the files in it one by one.")
    if not stat.S_ISREG(status.st_mode):
        raise FileRefused(f"{path} is not a plain file.", "Save the result as an ordinary file.")
    if status.st_size == 0:
        raise FileRefused(f"{path} is empty.", "Save the result, then try again.")
