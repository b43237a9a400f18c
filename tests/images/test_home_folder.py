"""The home folder gets what is missing and keeps what is there; the server's surroundings are fixed."""

import os
from pathlib import Path

import pytest
from myelin_server.home import SEARCH_PATHS, fix_environment, prepare_home


@pytest.fixture
def welcome(tmp_path: Path) -> Path:
    notebook = tmp_path / "Welcome.ipynb"
    notebook.write_text("welcome")
    return notebook


def test_an_empty_home_is_filled(tmp_path: Path, welcome: Path) -> None:
    (home := tmp_path / "home").mkdir()
    assert prepare_home(home, welcome, Path("/team")) == []
    assert (home / "outbox").is_dir()
    assert (home / "team").readlink() == Path("/team")
    assert (home / "Welcome.ipynb").read_text() == "welcome"


def test_what_is_there_is_kept(tmp_path: Path, welcome: Path) -> None:
    (home := tmp_path / "home").mkdir()
    (home / "Welcome.ipynb").write_text("with my notes")
    (home / "team").write_text("a file of mine")
    (home / "outbox").symlink_to("nowhere")
    assert prepare_home(home, welcome, Path("/team")) == []
    assert (home / "Welcome.ipynb").read_text() == "with my notes"
    assert (home / "team").read_text() == "a file of mine"


def test_a_home_that_cannot_be_written_does_not_stop_the_server(tmp_path: Path, welcome: Path) -> None:
    (home := tmp_path / "home").write_text("not a folder")
    assert prepare_home(home, welcome) == [
        f"{home / name}: Not a directory" for name in ("outbox", "team", "Welcome.ipynb")
    ]


def test_no_variable_sends_jupyter_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict.fromkeys(SEARCH_PATHS, "/home/researcher/mine"))
    fix_environment(tmp_path)
    assert not os.environ.keys() & set(SEARCH_PATHS)
    assert os.environ["JUPYTERHUB_DISABLE_USER_CONFIG"] == "1"
