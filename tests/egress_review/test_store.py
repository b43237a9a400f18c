"""How bytes are held: by hash, whole or not at all, never twice, never changed unnoticed."""

import os
import stat
import time
from pathlib import Path

import pytest

from core.files import sha256_bytes
from egress_review.errors import HeldFileChanged
from egress_review.store import ContentStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "hold"


@pytest.fixture
def store(folder: Path) -> ContentStore:
    return ContentStore(folder)


def test_what_is_put_is_got(store: ContentStore) -> None:
    assert store.get(store.put(b"n = 12")) == b"n = 12"


def test_its_name_is_its_hash_and_nobody_may_write_it(store: ContentStore, folder: Path) -> None:
    sha256 = store.put(b"n = 12")
    assert [path.name for path in folder.iterdir()] == [sha256_bytes(b"n = 12")] == [sha256]
    assert stat.S_IMODE((folder / sha256).stat().st_mode) == 0o400
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_holding_it_again_changes_nothing(store: ContentStore, folder: Path) -> None:
    sha256 = store.put(b"n = 12")
    before = (folder / sha256).stat()
    assert store.put(b"n = 12") == sha256
    assert (folder / sha256).stat().st_ino == before.st_ino


def test_a_changed_file_is_noticed_whoever_changed_it(store: ContentStore, folder: Path) -> None:
    sha256 = store.put(b"n = 12")
    (folder / sha256).chmod(0o600)
    (folder / sha256).write_bytes(b"n = 2")
    with pytest.raises(HeldFileChanged, match="not what was submitted"):
        store.get(sha256)
    with pytest.raises(HeldFileChanged):
        store.put(b"n = 12")


def test_a_missing_file_is_noticed(store: ContentStore) -> None:
    with pytest.raises(HeldFileChanged, match="missing"):
        store.get("0" * 64)


@pytest.mark.parametrize("name", ["../control.db", "/etc/passwd", "", "0" * 63, "0" * 64 + "\n", "G" * 64])
def test_nothing_but_a_hash_names_a_file(store: ContentStore, name: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        store.get(name)


def test_a_write_that_fails_leaves_nothing(store: ContentStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    folder.mkdir()
    with pytest.raises(OSError, match="No space"):
        store.put(b"n = 12")
    assert list(folder.iterdir()) == []


class TestTexts:
    def test_come_back_as_they_were(self, store: ContentStore) -> None:
        assert store.get_note(store.put_note({"text": "Zelle b ist klein: naïve n"})) == {
            "text": "Zelle b ist klein: naïve n"
        }

    def test_have_a_hash_that_confirms_no_guess(self, store: ContentStore) -> None:
        assert store.put_note({"text": "patient 12"}) != store.put_note({"text": "patient 12"})


def test_what_dead_writers_left_is_swept_and_what_lives_is_not(store: ContentStore, folder: Path) -> None:
    held = store.put(b"n = 12")
    dead, alive = folder / ".a.1.tmp", folder / ".b.2.tmp"
    for temporary in (dead, alive):
        temporary.touch()
    two_hours_ago = time.time() - 7200
    os.utime(dead, (two_hours_ago, two_hours_ago))
    os.utime(folder / held, (two_hours_ago, two_hours_ago))
    store.sweep()
    assert sorted(path.name for path in folder.iterdir()) == sorted([held, alive.name])
