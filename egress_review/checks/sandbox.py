"""Work on hostile bytes in a process apart, so that a crash, a bomb or an endless loop ends there.

What it is: a fresh interpreter with limits on memory, processor time and wall time; no network, nothing to write to,
no powers, and as root no user of ours either (confinement.py); no environment of ours; replies as JSON, never pickle,
in a file of limited size. What it is not: a virtual machine. It shares the kernel and reads what anybody may read.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import BoundedSemaphore
from typing import IO, Any

from egress_review.checks.confinement import Unconfined, hold_open, lock_down
from egress_review.checks.limits import PROCESSES_APART, WALL_SECONDS

Task = Callable[[Mapping[str, Any], bytes], Iterator[dict[str, Any]]]

_ROOT = Path(__file__).parents[2]
_START = "from egress_review.checks.sandbox import work; work()"
_ONE_THREAD = {"POLARS_MAX_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""More threads would each reserve memory that the process is not allowed, and so would Arrow's own pools."""
_UNCONFINED = 70
_TURNS = BoundedSemaphore(PROCESSES_APART)


@dataclass(frozen=True)
class Outcome:
    """What a process apart replied before it ended, and why it stopped if it did not end by itself."""

    replies: tuple[Mapping[str, Any], ...]
    stopped: str = ""


def run_apart(task: str, facts: Mapping[str, Any], content: bytes, wall_seconds: float = WALL_SECONDS) -> Outcome:
    """Run `module:function` of ours on facts and hostile bytes in a process apart; never raise for what they do."""
    with _TURNS, tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as replies:
        given.write(json.dumps({"task": task, **facts}).encode() + b"\n" + content)
        given.seek(0)
        stopped = _run(given, replies, wall_seconds)
        replies.seek(0)
        return Outcome(tuple(_read(replies)), stopped)


def _run(given: IO[bytes], replies: IO[bytes], wall_seconds: float) -> str:
    """Start the process, wait for it, and say why it stopped; nothing if it came to its end."""
    environment = {"PYTHONPATH": str(_ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", **_ONE_THREAD}
    process = subprocess.Popen(
        [sys.executable, "-P", "-s", "-c", _START],
        stdin=given, stdout=replies, stderr=subprocess.DEVNULL, env=environment, cwd="/", start_new_session=True,
    )  # fmt: skip
    try:
        code = process.wait(wall_seconds)
    except subprocess.TimeoutExpired:
        return f"stopped after {wall_seconds:g} seconds"
    finally:
        _end(process)
    if code == _UNCONFINED:
        return "was not begun: this host doesn't let it be confined"
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"ended with code {code}" if code else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started, which is in its own group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def _read(replies: IO[bytes]) -> Iterator[Mapping[str, Any]]:
    for line in replies:
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(reply, dict):
            yield reply


def work() -> None:
    """Do one task: the process apart begins here."""
    facts = json.loads(sys.stdin.buffer.readline())
    if "cut" in facts:
        facts["cut"] = hold_open(facts["cut"])
    try:
        lock_down()
    except Unconfined:
        sys.exit(_UNCONFINED)
    module, function = facts.pop("task").split(":")
    task: Task = getattr(import_module(module), function)
    for reply in task(facts, sys.stdin.buffer.read()):
        sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
        sys.stdout.buffer.flush()
