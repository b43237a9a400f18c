"""DuckDB as the catalogue uses it: nothing fetched, nothing loaded, and what it spills stays private and is removed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

_WORK = ".work-"
MEMORY_BYTES = 2 << 30
"""What one engine keeps in memory before it spills; the process around it needs some more."""

_CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "enable_external_file_cache": "false",
    "preserve_insertion_order": "true",
    "memory_limit": f"{MEMORY_BYTES}B",
}


@contextmanager
def work_folder(beside: Path) -> Iterator[Path]:
    """Give an empty folder of mode 0700 in `beside`, gone at the end with whatever is in it.

    Work folders of processes that died are removed on the way: a living one holds the lock of its own.
    """
    with _locked(beside):
        for left in beside.glob(f"{_WORK}*"):
            _remove_if_dead(left)
        folder = Path(tempfile.mkdtemp(prefix=_WORK, dir=beside))
        held = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(held)


def _remove_if_dead(folder: Path) -> None:
    try:
        os.close(_lock(folder, fcntl.LOCK_NB))
        shutil.rmtree(folder)
    except (BlockingIOError, FileNotFoundError):
        return  # its process lives, or has just removed it itself


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    held = _lock(folder)
    try:
        yield
    finally:
        os.close(held)


def _lock(folder: Path, wait: int = 0) -> int:
    """Lock a folder for this process and return the descriptor that holds it; raises BlockingIOError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | wait)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def engine(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB that keeps its tables in memory, spills to a private folder, and leaves nothing at the end."""
    own = folder / "engine"
    own.mkdir(mode=0o700)
    try:
        with duckdb.connect(config={**_CONFIG, "temp_directory": str(own / "spill")}) as connection:
            # A setting of the connection, not of the database; read to its end, or the next registering is refused.
            connection.execute("SET enable_progress_bar = false").fetchall()
            yield connection
    finally:
        shutil.rmtree(own)


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    """Let queries read an Arrow table by a name as long as the block lasts.

    DuckDB refuses a new name while a result waits that was not read to its end; nobody will read it any more.
    """
    connection.complete()
    connection.register(name, table)
    try:
        yield
    finally:
        connection.complete()
        connection.unregister(name)


def identifier(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def write_parquet(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query's rows in their order as Parquet (zstd) and return how many there are."""
    # Names of the source and of the query stay out of the file: no key-value metadata, and columns by their own names.
    copied = connection.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)").fetchone()
    assert copied is not None
    return int(copied[0])
