"""Tasks that misbehave, for the process apart to contain."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from errno import EROFS
from pathlib import Path
from typing import Any


def answer(facts: Mapping[str, Any], content: bytes) -> Iterator[dict[str, Any]]:
    yield {"name": facts["name"], "bytes": len(content)}


def loop(_facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    yield {"said": "before"}
    while True:
        pass


def eat_memory(_facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    yield {"said": "before"}
    yield {"bytes": len(bytearray(8 << 30))}


def crash(_facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    yield {"said": "before"}
    os.abort()


def flood(_facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    while True:
        yield {"said": "x" * (1 << 20)}


def talk_nonsense(_facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    yield {"said": "before"}
    sys.stdout.buffer.write(b"\x80\x04nonsense\n")
    sys.stdout.buffer.flush()


def call_home(facts: Mapping[str, Any], content: bytes) -> Iterator[dict[str, Any]]:
    """Send the content to a server; say whether it worked."""
    try:
        with socket.create_connection(("127.0.0.1", facts["port"]), timeout=2) as connection:
            connection.sendall(content)
        yield {"sent": True}
    except OSError:
        yield {"sent": False}


def leave_a_child(facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    yield {"child": child.pid}


def look_around(_facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    yield {"environment": sorted(os.environ), "folder": str(Path.cwd())}


def who_am_i(_facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    """Say which user, groups and capabilities this process has."""
    said = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    yield {name: said[name].split() for name in ("Uid", "Gid", "Groups", "CapEff", "CapPrm", "CapInh", "NoNewPrivs")}


def touch(facts: Mapping[str, Any], _content: bytes) -> Iterator[dict[str, Any]]:
    """Try to read, to write and to connect to paths; say what was refused."""
    attempts = {"read": _read, "write": _write, "connect": _connect}
    yield {path: _refusal(attempts[attempt], path) for attempt, path in facts["attempts"]}


def _refusal(attempt: Callable[[str], None], path: str) -> str:
    try:
        attempt(path)
    except OSError as error:
        return type(error).__name__ if error.errno != EROFS else "read-only"
    return "done"


def _read(path: str) -> None:
    Path(path).read_bytes()


def _write(path: str) -> None:
    Path(path).write_bytes(b"x")


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
