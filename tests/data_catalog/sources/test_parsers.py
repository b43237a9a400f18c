"""A file made to break its parser breaks a process that has nothing: the file is refused by name, and work goes on."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from data_catalog.sources import parsers, readers
from data_catalog.sources.confinement import can_restrict_files
from data_catalog.sources.files import FileSpec, Format
from data_catalog.sources.parsers import NotReadable, Parsers
from data_catalog.sources.workbook import load_xlsx
from tests.data_catalog.sources import hostile
from tests.data_catalog.sources.conftest import Reader

BY_LANDLOCK = pytest.mark.skipif(not can_restrict_files(), reason="this kernel has no Landlock: files stay readable")


class Hostile:
    """Parsers that do what a file says, confined as the real ones are."""

    def __init__(self, folder: Path, confined: Parsers) -> None:
        self.folder, self.confined = folder, confined

    def does(self, act: str, of: object = "") -> str:
        """What came of an act, within the confinement."""
        (self.folder / "a.xlsx").write_text(f"{act} {of}", encoding="utf-8")
        return str(self.confined.sheet(self.folder / "a.xlsx", "").item())


@pytest.fixture
def confined(tmp_path: Path) -> Iterator[Hostile]:
    with Parsers("tests.data_catalog.sources.hostile") as started:
        yield Hostile(tmp_path, started)


DEATHS = [
    ("crash", "was killed by SIGSEGV"),
    ("write_nowhere", "was killed by SIGSEGV"),
    ("leave", "ended with code 7"),
    ("eat", "asked for more than 1,073,741,824 bytes of memory"),
]


@pytest.mark.parametrize(("act", "words"), DEATHS)
def test_a_parser_that_dies_is_a_refusal_and_the_next_file_has_another(confined: Hostile, act: str, words: str) -> None:
    with pytest.raises(NotReadable, match=words):
        confined.does(act)
    assert "PYTHONPATH" in confined.does("settings")


def test_a_parser_that_never_answers_is_ended(confined: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    confined.does("settings")
    assert confined.confined._socket
    confined.confined._socket.settimeout(0.2)
    process = confined.confined._process
    with pytest.raises(NotReadable, match="said nothing for"):
        confined.does("hang")
    assert process
    assert process.poll() is not None


@BY_LANDLOCK
def test_it_can_read_no_vault(confined: Hostile, tmp_path: Path) -> None:
    secret = tmp_path / "vault.parquet"
    secret.write_text("secret", encoding="utf-8")
    with pytest.raises(NotReadable, match="Permission denied"):
        confined.does("look", secret)
    assert hostile.look(str(secret)) == "secret", "what it would see outside"


@BY_LANDLOCK
def test_it_can_write_nowhere(confined: Hostile, tmp_path: Path) -> None:
    for path in (tmp_path / "new", Path("/tmp") / f"myelin-{os.getpid()}"):
        with pytest.raises(NotReadable, match="Permission denied"):
            confined.does("write", path)


@BY_LANDLOCK
def test_it_can_not_look_into_the_process_that_began_it(confined: Hostile) -> None:
    with pytest.raises(NotReadable, match="Permission denied"):
        confined.does("look_into", os.getpid())
    assert hostile.look_into(str(os.getpid())), "what it would see outside"


@BY_LANDLOCK
def test_it_reaches_no_port(confined: Hostile) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(NotReadable, match=r"denied|unreachable|refused"):
            confined.does("call", port)
        assert hostile.call(str(port)) == "connected", "what it would reach outside"


def test_it_has_no_settings_of_ours(confined: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYELIN_SECRET", "key")
    assert "MYELIN_SECRET" not in confined.does("settings")


@pytest.mark.parametrize(("act", "words"), DEATHS)
def test_the_refusal_names_the_file(
    reader: Reader, tmp_path: Path, act: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_catalog.sources.workbook.problem_of_archive", lambda _: "")
    (tmp_path / "broken.xlsx").write_text(act, encoding="utf-8")
    with Parsers("tests.data_catalog.sources.hostile") as confined:
        (finding,) = load_xlsx(reader.connection, "a", tmp_path / "broken.xlsx", "", "raw_a", confined)
    assert "broken.xlsx" in finding.rule
    assert words in finding.rule


def test_rows_that_are_no_arrow_stream_are_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReadable, match="no rows that can be used"):
        parsers._frame(b"ARROW1 not at all")


def test_real_files_come_through_whole(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 2)
    rows = pl.DataFrame({"N": [1.0, None, 2.5], "T": ["a", "", "c"]})
    pyreadstat.write_sav(rows, str(reader.folder / "a.sav"))
    spec = FileSpec(path="a.sav", format=Format.SPSS)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a") == [(1, "1", "a"), (2, None, None), (3, "2.5", "c")]
