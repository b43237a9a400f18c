"""Tasks that misbehave, for the process apart to contain."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
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
