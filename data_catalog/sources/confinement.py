"""Take a process what it needs not: files, the network, memory without end. For parsers of bytes from elsewhere.

Files by Landlock (Linux 5.13 and later; landlock(7)), which also keeps a process from looking into others. The network
by an empty namespace, where the kernel lets one be made; TCP by Landlock too, from Linux 6.7. What the kernel can not
do is not done, and nothing else stands in for it.
"""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_ONLY = 1
_PATH_BENEATH = 1
_READ = (1 << 0) | (1 << 2) | (1 << 3)
"""Run, read a file, list a folder: the last two, and loading a library needs the first."""
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""Rights over files that each version of Landlock knows, as a number of bits."""
_TCP_SINCE, _TCP_RIGHTS = 4, 0b11
_NO_NEW_PRIVILEGES, _DIE_WITH_PARENT = 38, 1
_SIGKILL = 9
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def confine(memory: int) -> None:
    """Confine this process for good: so many bytes of address space, Python's own files to read, no network."""
    _libc.prctl(_DIE_WITH_PARENT, _SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if _libc.unshare(_NEW_NETWORK):
        _libc.unshare(_NEW_USER | _NEW_NETWORK)
    _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _restrict_files(_python())


def can_restrict_files() -> bool:
    """Tell whether this kernel has Landlock."""
    return _version() > 0


def _python() -> Iterable[Path]:
    """Return where Python and its packages lie: modules may be loaded at first need."""
    places = (sys.prefix, sys.base_prefix, "/usr/lib", "/lib", "/usr/share/zoneinfo", f"/proc/{os.getpid()}")
    own = Path(__file__).parents[1]
    return [path for path in (*map(Path, places), own) if path.exists()]


def _version() -> int:
    return int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_ONLY)))


def _restrict_files(readable: Iterable[Path]) -> None:
    version = _version()
    if version <= 0:
        return
    rights = (1 << max(bits for since, bits in _FILE_RIGHTS.items() if since <= version)) - 1
    handled = struct.pack("QQ", rights, _TCP_RIGHTS) if version >= _TCP_SINCE else struct.pack("Q", rights)
    ruleset = _libc.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), ctypes.c_uint32(0))
    for path in readable:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", _READ, place)
        _libc.syscall(_ADD_RULE, ruleset, ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
        os.close(place)
    if ruleset < 0 or _libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)):
        raise OSError(ctypes.get_errno(), "Landlock is there, and did not take hold")
    os.close(ruleset)
