"""DuckDB as the catalogue uses it: nothing fetched, nothing loaded, and what it spills is encrypted and removed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

_CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "enable_external_file_cache": "false",
    "temp_file_encryption": "true",
    "preserve_insertion_order": "true",
}


@contextmanager
def work_folder(beside: Path) -> Iterator[Path]:
    """Give an empty folder of mode 0700 in `beside`, gone at the end with whatever is in it."""
    folder = Path(tempfile.mkdtemp(prefix=".work-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def engine(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB that keeps its tables and its spill in this private folder."""
    connection = duckdb.connect(folder / "work.duckdb", config={**_CONFIG, "temp_directory": str(folder / "spill")})
    try:
        yield connection
    finally:
        connection.close()


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
