"""Parsers of foreign bytes in a process of their own: it gets one open file at a time, and gives frames back.

A file made to break a parser breaks that process: it has no vault to read, no network, and so much memory and time.
Frames come back as Arrow streams, checked before they are used; nothing is unpickled.
"""

import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import polars as pl
import pyarrow as pa

from data_catalog.sources import readers
from data_catalog.sources.confinement import confine
from data_catalog.sources.files import Format

MOST_MEMORY = 4 << 30
"""Bytes of address space a parser may take."""
MOST_SILENCE = 600
"""Seconds a parser may take for 200,000 rows, or for one sheet."""

_HEAD = struct.Struct("!cQ")
_FRAME, _NAME, _REFUSED, _NOT_UTF8, _DONE = b"F", b"N", b"R", b"U", b"."
_LONGEST_REQUEST = 1 << 12
_LONGEST_ANSWER = 1 << 30
_LONGEST_REASON = 500


class NotReadable(ValueError):
    """The parser refused a file, or died of it; says how."""


class NotUtf8(NotReadable):
    """A text of the file is not in UTF-8, and the file says no other encoding."""


class Parsers:
    """The process, begun at first need and ended with the block; begun again after a file it died of."""

    def __init__(self, module: str = __name__) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def frames(self, path: Path, kind: Format, encoding: str, rows: int) -> Iterator[pl.DataFrame]:
        """Yield a file's rows, so many at a time; raises NotReadable, NotUtf8."""
        for tag, payload in self._ask(path, {"what": "frames", "kind": kind, "encoding": encoding, "rows": str(rows)}):
            if tag == _FRAME:
                yield _frame(payload)

    def first_row(self, path: Path, kind: Format) -> tuple[str, pl.DataFrame]:
        """Return the name a file gives its table, and a frame of its first row; raises NotReadable."""
        answer = dict(self._ask(path, {"what": "first_row", "kind": kind}))
        return answer[_NAME].decode("utf-8", errors="replace"), _frame(answer[_FRAME])

    def sheet(self, path: Path, name: str) -> pl.DataFrame:
        """Return a sheet's rows, the names among them; raises NotReadable."""
        return _frame(dict(self._ask(path, {"what": "sheet", "sheet": name}))[_FRAME])

    def _ask(self, path: Path, request: dict[str, str]) -> Iterator[tuple[bytes, bytes]]:
        ours = self._begin()
        done = False
        try:
            with path.open("rb") as file:
                socket.send_fds(ours, [json.dumps(request).encode()], [file.fileno()])
            while (answer := _received(ours))[0] != _DONE:
                if answer[0] in (_REFUSED, _NOT_UTF8):
                    done = True
                    kind = NotUtf8 if answer[0] == _NOT_UTF8 else NotReadable
                    raise kind(answer[1].decode("utf-8", errors="replace")[:_LONGEST_REASON])
                yield answer
            done = True
        except TimeoutError as error:
            raise NotReadable(f"its parser said nothing for {MOST_SILENCE} seconds and was ended") from error
        except OSError as error:
            raise NotReadable(f"its parser {self._how_it_died()}") from error
        finally:
            if not done:  # what it would still say would be taken for an answer about the next file
                self._end()

    def _begin(self) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair()
            self._socket.settimeout(MOST_SILENCE)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self._module, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "POLARS_MAX_THREADS": "1"},
                )
        return self._socket

    def _how_it_died(self) -> str:
        assert self._process
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        if code is None:
            return "closed its connection"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def _end(self) -> None:
        if self._socket and self._process:
            self._socket.close()
            self._process.kill()
            self._process.wait()
        self._socket = self._process = None


def _received(ours: socket.socket) -> tuple[bytes, bytes]:
    tag, size = _HEAD.unpack(_exactly(ours, _HEAD.size))
    if size > _LONGEST_ANSWER:
        raise ConnectionError("an answer longer than any")
    return tag, _exactly(ours, size)


def _exactly(ours: socket.socket, size: int) -> bytes:
    received = bytearray(size)
    view, done = memoryview(received), 0
    while done < size:
        if not (more := ours.recv_into(view[done:])):
            raise ConnectionError("the parser is gone")
        done += more
    return bytes(received)


def _frame(payload: bytes) -> pl.DataFrame:
    """Read an Arrow stream that a parser wrote, every offset in it checked; raises NotReadable."""
    try:
        with pa.ipc.open_stream(payload) as stream:
            table = stream.read_all()
        table.validate(full=True)
        frame = pl.from_arrow(table)
    except pa.ArrowException as error:
        raise NotReadable(f"its parser gave no rows that can be used: {error}") from error
    assert isinstance(frame, pl.DataFrame)
    return frame


# ---- in the process of the parsers -----------------------------------------------------------------------------------


def serve(descriptor: int, memory: int = MOST_MEMORY) -> None:
    """Answer requests until the other side is gone."""
    confine(memory)
    with socket.socket(fileno=descriptor) as theirs:
        while True:
            request, files, _, _ = socket.recv_fds(theirs, _LONGEST_REQUEST, 1)
            if not request:
                return
            with os.fdopen(files[0], "rb") as file:
                _send(theirs, *_answered(theirs, json.loads(request), file, memory))


def _answered(theirs: socket.socket, request: dict[str, str], file: BinaryIO, memory: int) -> tuple[bytes, bytes]:
    """Answer one request, and return the last of the answer."""
    try:
        for tag, payload in _answers(request, file):
            _send(theirs, tag, payload)
    except UnicodeDecodeError as error:
        return _NOT_UTF8, str(error).encode()
    except readers.UNREADABLE as error:
        return _REFUSED, str(error).encode()
    except MemoryError:
        return _REFUSED, f"its parser asked for more than {memory:,} bytes of memory".encode()
    return _DONE, b""


def _answers(request: dict[str, str], file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    if request["what"] == "sheet":
        yield _FRAME, _stream(readers.sheet(file, request["sheet"]))
    elif request["what"] == "first_row":
        name, frame = readers.first_row(file, Format(request["kind"]))
        yield _NAME, name.encode()
        yield _FRAME, _stream(frame)
    else:
        for frame in readers.frames(file, Format(request["kind"]), request["encoding"], int(request["rows"])):
            yield _FRAME, _stream(frame)


def _stream(frame: pl.DataFrame) -> bytes:
    table, written = frame.to_arrow(), io.BytesIO()
    with pa.ipc.new_stream(written, table.schema) as stream:
        stream.write_table(table)
    return written.getvalue()


def _send(theirs: socket.socket, tag: bytes, payload: bytes = b"") -> None:
    theirs.sendall(_HEAD.pack(tag, len(payload)))
    theirs.sendall(payload)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
