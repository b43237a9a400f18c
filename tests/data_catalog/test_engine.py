"""What is worked with is private while it lasts and gone afterwards, also what a dead process left."""

import os
import stat
from pathlib import Path

import pytest

from data_catalog.engine import engine, identifier, literal, work_folder


def test_a_work_folder_is_private_and_gone_at_the_end(tmp_path: Path) -> None:
    with work_folder(tmp_path) as folder:
        (folder / "rows.csv").write_text("1")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_work_folder_is_gone_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), work_folder(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_process_left_is_removed_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with work_folder(tmp_path) as folder:
            (folder / "rows.csv").write_text("1")
            os._exit(0)
    os.waitpid(child, 0)
    (dead,) = tmp_path.iterdir()
    with work_folder(tmp_path) as first, work_folder(tmp_path) as second:
        assert not dead.exists()
        assert first.exists()
        assert second.exists()


def test_a_sort_that_spills_leaves_nothing(tmp_path: Path) -> None:
    with engine(tmp_path) as connection:
        connection.execute("SET memory_limit = '60MB'; SET threads = 1")
        rows = connection.execute("SELECT hash(x)::VARCHAR AS x FROM range(4_000_000) r(x) ORDER BY x")
        rows.fetchone()
        spilled = list((tmp_path / "engine" / "spill").iterdir())
        assert spilled
        assert stat.S_IMODE((tmp_path / "engine").stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_the_engine_fetches_nothing(tmp_path: Path) -> None:
    with engine(tmp_path) as connection:
        settings = dict(connection.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    for name in ("autoinstall_known_extensions", "autoload_known_extensions", "allow_community_extensions"):
        assert settings[name] == "false"


@pytest.mark.parametrize("text", ["", "a", "a'b", 'a"b', "a\\b", "a\nb", "'; DROP TABLE t; --", "ñ", "a;b"])
def test_names_and_texts_come_back_as_they_were(tmp_path: Path, text: str) -> None:
    with engine(tmp_path) as connection:
        assert connection.execute(f"SELECT {literal(text)}").fetchall() == [(text,)]
        if text:
            connection.execute(f"SELECT 1 AS {identifier(text)}")
            assert connection.description is not None
            assert connection.description[0][0] == text
