"""Files that survive: whole or not at all."""

from pathlib import Path

import pytest

from core.canonical import dumps
from core.errors import IntegrityBroken
from core.files import ensure_folder, publish_folder, sha256_bytes, sha256_file, write_durably
from core.secrets import ensure_secret
from core.settings import Settings


def test_a_file_is_written_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_durably(tmp_path / "a", b"one")
    write_durably(tmp_path / "a", b"two", 0o640)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"two"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_durably(tmp_path / "a", b"one")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_durably(tmp_path / "a", b"two")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"one"}


def test_a_folder_is_published_once(tmp_path: Path) -> None:
    prepared = ensure_folder(tmp_path / "work" / "prepared")
    ensure_folder(prepared / "sub")
    (prepared / "sub" / "file").write_bytes(b"x")
    publish_folder(prepared, tmp_path / "final")
    assert (tmp_path / "final" / "sub" / "file").read_bytes() == b"x"
    with pytest.raises(FileExistsError):
        publish_folder(ensure_folder(tmp_path / "again"), tmp_path / "final")


def test_hashes_agree(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_file(tmp_path / "a") == sha256_bytes(b"abc")
    assert sha256_bytes(b"abc").startswith("ba7816bf")


def test_canonical_json_has_one_form() -> None:
    assert dumps({"b": 1, "a": "é"}) == dumps({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        dumps({"a": float("nan")})


def test_a_secret_is_drawn_once_and_closed_to_others(settings: Settings) -> None:
    secret = ensure_secret(settings, "session")
    assert ensure_secret(settings, "session") == secret
    assert ensure_secret(settings, "other") != secret
    assert (settings.keys / "session").stat().st_mode & 0o077 == 0
    assert settings.keys.stat().st_mode & 0o077 == 0
    (settings.keys / "session").write_text("abcd")
    with pytest.raises(IntegrityBroken, match="2 bytes"):
        ensure_secret(settings, "session")
