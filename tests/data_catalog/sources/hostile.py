"""A process of parsers whose libraries do what a file made for it could make them do: run as `python -m` by a test.

What it does is the text the file begins with. Everything but the parsers themselves is as in the real process.
"""

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import polars as pl

from data_catalog.sources import parsers, readers

MEMORY = 1 << 30


def crash(_: str) -> str:
    os.kill(os.getpid(), signal.SIGSEGV)
    return "alive"


def write_nowhere(_: str) -> str:
    ctypes.string_at(0)
    return "alive"


def leave(_: str) -> str:
    os._exit(7)


def eat(_: str) -> str:
    return str(len(b"x" * (4 * MEMORY)))


def hang(_: str) -> str:
    time.sleep(60)
    return "slept"


def look(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def write(path: str) -> str:
    Path(path).write_text("taken", encoding="utf-8")
    return "written"


def look_into(pid: str) -> str:
    return Path(f"/proc/{pid}/environ").read_text(encoding="utf-8", errors="replace")


def call(port: str) -> str:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5):
        return "connected"


def settings(_: str) -> str:
    return " ".join(sorted(os.environ))


ACTS: dict[str, Callable[[str], str]] = {
    act.__name__: act for act in (crash, write_nowhere, leave, eat, hang, look, write, look_into, call, settings)
}


def sheet(file: BinaryIO, _: str) -> pl.DataFrame:
    """Do what the file says, and give what came of it as a sheet."""
    act, _, of = file.read().decode().partition(" ")
    return pl.DataFrame({"0": [ACTS[act](of)]})


if __name__ == "__main__":
    readers.sheet = sheet
    parsers.serve(int(sys.argv[1]), MEMORY)
