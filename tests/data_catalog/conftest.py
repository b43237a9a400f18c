"""A small dataset with a variable of every kind, and a way to take it in."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.editions import EditionManifest
from data_catalog.models import DatasetDeclaration, load_declaration
from data_catalog.service import ingest_dataset

DECLARATION = (Path(__file__).parent / "clinic.toml").read_text()
HEADER = "ID,date,Age,School,EDSS,Sex,Country,Note"
ROW = "ipt 01,2001-05-07,34,20.0,2.5,1,MX,well"

Ingest = Callable[[str | bytes], EditionManifest]


@pytest.fixture
def declaration_file(tmp_path: Path) -> Path:
    path = tmp_path / "clinic.toml"
    path.write_text(DECLARATION)
    return path


@pytest.fixture
def declaration(declaration_file: Path) -> DatasetDeclaration:
    return load_declaration(declaration_file)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def ingest(
    database: Database, settings: Settings, people: dict[str, Person], declaration_file: Path, sources: Path
) -> Ingest:
    """Take in a file with this text as the clinic's visits."""

    def take(text: str | bytes) -> EditionManifest:
        (sources / "visits.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return ingest_dataset(database, settings, people["dana"], declaration_file, sources)

    return take
