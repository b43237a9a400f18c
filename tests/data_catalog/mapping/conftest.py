"""A small source whose mapping uses everything a mapping can say, and a way to stage it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from data_catalog.mapping.models import MappingFile, load_mapping
from data_catalog.mapping.stage import Staged, stage
from data_catalog.sources.delivery import make_delivery, read_delivery, take_delivery
from data_catalog.sources.reading import read_files
from data_catalog.synthetic import LABEL

MAPPING = Path(__file__).parent / "clinic.toml"

FILES = {
    "patients.csv": ["ID;NUMBER;SEX;BORN", "A1;1;Féminin;14/05/1980", "A2;2;Masculin;DM/01/1970", "A3;3;NC;1960"],
    "visits.csv": ["PAT,DAY,EDSS", "1,2001-02-03,5", "2,2001-03,3", "3,2001-04-01,99"],
    "one/scores.csv": ["ID,DAY,TEST,NUMBER,TEXT", "A1,2002-01-01,EDSS,2.5,", "A1,2002-01-01,VIS,,1"],
    "two/scores.csv": ["ID,DAY,TEST,NUMBER,TEXT", "A2,2002-01-01,VIS,,9", "A2,2002-01-01,OTHER,7,"],
}

Write = Callable[..., Path]


@pytest.fixture
def delivery(tmp_path: Path) -> Write:
    """Write the source's files, some of them changed, with their manifest."""

    def write(**changed: list[str]) -> Path:
        folder = tmp_path / "delivery"
        for path, lines in FILES.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            key = path.removesuffix(".csv").replace("/", "_")
            file.write_text("\n".join(changed.get(key, lines)) + "\n", encoding="utf-8")
        (folder / LABEL).write_text("synthetic\n")
        make_delivery(folder, "a test", datetime(2026, 5, 1, tzinfo=UTC), load_mapping(MAPPING).files)
        return folder

    return write


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


Stage = Callable[..., Staged]


@pytest.fixture
def staged(delivery: Write, connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> Stage:
    """Stage the source, some files changed, by its mapping or another."""

    def run(mapping: MappingFile | None = None, **changed: list[str]) -> Staged:
        chosen, folder = mapping or load_mapping(MAPPING), delivery(**changed)
        work = tmp_path / "work"
        work.mkdir()
        taken = take_delivery(folder, read_delivery(folder), chosen.files, work)
        assert [*taken.problems, *read_files(connection, chosen.files, taken.files, work)] == []
        return stage(connection, chosen)

    return run
