"""A manifest is the sender's word: it may not lead outside the delivery, and may not count a file twice."""

import os
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError

from core.errors import InvalidInput
from core.files import sha256_bytes
from data_catalog.sources.delivery import DeliveredFile, Delivery, guess, read_delivery, take_delivery
from data_catalog.sources.files import FileSpec, Format
from data_catalog.sources.reading import read_files
from tests.data_catalog.sources.conftest import AT, Reader

CONTENT = b"A\n1\n2\n"
CSV = FileSpec(path="a.csv")


def sent(path: str, content: bytes = CONTENT) -> dict[str, object]:
    return {"path": path, "format": Format.CSV, "sha256": sha256_bytes(content), "bytes": len(content), "rows": 2}


def delivery(*files: DeliveredFile) -> Delivery:
    return Delivery(made_by="a test", made_at=AT, synthetic=True, files=files)


@pytest.mark.parametrize("path", ["../a.csv", "x/../../a.csv", "/dev/zero", "./a.csv", "x//a.csv", "x\\a.csv", ""])
def test_a_manifest_that_leads_outside_or_writes_a_path_two_ways_is_none(path: str) -> None:
    with pytest.raises(ValidationError):
        DeliveredFile(**sent(path))


def test_without_that_rule_a_file_beside_the_delivery_would_be_taken(reader: Reader) -> None:
    (reader.folder.parent / "a.csv").write_bytes(CONTENT)
    outside = DeliveredFile.model_construct(**sent("../a.csv"))
    taken = take_delivery(reader.folder, delivery(outside), {"a": FileSpec(path="*/a.csv")}, reader.work)
    assert taken.problems == []
    assert taken.files["a"][0].copy.read_bytes() == CONTENT


def test_a_file_named_twice_would_be_read_twice_and_is_refused(reader: Reader) -> None:
    (reader.folder / "x").mkdir()
    (reader.folder / "x" / "a.csv").write_bytes(CONTENT)
    file, specs = DeliveredFile(**sent("x/a.csv")), {"a": FileSpec(path="*/a.csv")}
    with pytest.raises(ValidationError, match="names a file twice"):
        delivery(file, file)
    unchecked = Delivery.model_construct(made_by="a test", made_at=AT, synthetic=True, files=(file, file))
    taken = take_delivery(reader.folder, unchecked, specs, reader.work)
    assert read_files(reader.connection, specs, taken.files, reader.work) == []
    assert len(reader.rows("a")) == 4, "and the delivery has two rows"


def swap(path: Path, how: str) -> None:
    path.unlink()
    if how == "a pipe":
        os.mkfifo(path)
    else:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero, which has no end


@pytest.mark.parametrize("how", ["a pipe", "a device"])
def test_a_file_swapped_after_the_folder_was_looked_at_neither_holds_nor_fills_us(
    reader: Reader, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (reader.folder / "a.csv").write_bytes(b"")
    empty = delivery(DeliveredFile(**sent("a.csv", b"")))
    monkeypatch.setattr("data_catalog.sources.delivery._strangers", lambda *_: iter(()))
    swap(reader.folder / "a.csv", how)
    (finding,) = take_delivery(reader.folder, empty, {"a": CSV}, reader.work).problems
    assert "not what was sent" in finding.rule


def test_a_sparse_terabyte_is_refused_before_it_is_copied(reader: Reader) -> None:
    (reader.folder / "a.csv").write_bytes(CONTENT)
    reader.sign(a=CSV)
    os.truncate(reader.folder / "a.csv", 1 << 40)
    (finding,) = reader.read(a=CSV)
    assert "not what was sent" in finding.rule
    assert sum(path.stat().st_size for path in reader.work.rglob("*") if path.is_file()) == 0


@pytest.mark.parametrize("name", ["*.csv", "a[1].csv", "a?.csv", "it's.csv", "a;b.csv", "é ü.csv"])
def test_a_name_that_would_be_a_pattern_or_sql_is_a_name(reader: Reader, name: str) -> None:
    (reader.folder / name).write_bytes(CONTENT)
    (reader.folder / "ab.csv").write_bytes(b"A\n7\n")
    spec = FileSpec(path=name)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    own = reader.connection.execute("SELECT A FROM raw_a WHERE A <> '7'").fetchall()
    assert own == [("1",), ("2",)]


def test_duckdb_would_take_a_name_for_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "*.csv").write_bytes(CONTENT)
    (tmp_path / "b.csv").write_bytes(CONTENT)
    assert len(duckdb.sql(f"FROM read_csv('{tmp_path}/*.csv')").fetchall()) == 4


@pytest.mark.parametrize(("pattern", "path", "is_one"), [("a[1].csv", "a1.csv", False), ("a?.csv", "ab.csv", False)])
def test_a_path_has_no_pattern_but_the_star(pattern: str, path: str, is_one: bool) -> None:
    assert FileSpec(path=pattern).matches(pattern)
    assert FileSpec(path=pattern).matches(path) is is_one


SPECS = [
    {"path": "../a.csv"},
    {"path": "/etc/passwd"},
    {"path": "x/../../a.csv"},
    {"path": "**/a.csv"},
    {"path": "x\\a.csv"},
    {"path": "a.csv", "encoding": "zlib"},
    {"path": "a.csv", "encoding": "rot13"},
    {"path": "a.csv", "encoding": "idna"},
    {"path": "a.csv", "encoding": "latin-99"},
    {"path": "a.csv", "delimiter": "||"},
    {"path": "a.csv", "delimiter": "\n"},
    {"path": "a.csv", "delimiter": '"'},
    {"path": "a.xpt", "format": "xpt", "delimiter": ";"},
]


@pytest.mark.parametrize("said", SPECS, ids=lambda said: " ".join(map(repr, said.values())))
def test_a_mapping_can_not_say(said: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        FileSpec(**said)


GUESSES = [
    ("A,B\n", ",", "utf-8"),
    ("A;B\n1,5;2\n", ";", "utf-8"),
    ("A\tB\n", "\t", "utf-8"),
    ("A|B\n", "|", "utf-8"),
]


@pytest.mark.parametrize(("text", "delimiter", "encoding"), GUESSES)
def test_how_a_csv_is_written_is_told_from_it(tmp_path: Path, text: str, delimiter: str, encoding: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert (guess(tmp_path / "a.csv").delimiter, guess(tmp_path / "a.csv").encoding) == (delimiter, encoding)
    (tmp_path / "a.csv").write_bytes(text.encode("utf-16"))
    assert (guess(tmp_path / "a.csv").delimiter, guess(tmp_path / "a.csv").encoding) == (delimiter, "utf-16")


def test_what_can_not_be_read_is_named_when_it_is_signed(reader: Reader) -> None:
    (reader.folder / "good.csv").write_bytes(CONTENT)
    (reader.folder / "bad.csv").write_bytes(b'A,B\n1,"2\n')
    with pytest.raises(InvalidInput, match=r"bad\.csv can not be read as csv"):
        reader.sign()
    with pytest.raises(InvalidInput):
        read_delivery(reader.folder)
