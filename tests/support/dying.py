"""Processes that die in the middle: at a chosen one of the steps that leave something on disk or in the log."""

import os
import shutil
import traceback
from collections.abc import Callable
from itertools import count
from typing import Any

from core.database import Transaction

_STEPS: tuple[tuple[Any, str], ...] = (
    (os, "fsync"),
    (os, "link"),
    (os, "mkdir"),
    (os, "rename"),
    (os, "rmdir"),
    (os, "unlink"),
    (shutil, "rmtree"),
    (Transaction, "record"),
)
_DIED = 9


def die_at_every_step(act: Callable[[], object], after_death: Callable[[], object]) -> int:
    """Run an act in a process of its own that dies before its first step, then before its second, until one lives.

    Each run finds what the one before left. `after_death` looks at it. Returns how many died.
    """
    for step in count(1):
        if not _dies(step, act):
            return step - 1
        after_death()
    raise AssertionError("an act takes a number of steps")


def _dies(step: int, act: Callable[[], object]) -> bool:
    child = os.fork()
    if child == 0:
        _live_until(step, act)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, _DIED), "the act failed by itself"
    return code == _DIED


def _live_until(step: int, act: Callable[[], object]) -> None:
    steps = count(1)

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(steps) == step:
                os._exit(_DIED)
            return real(*args, **kwargs)

        return call

    for owner, name in _STEPS:
        setattr(owner, name, dying(getattr(owner, name)))
    code = 1
    try:
        act()
        code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)
