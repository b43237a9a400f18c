"""Search every byte under some folders for marks that must not be there; runs on the host and inside a container.

    python sentinel_search.py <mark,mark,...> <folder> ...     (or `-` for the program, on standard input)

Looked at: names of files and folders, targets of links, the bytes of every file, what every zstd frame in a Parquet
file unpacks to (pages and dictionaries, those of no footer too), every value, statistic and piece of metadata in it,
every definition and value in a DuckDB file. A sentinel is a mark and the word characters, dots and hyphens after it.
Prints the sentinels found as a JSON list.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_OF_THE_KERNEL = ("/proc", "/sys", "/dev")
_TOLD_BY_THE_KERNEL = ("environ", "mountinfo", "mounts", "cgroup")  # `cmdline` holds the marks themselves


def search(marks: list[str], folders: list[Path]) -> set[str]:
    """Return every sentinel of these marks under these folders."""
    found: set[str] = set()
    for folder in folders:
        for content in _everything(folder):
            found.update(sentinel for mark in marks for sentinel in _of_mark(mark.encode(), content))
    return found


def _of_mark(mark: bytes, content: bytes) -> Iterator[str]:
    if mark in content:  # much faster than the expression, and nearly always the end of it
        for match in re.findall(re.escape(mark) + rb"[0-9A-Za-z_.-]*", content):
            yield match.decode().rstrip(".")


def _everything(folder: Path) -> Iterator[bytes]:
    if folder == Path("/"):
        yield from (Path("/proc/self", name).read_bytes() for name in _TOLD_BY_THE_KERNEL)
    for path in [folder, *folder.rglob("*")]:
        if str(path).startswith(_OF_THE_KERNEL):
            continue
        yield str(path).encode(errors="surrogateescape")
        if path.is_symlink():
            yield str(path.readlink()).encode(errors="surrogateescape")
        elif path.is_file():
            yield from _file(path)


def _file(path: Path) -> Iterator[bytes]:
    try:
        content = path.read_bytes()
    except PermissionError:
        return  # out of this user's reach
    yield content
    if content[:4] == content[-4:] == b"PAR1":
        yield from _unpacked(content)
        yield from _parquet(path)
    if content[8:12] == b"DUCK":
        yield from _database(path)


def _unpacked(content: bytes) -> Iterator[bytes]:
    """Unpack a frame from every place that looks like the start of one."""
    start = content.find(_ZSTD_FRAME)
    while start >= 0:
        yield b"".join(_frame(content[start:]))
        start = content.find(_ZSTD_FRAME, start + 1)


def _frame(content: bytes) -> Iterator[bytes]:
    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        try:
            while piece := stream.read(1 << 12):
                yield piece
        except OSError:
            return  # what follows the frame is the header of the next page


def _parquet(path: Path) -> Iterator[bytes]:
    file = pq.ParquetFile(path)
    yield f"{file.metadata} {file.metadata.metadata} {file.schema}".encode()
    for group in range(file.metadata.num_row_groups):
        for column in range(file.metadata.num_columns):
            yield str(file.metadata.row_group(group).column(column)).encode()
    yield _text(file.read().to_pylist())


def _database(path: Path) -> Iterator[bytes]:
    with duckdb.connect(path, read_only=True) as connection:
        for kind in ("schemas", "tables", "views", "columns", "types", "functions"):
            yield _text(connection.execute(f"FROM duckdb_{kind}() WHERE NOT internal").fetchall())
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal").fetchall()
        for schema, table in tables:
            yield _text(connection.execute(f'FROM "{schema}"."{table}"').fetchall())


def _text(values: object) -> bytes:
    return json.dumps(values, default=str, ensure_ascii=False).encode()


if __name__ == "__main__":
    print(json.dumps(sorted(search(sys.argv[1].split(","), [Path(folder) for folder in sys.argv[2:]]))))
