"""Folders that containers write to: owned by who writes inside, under folders that only root enters."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from core.clock import utc_now
from core.settings import Settings
from hub.container import RESEARCHER
from hub.folders import ensure_workspace
from projects.models import Access, Cut, TeamRole


@pytest.fixture
def access() -> Access:
    cut = Cut("study", 1, "dana", utc_now(), "0" * 64, synthetic=True)
    return Access("rosa", "study", TeamRole.RESEARCHER, cut, IPv4Network("10.1.0.0/26"))


def owner_and_mode(path: Path) -> tuple[int, str]:
    found = path.lstat()
    return found.st_uid, oct(found.st_mode & 0o7777)


def test_team_and_home_belong_to_the_researcher_and_to_nobody_else(settings: Settings, access: Access) -> None:
    ensure_workspace(access, settings)
    for folder in (settings.teams / "study", settings.homes / "study" / "rosa"):
        assert owner_and_mode(folder) == (RESEARCHER, "0o700")
    for above in (settings.teams, settings.homes, settings.homes / "study"):
        assert owner_and_mode(above) == (0, "0o700")


def test_what_is_in_them_stays(settings: Settings, access: Access) -> None:
    ensure_workspace(access, settings)
    kept = settings.homes / "study" / "rosa" / "analysis.py"
    kept.write_text("1 + 1")
    ensure_workspace(access, settings)
    assert kept.read_text() == "1 + 1"


def test_colleagues_share_the_team_folder_and_not_their_homes(settings: Settings, access: Access) -> None:
    ensure_workspace(access, settings)
    colleague = Access("ravi", access.project_id, access.team_role, access.cut, access.subnet)
    ensure_workspace(colleague, settings)
    assert {home.name for home in (settings.homes / "study").iterdir()} == {"ravi", "rosa"}
    assert [team.name for team in settings.teams.iterdir()] == ["study"]
