"""Trees as hostile people leave them: walked, measured and deleted, and nothing outside touched."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.trees import Size, delete_tree, measure, walk

TOO_DEEP = 3000
"""Deeper than Python recurs, and a path longer than the system takes (PATH_MAX is 4096 bytes)."""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "kept.txt").write_text("kept")
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tree"
    folder.mkdir()
    yield folder
    delete_tree(folder)  # pytest's own way ends in the depth of some


def dig(folder: Path, depth: int) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        there = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def everything_strange(folder: Path, outside: Path) -> None:
    (folder / "link-to-folder").symlink_to(outside)
    (folder / "link-to-file").symlink_to(outside / "kept.txt")
    (folder / "nowhere").symlink_to("/no/such/thing")
    os.mkfifo(folder / "pipe")
    os.mknod(folder / "device", 0o660 | 0o020000, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    (folder / "closed").mkdir(mode=0o000)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n\x1b[2J")).write_text("x")


def test_a_walk_goes_in_order_of_name_folders_first(tree: Path) -> None:
    for name in ("b", "a/z", "a/y/x", "c"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    assert ["/".join(node.parts) for node in walk(tree)] == ["a", "a/y", "a/y/x", "a/z", "b", "c"]
    assert ["/".join(node.parts) for node in walk(tree, deepest=1)] == ["a", "b", "c"]
    assert ["/".join(node.parts) for node in walk(tree, deepest=2)] == ["a", "a/y", "a/z", "b", "c"]


def test_strange_things_are_counted_and_not_opened(tree: Path, outside: Path) -> None:
    everything_strange(tree, outside)
    assert measure(tree) == Size(8, (1 << 40) + 1)


def test_they_are_deleted_and_what_they_point_to_is_not(tree: Path, outside: Path) -> None:
    everything_strange(tree, outside)
    delete_tree(tree)
    assert not tree.exists()
    assert (outside / "kept.txt").read_text() == "kept"


def test_no_depth_is_too_deep(tree: Path) -> None:
    dig(tree, TOO_DEEP)
    assert measure(tree) == Size(1, 0)
    delete_tree(tree)
    assert not tree.exists()


def test_the_standard_librarys_way_ends_in_that_depth(tree: Path) -> None:
    dig(tree, TOO_DEEP)
    with pytest.raises((RecursionError, OSError)):
        shutil.rmtree(tree)
    delete_tree(tree)
    assert not tree.exists()


def test_what_is_gone_stays_gone_and_has_no_size(tmp_path: Path) -> None:
    delete_tree(tmp_path / "nothing")
    assert measure(tmp_path / "nothing") == Size(0, 0)


def test_a_link_in_the_folders_own_place_is_not_followed(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "tree").symlink_to(outside)
    with pytest.raises(OSError, match="tree"):
        delete_tree(tmp_path / "tree")
    assert (outside / "kept.txt").exists()
