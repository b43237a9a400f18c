"""What the process apart gives up for good before it reads a hostile byte: network, files to write, user, powers.

Each step is checked: where the kernel refuses one, Unconfined is raised and nothing is read. As root the process
becomes nobody; a service that isn't root keeps its own user, without powers, in a namespace of its own.
"""

import ctypes
import os
import resource
import struct
import sys
from pathlib import Path

from egress_review.checks.limits import MEMORY_BYTES, PROCESSOR_SECONDS, REPLY_BYTES

NOBODY = 65534
_ROOT = Path(__file__).parents[2]
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000  # the number is the same on every architecture
_READ_ONLY = struct.pack("4Q", 1, 0, 0, 0)
_CAPABILITIES_3 = struct.pack("Ii", 0x20080522, 0)

_libc = ctypes.CDLL(None, use_errno=True)


class Unconfined(OSError):
    """The kernel refused a wall, so that nothing may be read behind it."""


def hold_open(folder: str) -> str:
    """Open a folder and give a path to it that holds when the folders above it are closed to this process."""
    return f"/proc/self/fd/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}"


def lock_down() -> None:
    """Give up what reading a file doesn't need; raise Unconfined where that can't be had."""
    try:
        is_root = os.geteuid() == 0
        _call("unshare", _CLONE_NEWNET | _CLONE_NEWNS | (0 if is_root else _CLONE_NEWUSER))
        _call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
        if is_root:
            _open_the_way({Path(sys.base_prefix), Path(sys.prefix), _ROOT})
        _call("syscall", _SYS_MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, _READ_ONLY, len(_READ_ONLY))
        if is_root:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        _call("capset", _CAPABILITIES_3, bytes(24))
        _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)  # no process of the same user looks into this one
    except OSError as error:
        raise Unconfined(error.errno, "This host gives the process no walls of its own") from error
    _limit()


def _limit() -> None:
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, REPLY_BYTES),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _open_the_way(needed: set[Path]) -> None:
    """Lay Python and our modules bare where a folder above them is closed to nobody; all else in it goes away."""
    closed = {folder: _closed_above(folder) for folder in sorted(needed)}
    opened = {folder: hold_open(str(folder)) for folder, above in closed.items() if above}
    for above in {above for above in closed.values() if above}:
        _call("mount", b"none", os.fsencode(above), b"tmpfs", 0, b"mode=755")
    for folder, path in opened.items():
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        _call("mount", os.fsencode(path), os.fsencode(folder), None, _MS_BIND | _MS_REC, None)


def _closed_above(folder: Path) -> Path | None:
    """Find the outermost folder on the way that nobody can't pass."""
    return next((above for above in reversed(folder.parents) if not above.stat().st_mode & 0o001), None)


def _call(name: str, *args: int | bytes | None) -> None:
    if getattr(_libc, name)(*args) != 0:
        raise OSError(ctypes.get_errno(), f"{name} was refused")
