"""Locks between the processes of one machine: held by a name, let go when the process ends, however it does."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Conflict
from core.files import ensure_folder
from core.settings import Settings


@contextmanager
def locked(settings: Settings, name: str, refusal: Conflict, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock, alone or with others who share it; raises the refusal at once where somebody holds it otherwise.

    Its empty file stays: one that was removed under somebody who waits would be two locks.
    """
    path = ensure_folder(settings.locks) / name
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, refusal)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int, refusal: Conflict) -> None:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise refusal from error
