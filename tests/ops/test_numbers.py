"""An edition stands though its numbers could not be counted: the message says so, and the way to them works."""

from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from data_catalog.editions import EditionManifest
from data_catalog.published.service import publish_numbers
from ops import context, numbers
from ops.commands import dataset
from tests.support.catalog import ON_ONE_ENGINE, ingest


@pytest.fixture
def edition(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> EditionManifest:
    monkeypatch.setattr(context, "database", lambda: database)
    monkeypatch.setattr(context, "settings", lambda: settings)
    monkeypatch.setattr(context, "signed_in", lambda: people["dana"])
    return ingest(database, settings, people["dana"], "cis_cohort", tmp_path)


def no_room(*_: object) -> int:
    raise MemoryError


@ON_ONE_ENGINE
def test_counting_that_fails_says_that_the_edition_stands_and_how_to_do_it_again(
    edition: EditionManifest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(numbers, "publish_numbers", no_room)
    with pytest.raises(MemoryError):
        numbers.publish_numbers_of(edition)
    said = capsys.readouterr().err
    assert "Edition 1 of cis_cohort is published, its numbers are not." in said
    assert "myelin dataset numbers cis_cohort" in said
    monkeypatch.setattr(numbers, "publish_numbers", publish_numbers)
    dataset.numbers("cis_cohort")
    assert "numbers are published" in capsys.readouterr().out
    dataset.numbers("cis_cohort")
    assert "nothing was done" in capsys.readouterr().out
