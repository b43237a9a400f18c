"""Files that survive a crash: written beside, synced, renamed, and the folder synced too."""

import ctypes
import hashlib
import os
import secrets
from pathlib import Path

_CHUNK = 1 << 20


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(descriptor: int) -> None:
    """Make everything on the file system of an open file durable at once: thousands of files one by one take minutes.

    Raises OSError where something could not be written.
    """
    if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
        raise OSError(ctypes.get_errno(), "What was written could not be made durable")


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file whole or not at all: a temporary name, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def publish_folder(prepared: Path, final: Path) -> None:
    """Move a prepared folder to its final name, everything in it made durable first.

    Raises FileExistsError where the final name is taken by a folder with something in it.
    """
    descriptor = os.open(prepared, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync_file_system(descriptor)
    finally:
        os.close(descriptor)
    if final.exists():
        raise FileExistsError(final)
    prepared.rename(final)
    sync_folder(final.parent)


def ensure_folder(path: Path, mode: int = 0o700) -> Path:
    """Make a folder with exactly this mode, its missing parents closed to others, and return it."""
    for parent in reversed(path.parents):  # one by one: `parents=True` would give the mode to the last alone
        parent.mkdir(exist_ok=True, mode=0o700)
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    return path
