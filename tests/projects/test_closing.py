"""Closing takes the data and the key of the pseudonyms away, says so, and finishes after a crash."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.audit.log import entries
from core.database import Database, Transaction
from core.errors import Unavailable
from core.people.models import Person
from core.settings import Settings
from projects.errors import ActionRefused
from projects.models import Project, ProjectState
from projects.service import close_project, project
from tests.support.catalog import active_project, approved_project, ingest
from tests.support.dying import die_at_every_step


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    return active_project(database, settings, people, tmp_path)


def is_gone(settings: Settings) -> bool:
    return not (settings.cuts / "cis-spinal").exists() and not (settings.keys / "project-cis-spinal").exists()


@pytest.mark.usefixtures("active")
def test_closing_deletes_cut_and_key_and_the_log_says_so(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    assert not is_gone(settings)
    closed = close_project(database, settings, people["olga"], "cis-spinal")
    assert (closed.state, closed.cut) == (ProjectState.CLOSED, None)
    assert closed.cuts[0].deleted_at == database.clock()
    assert is_gone(settings)
    with database.read() as connection:
        last = [entry for entry, _ in entries(connection, subject="project:cis-spinal")][-2:]
    assert [entry.action for entry in last] == ["projects:project:close", "projects:cut:delete"]
    assert last[1].detail == {"cuts": [1], "key": "deleted"}


@pytest.mark.usefixtures("active")
def test_the_vault_keeps_its_edition(database: Database, settings: Settings, people: dict[str, Person]) -> None:
    close_project(database, settings, people["olga"], "cis-spinal")
    assert (settings.vault / "cis_cohort" / "1" / "patients.parquet").exists()


@pytest.mark.usefixtures("active")
def test_a_crash_at_any_step_is_finished_by_closing_again(
    database: Database, settings: Settings, people: dict[str, Person], reopened: Callable[[], Database]
) -> None:
    def act() -> None:
        own = reopened()
        if project(own, "cis-spinal").cut or not is_gone(settings):
            close_project(own, settings, people["olga"], "cis-spinal")

    assert die_at_every_step(act, lambda: None) > 3
    closed = project(database, "cis-spinal")
    assert (closed.state, closed.cut) == (ProjectState.CLOSED, None)
    assert is_gone(settings)


@pytest.mark.usefixtures("active")
def test_a_deletion_that_was_not_recorded_is_recorded_by_closing_again(
    database: Database, settings: Settings, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(self: Transaction, action: str, *_: object) -> None:
        raise Unavailable("The log's disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr("projects.closing.delete_cut", lambda _: patched.setattr(Transaction, "record", record))
        with pytest.raises(Unavailable):
            close_project(database, settings, people["olga"], "cis-spinal")
    found = project(database, "cis-spinal")
    assert (found.state, found.cut is None) == (ProjectState.CLOSED, False)
    assert close_project(database, settings, people["olga"], "cis-spinal").cut is None
    assert is_gone(settings)


@pytest.mark.usefixtures("active")
def test_closing_a_closed_project_with_nothing_left_changes_nothing(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    closed = close_project(database, settings, people["olga"], "cis-spinal")
    with database.read() as connection:
        before = len(list(entries(connection)))
    assert close_project(database, settings, people["olga"], "cis-spinal") == closed
    with database.read() as connection:
        assert len(list(entries(connection))) == before
    with pytest.raises(ActionRefused, match="lena may not close a project"):
        close_project(database, settings, people["lena"], "cis-spinal")


@pytest.mark.usefixtures("active")
def test_only_who_may_close_finishes_a_closing(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    close_project(database, settings, people["olga"], "cis-spinal")
    (settings.cuts / "cis-spinal").mkdir()
    with pytest.raises(ActionRefused, match="lena may not close a project"):
        close_project(database, settings, people["lena"], "cis-spinal")
    close_project(database, settings, people["dirk"], "cis-spinal")
    assert is_gone(settings)


def test_an_approved_project_is_closed_without_ever_having_had_data(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    ingest(database, settings, people["dana"], "cis_cohort", tmp_path)
    approved_project(database, people)
    assert close_project(database, settings, people["dirk"], "cis-spinal").state is ProjectState.CLOSED
