"""What the tests of close-out share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from projects.models import Project
from tests.projects.conftest import reopened
from tests.support.catalog import active_project

__all__ = ["reopened"]

Writes = Callable[[str, str], Path]


@pytest.fixture
def active(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> Project:
    """A running project with files in its team's folder and in the homes of lena and rosa."""
    made = active_project(database, settings, people, tmp_path)
    for folder, files in FILES.items():
        for name, text in files.items():
            path = settings.state / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            os.utime(path, (1_700_000_000, 1_700_000_000))
    return made


FILES = {
    "teams/cis-spinal": {"protocol.md": "# Protocol", "code/model.R": "glm(converted ~ age)"},
    "homes/cis-spinal/lena": {"notes.txt": "12345"},
    "homes/cis-spinal/rosa": {"cut.csv": "1234567890", "deep/er.txt": "123"},
}
