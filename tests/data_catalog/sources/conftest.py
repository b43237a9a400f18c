"""A folder of files, its manifest, and a way to read it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from data_catalog.report import Finding
from data_catalog.sources.delivery import make_delivery, read_delivery, take_delivery
from data_catalog.sources.files import FileSpec
from data_catalog.sources.parsers import Parsers
from data_catalog.sources.reading import raw_name, read_files

AT = datetime(2026, 5, 1, tzinfo=UTC)

Specs = dict[str, FileSpec]
Rows = list[tuple[str | None, ...]]


class Reader:
    """Signs a folder as its sender would, takes it, reads it, and shows what is in a raw table."""

    def __init__(self, folder: Path, work: Path, connection: duckdb.DuckDBPyConnection, parsers: Parsers) -> None:
        self.folder, self.work, self.connection, self.parsers = folder, work, connection, parsers
        self.unused: list[str] = []

    def sign(self, **specs: FileSpec) -> None:
        make_delivery(self.folder, "a test", AT, specs)

    def read(self, **specs: FileSpec) -> list[Finding]:
        """What is wrong with a signed folder."""
        taken = take_delivery(self.folder, read_delivery(self.folder), specs, self.work)
        self.unused = [finding.to_text() for finding in taken.unused]
        return list(taken.problems) or read_files(self.connection, specs, taken.files, self.work)

    def rows(self, name: str, *columns: str) -> Rows:
        chosen = ", ".join(f'"{column}"' for column in columns) or "*"
        return self.connection.execute(f"SELECT {chosen} FROM {raw_name(name)} ORDER BY _row").fetchall()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    for name in ("delivery", "work"):
        (tmp_path / name).mkdir()
    with duckdb.connect() as connection, Parsers() as parsers:
        yield Reader(tmp_path / "delivery", tmp_path / "work", connection, parsers)


Write = Callable[[str, bytes], Path]
