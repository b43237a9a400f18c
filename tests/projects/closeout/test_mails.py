"""What the team of a closed project is told by mail: that it is closed, what is kept until when, and its end."""

from pathlib import Path

import pytest

from core.database import Database
from core.files import ensure_folder
from core.outbox.models import Effect
from core.outbox.records import find_effects
from core.people.models import Person
from core.settings import Settings
from projects.closeout.mails import ARCHIVE_ENDS, BEGUN, ENDED
from projects.models import Project
from projects.service import close_project, remove_member
from tests.support.catalog import active_project
from tests.support.closeout import close_out, go_on


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    return active_project(database, settings, people, tmp_path)


@pytest.fixture
def team_folder(active: Project, settings: Settings) -> None:
    (ensure_folder(settings.teams / active.id) / "analysis.py").write_text("print('invented')\n")


def mails(database: Database, template: str) -> list[Effect]:
    with database.read() as connection:
        return [one for one in find_effects(connection) if one.payload["template"] == template]


def test_the_team_is_told_that_it_is_closed_at_once(
    active: Project, database: Database, people: dict[str, Person]
) -> None:
    remove_member(database, people["olga"], active.id, "rosa")
    close_project(database, people["olga"], active.id)
    (told,) = mails(database, BEGUN.name)
    assert (told.recipient, told.payload["fields"]["link"]) == ("lena", "/projects/cis-spinal")
    assert mails(database, ENDED.name) == [], "nothing is done yet"


@pytest.mark.usefixtures("team_folder")
def test_the_team_is_told_what_is_kept_until_when_and_reminded_before_it_ends(
    active: Project, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    close_out(database, settings, people["olga"])
    ended = mails(database, ENDED.name)
    assert sorted(one.recipient for one in ended) == ["lena", "rosa"]
    assert "kept through 1 June 2027" in ended[0].payload["fields"]["archive"]
    reminders = mails(database, ARCHIVE_ENDS.name)
    assert sorted((one.recipient, str(one.due_at.date())) for one in reminders) == [
        (username, day) for username in ("lena", "rosa") for day in ("2027-04-02", "2027-05-18", "2027-05-31")
    ]
    go_on(database, settings, people["olga"])
    assert len(mails(database, ENDED.name)) == 2, "each once, however often close-out is gone on with"


@pytest.mark.usefixtures("team_folder")
def test_of_days_that_are_over_nobody_is_reminded(
    active: Project, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    close_out(database, settings.model_copy(update={"archive_days": 20}), people["olga"])
    assert {str(one.due_at.date()) for one in mails(database, ARCHIVE_ENDS.name)} == {"2026-06-07", "2026-06-20"}


def test_without_a_folder_there_is_no_archive_to_be_reminded_of(
    active: Project, database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    close_out(database, settings, people["olga"])
    assert "there is no archive" in mails(database, ENDED.name)[0].payload["fields"]["archive"]
    assert mails(database, ARCHIVE_ENDS.name) == []
