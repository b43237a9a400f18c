"""An edition is immutable, proven by hashes, and published whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.audit.log import entries
from core.database import Database
from core.errors import Refused
from core.files import sha256_bytes, sha256_file
from core.people.models import Person
from core.settings import Settings
from data_catalog.editions import EditionManifest
from data_catalog.errors import EditionBroken
from data_catalog.models import DatasetDeclaration
from data_catalog.service import edition, ingest_dataset, newest_editions, verify_edition
from tests.data_catalog.conftest import HEADER, ROW, Ingest
from tests.support.dying import die_at_every_step

TEXT = f"{HEADER}\n{ROW}\n"


@pytest.fixture
def folder(ingest: Ingest, settings: Settings) -> Path:
    """The files of a published edition."""
    ingest(TEXT)
    return settings.vault / "clinic" / "1"


def test_the_manifest_proves_what_was_published(
    ingest: Ingest, database: Database, settings: Settings, declaration: DatasetDeclaration
) -> None:
    manifest = ingest(TEXT)
    folder = settings.vault / "clinic" / "1"
    assert EditionManifest.model_validate_json((folder / "manifest.json").read_bytes()) == manifest
    assert sha256_file(folder / "manifest.json") == edition(database, "clinic").manifest_sha256
    (table,) = manifest.tables
    assert (table.rows, table.sha256) == (1, sha256_file(folder / table.path))
    assert manifest.declaration_sha256 == declaration.sha256
    assert manifest.sources[0].sha256 == sha256_bytes(TEXT.encode())
    assert (manifest.published_by, manifest.published_at) == ("dana", database.clock())


@pytest.mark.usefixtures("folder")
def test_publishing_is_in_the_log_without_a_value(database: Database) -> None:
    with database.read() as connection:
        (event,) = [entry for entry, _ in entries(connection, subject="edition:clinic/1")]
    assert (event.actor, event.action) == ("person:dana", "data_catalog:edition:publish")
    assert set(event.detail) == {"manifest", "rows", "synthetic"}


def change_a_table(folder: Path) -> None:
    path = folder / "visits.parquet"
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def change_the_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"synthetic":false', b'"synthetic":true '))


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "one bit of a table": (change_a_table, "visits.parquet is missing or was changed"),
    "a table removed": (lambda folder: (folder / "visits.parquet").unlink(), "visits.parquet is missing"),
    "the manifest": (change_the_manifest, "manifest.json was changed"),
    "the manifest removed": (lambda folder: (folder / "manifest.json").unlink(), "manifest.json can not be read"),
    "a file put beside": (lambda folder: (folder / "more.parquet").touch(), "more.parquet does not belong there"),
}


@pytest.mark.parametrize(("tamper", "said"), TAMPERED.values(), ids=TAMPERED)
def test_a_changed_edition_is_found_out(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    folder: Path,
    tamper: Callable[[Path], object],
    said: str,
) -> None:
    verify_edition(database, settings, people["anna"], "clinic")
    tamper(folder)
    with pytest.raises(EditionBroken) as broken:
        verify_edition(database, settings, people["anna"], "clinic")
    assert said in str(broken.value)
    assert broken.value.exit_code == 6


@pytest.mark.usefixtures("folder")
def test_verifying_is_for_who_answers_for_the_data(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    with pytest.raises(Refused, match="data_catalog:edition:verify"):
        verify_edition(database, settings, people["rosa"], "clinic")


def test_a_crash_at_any_step_publishes_nothing_or_all_and_leaves_no_rows_about(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    declaration_file: Path,
    sources: Path,
) -> None:
    (sources / "visits.csv").write_text(TEXT)
    address = database.engine.url.render_as_string(hide_password=False)

    def act() -> None:
        own = Database(address, database.clock)
        if not newest_editions(own):
            ingest_dataset(own, settings, people["dana"], declaration_file, sources)

    def after_death() -> None:
        for found in newest_editions(database):
            verify_edition(database, settings, people["dana"], found.dataset)

    assert die_at_every_step(act, after_death) > 15
    assert edition(database, "clinic").number == 1
    ingest_dataset(database, settings, people["dana"], declaration_file, sources)
    left = [path.relative_to(settings.vault).as_posix() for path in settings.vault.glob("*/*")]
    assert sorted(left) == ["clinic/1", "clinic/2"]
    assert [path.name for path in settings.vault.iterdir()] == ["clinic"]


def test_a_folder_no_row_speaks_of_is_replaced(ingest: Ingest, database: Database, settings: Settings) -> None:
    orphan = settings.vault / "clinic" / "1"
    orphan.mkdir(parents=True)
    (orphan / "half.parquet").touch()
    ingest(TEXT)
    assert sorted(path.name for path in orphan.iterdir()) == ["manifest.json", "visits.parquet"]
