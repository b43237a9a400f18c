"""The archive of a team's folder that somebody hostile wrote."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.files import sha256_file
from core.trees import delete_tree
from projects.closeout.archive import DEEPEST, LIST, LONGEST_LIST, make_archive
from tests.core.test_trees import TOO_DEEP, dig, everything_strange

PLENTY = 1 << 30


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "team"
    folder.mkdir()
    yield folder
    delete_tree(folder)  # pytest's own way ends in the depth of some


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "p.tar.gz"


def left_out(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        content = tar.extractfile(LIST)
        assert content is not None
        read: dict[str, Any] = json.loads(content.read())
        return read


def test_links_pipes_sockets_and_devices_stay_out_and_are_named_inside(
    team: Path, archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept.txt").write_text("somebody else's")
    everything_strange(team, tmp_path)
    packed = make_archive(team, archive, PLENTY)
    assert packed.left_out == {"no plain file": 6, "over the size of the archive": 1}
    assert packed.files == 1
    with tarfile.open(archive) as tar:
        assert {member.type for member in tar} == {tarfile.REGTYPE, tarfile.DIRTYPE}
        assert b"somebody else's" not in b"".join(tar.extractfile(m).read() for m in tar if m.isfile())  # type: ignore[union-attr]
    assert {"path": "link-to-file", "why": "no plain file", "bytes": len(str(tmp_path / "kept.txt"))} in left_out(
        archive
    )["left_out"]


def test_nothing_in_it_has_an_owner_or_a_right_of_its_own(team: Path, archive: Path) -> None:
    (team / "tool").write_text("#!/bin/sh")
    os.chown(team / "tool", 64000, 64000)
    (team / "tool").chmod(0o6755)
    os.utime(team / "tool", (1 << 40, 1 << 40))
    make_archive(team, archive, PLENTY)
    with tarfile.open(archive) as tar:
        tool = tar.getmember("team/tool")
    assert (tool.mode, tool.uid, tool.gid, tool.uname, tool.gname) == (0o755, 0, 0, "", "")
    assert tool.mtime <= 0o77777777777


def test_the_same_folder_gives_the_same_bytes(team: Path, archive: Path, tmp_path: Path) -> None:
    everything_strange(team, tmp_path)
    for number in range(50):
        (team / f"file-{number:02}").write_text(str(number))
    make_archive(team, archive, PLENTY)
    again = tmp_path / "again" / "other-name.tar.gz"
    make_archive(team, again, PLENTY)
    assert sha256_file(archive) == sha256_file(again)


def test_a_terabyte_with_nothing_in_it_is_left_out_and_what_comes_after_it_is_not(team: Path, archive: Path) -> None:
    with (team / "a-sparse").open("wb") as file:
        file.truncate(1 << 40)
    (team / "b").write_text("b")
    packed = make_archive(team, archive, PLENTY)
    assert (packed.files, packed.left_out) == (1, {"over the size of the archive": 1})
    assert archive.stat().st_size < 10_000


@pytest.mark.parametrize("most", [0, 5_000, 20_000, 100_000])
def test_it_is_never_larger_than_it_may_be(team: Path, archive: Path, most: int) -> None:
    for number in range(40):
        (team / ("n" * 200 + f"{number:02}")).write_bytes(os.urandom(number * 100))
    packed = make_archive(team, archive, most)
    with tarfile.open(archive) as tar:
        listed = tar.getmember(LIST)
        assert listed.offset <= most
    assert packed.files + packed.left_out["over the size of the archive"] == 40


def test_folders_too_deep_are_left_out_and_end_nothing(team: Path, archive: Path) -> None:
    dig(team, TOO_DEEP)
    packed = make_archive(team, archive, PLENTY)
    assert packed.left_out == {f"more than {DEEPEST} folders deep": 1}


def test_a_list_of_what_is_left_out_has_an_end_and_its_count_has_none(
    team: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LONGEST_LIST > 100
    monkeypatch.setattr("projects.closeout.archive.LONGEST_LIST", 3)
    for number in range(10):
        (team / f"link-{number}").symlink_to("/")
    make_archive(team, archive, PLENTY)
    read = left_out(archive)
    assert (len(read["left_out"]), read["counts"]) == (3, {"no plain file": 10})


def test_what_a_writer_that_died_left_is_replaced(team: Path, archive: Path) -> None:
    archive.parent.mkdir()
    (archive.parent / f".{archive.name}.tmp").write_text("half")
    archive.write_text("whole, and of no record")
    (team / "a").write_text("a")
    make_archive(team, archive, PLENTY)
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    assert tarfile.is_tarfile(archive)
