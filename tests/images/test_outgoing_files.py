"""Only plain files of the person or the team are sent, each read once."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from myelin.errors import FileRefused
from myelin.files import as_paths, read_files
from myelin.workspace import Limits, Workspace

LIMITS = Limits(files=3, total_bytes=1000)


@pytest.fixture
def workspace(home: Path, tmp_path: Path) -> Workspace:
    team = tmp_path / "team"
    team.mkdir()
    (home / "team").symlink_to(team)
    return Workspace(data=tmp_path / "data", home=home, team=team)


def read(workspace: Workspace, *files: str | Path) -> dict[str, bytes]:
    return {file.name: file.content for file in read_files(as_paths(files), workspace, LIMITS)}


def test_a_file_is_named_below_the_home_folder(workspace: Workspace, home: Path) -> None:
    (home / "outbox/table.csv").write_bytes(b"a,b\n")
    expected = {"outbox/table.csv": b"a,b\n"}
    assert read(workspace, "outbox/table.csv") == expected
    assert read(workspace, home / "outbox/table.csv") == expected
    assert read(workspace, "~/outbox/../outbox/table.csv") == expected


def test_a_team_file_has_one_name_through_the_link_and_without_it(workspace: Workspace) -> None:
    (workspace.team / "odds.csv").write_bytes(b"1")
    assert read(workspace, "team/odds.csv") == read(workspace, workspace.team / "odds.csv") == {"team/odds.csv": b"1"}


def link_to_data(outbox: Path) -> None:
    outbox.parent.parent.joinpath("patients.parquet").write_bytes(b"rows")
    (outbox / "odd").symlink_to(outbox.parent.parent / "patients.parquet")


def folder_link_to_data(outbox: Path) -> None:
    outside = outbox.parent.parent / "cut"
    outside.mkdir()
    (outside / "odd").write_bytes(b"rows")
    outbox.rmdir()
    outbox.symlink_to(outside)


def bound_socket(outbox: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(outbox / "odd"))


def sparse_terabyte(outbox: Path) -> None:
    with (outbox / "odd").open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (link_to_data, "symbolic link"),
        (folder_link_to_data, "outside your home and team folders"),
        (lambda outbox: os.mkfifo(outbox / "odd"), "not a plain file"),
        (bound_socket, "not a plain file"),
        (lambda outbox: (outbox / "odd").mkdir(), "is a folder"),
        (sparse_terabyte, "1,099,511,627,776 bytes; 1,000 are left"),
        (lambda outbox: (outbox / "odd").write_bytes(b""), "is empty"),
        (lambda outbox: None, "cannot be opened: No such file"),
    ],
    ids=["link", "linked folder", "named pipe", "socket", "folder", "sparse terabyte", "empty", "absent"],
)
def test_what_is_not_a_plain_small_file_is_refused(
    workspace: Workspace, home: Path, make: Callable[[Path], object], says: str
) -> None:
    make(home / "outbox")
    with pytest.raises(FileRefused, match=says):
        read(workspace, "outbox/odd")


def test_reading_as_usual_would_follow_the_link(home: Path) -> None:
    """The attack without the defence: an ordinary read gives the rows."""
    link_to_data(home / "outbox")
    assert (home / "outbox/odd").read_bytes() == b"rows"


@pytest.mark.parametrize("path", ["/dev/zero", "/etc/hostname", "../data/project.duckdb", "nowhere/table.csv"])
def test_what_is_not_the_persons_or_the_teams_is_refused(workspace: Workspace, path: str) -> None:
    with pytest.raises(FileRefused):
        read(workspace, path)


@pytest.mark.parametrize("name", ["a\nb.csv", "a\u202evsc.exe", 'a".csv', "a\\b.csv", "a\x00b"])
def test_a_name_that_could_be_misread_is_refused(workspace: Workspace, home: Path, name: str) -> None:
    if "\x00" not in name:
        (home / name).write_bytes(b"1")
    with pytest.raises(FileRefused):
        read(workspace, name)


def test_the_limits_are_for_the_whole_request(workspace: Workspace, home: Path) -> None:
    for name in "abcd":
        (home / name).write_bytes(b"x" * 400)
    assert len(read(workspace, "a", "b")) == 2
    with pytest.raises(FileRefused, match="200 are left in this request"):
        read(workspace, "a", "b", "c")
    with pytest.raises(FileRefused, match="4 files are too many: 3 fit"):
        read(workspace, "a", "b", "c", "d")


def test_a_file_that_grows_while_it_is_read_is_refused(
    workspace: Workspace, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "log").write_bytes(b"first")
    really = os.fstat

    def then_it_grows(descriptor: int) -> os.stat_result:
        status = really(descriptor)
        (home / "log").write_bytes(b"first, second")
        return status

    monkeypatch.setattr("myelin.files.os.fstat", then_it_grows)
    with pytest.raises(FileRefused, match="changed while it was read"):
        read(workspace, "log")


def test_the_same_file_twice_is_refused(workspace: Workspace, home: Path) -> None:
    (home / "a").write_bytes(b"1")
    with pytest.raises(FileRefused, match="named twice"):
        read(workspace, "a", home / "a")


def test_no_file_is_refused() -> None:
    with pytest.raises(FileRefused, match="No file was named"):
        as_paths([])


def test_the_hub_sets_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits.from_environment() == Limits(files=20, total_bytes=50 * 2**20)
    monkeypatch.setenv("MYELIN_SUBMISSION_MAX_FILES", "2")
    monkeypatch.setenv("MYELIN_SUBMISSION_MAX_BYTES", "9")
    assert Limits.from_environment() == Limits(files=2, total_bytes=9)
