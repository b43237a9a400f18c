"""Workbooks: what may be unpacked, and that nothing of a sheet is left out without a word."""

import os
import random
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from data_catalog.report import Finding
from data_catalog.sources import archive
from data_catalog.sources.archive import problem_of_archive
from data_catalog.sources.workbook import load_xlsx
from data_catalog.synth.native import Sheet
from data_catalog.synth.spreadsheet import write_sheet
from tests.data_catalog.sources.conftest import Reader, Rows

SHEET = "xl/worksheets/sheet1.xml"


def workbook(folder: Path, *rows: tuple[str, ...], old: bytes = b"", new: bytes = b"") -> Path:
    """A workbook of these rows, with something in its sheet written otherwise."""
    path = folder / "a.xlsx"
    write_sheet(folder, Sheet("a.xlsx", "Blad", rows))
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    assert old in parts[SHEET]
    parts[SHEET] = parts[SHEET].replace(old, new) if old else parts[SHEET]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return path


def load(reader: Reader, path: Path) -> list[Finding]:
    return load_xlsx(reader.connection, "a (a.xlsx)", path, "", "raw_a", reader.parsers)


FAR = {"old": b'r="B2"', "new": b'r="XFD1048576"'}
_READ = "import sys; from python_calamine import CalamineWorkbook as W; W.from_path(sys.argv[1]).get_sheet_by_index(0)"


def test_one_value_in_the_last_cell_of_a_sheet_is_refused(reader: Reader, tmp_path: Path) -> None:
    path = workbook(tmp_path, ("A", "B"), ("1", "2"), **FAR)
    assert path.stat().st_size < 4096
    (finding,) = load(reader, path)
    assert "has a sheet of 17,179,869,184 cells" in finding.rule


def test_without_the_check_it_would_end_the_process(tmp_path: Path) -> None:
    path = workbook(tmp_path, ("A", "B"), ("1", "2"), **FAR)
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)); {_READ}"
    quiet = {**os.environ, "RUST_BACKTRACE": "0"}
    ended = subprocess.run([sys.executable, "-c", limited, str(path)], capture_output=True, check=False, env=quiet)
    assert ended.returncode < 0, "not an exception: the process is gone"
    assert b"memory allocation" in ended.stderr


@pytest.mark.parametrize("written", [b"r = 'XFD1048576'", b'r="xfd1048576"', b'\tr="A99999999999999999999"'])
def test_however_its_place_is_written(tmp_path: Path, written: bytes) -> None:
    assert "cells" in problem_of_archive(workbook(tmp_path, ("A", "B"), ("1", "2"), old=b' r="B2"', new=b" " + written))


def test_a_place_cut_by_the_end_of_a_piece_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path, ("A", "B"), ("1", "2"), **FAR)
    for piece in range(65, 90):
        monkeypatch.setattr(archive, "_CHUNK", piece)
        monkeypatch.setattr(archive, "HIGHEST_RATIO", 1 << 20)
        assert "cells" in problem_of_archive(path), piece


def lying(folder: Path, unpacked: int) -> Path:
    """A workbook whose sheet says it is short, with the checksum of that much of it."""
    short = workbook(folder, ("A",), ("1",))
    with zipfile.ZipFile(short) as book:
        size = book.getinfo(SHEET).file_size
    path = workbook(folder, ("A",), ("1",), old=b"<t>1</t>", new=b"<t>" + b"1" * unpacked + b"</t>")
    with zipfile.ZipFile(path) as book:
        whole = book.read(SHEET)
    said, lie = (struct.pack("<L", zlib.crc32(text)) for text in (whole, whole[:size]))
    raw = path.read_bytes()
    assert raw.count(said) == 2, "once before the member, once in the directory"
    raw = raw.replace(said, lie).replace(struct.pack("<L", len(whole)), struct.pack("<L", size))
    path.write_bytes(raw)
    return path


def test_what_a_member_says_of_its_size_is_not_asked(tmp_path: Path) -> None:
    path = lying(tmp_path, 40 << 20)
    with zipfile.ZipFile(path) as book:
        assert len(book.read(SHEET)) < 1000, "zipfile believes it, and finds nothing wrong"
    assert problem_of_archive(path)


DEFECTIVE = {
    "a password": lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-30]),
    "no sheet in it": lambda path: zipfile.ZipFile(path, "w").close(),
    "nothing": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("how", DEFECTIVE)
def test_a_defective_workbook_is_refused_and_named(reader: Reader, tmp_path: Path, how: str) -> None:
    path = workbook(tmp_path, ("A", "B"), ("1", "2"))
    DEFECTIVE[how](path)
    (finding,) = load(reader, path)
    assert "a.xlsx" in finding.to_text()


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, ("A", "B"), ("1", "2"))
    raw = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + place] |= 1
    path.write_bytes(raw)
    assert "encrypted" in problem_of_archive(path)


def test_damaged_bytes_are_refused_or_read_and_never_raise(reader: Reader, tmp_path: Path) -> None:
    whole = workbook(tmp_path, ("A", "B"), *[(str(number), "x") for number in range(40)]).read_bytes()
    draw = random.Random(20261125)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        (tmp_path / "a.xlsx").write_bytes(damaged)
        reader.connection.execute("DROP TABLE IF EXISTS raw_a")
        refused += bool(load(reader, tmp_path / "a.xlsx"))
    assert refused > 200


HEADERS = [
    ((("ID", "", "B"), ("1", "2", "3")), "''"),
    ((("ID", "id"), ("1", "2")), "'ID', 'id'"),
    ((("_row", "B"), ("1", "2")), "'_row'"),
    ((("", ""), ("1", "2")), "names each column"),
    ((("A", "B"), ("1", "2"), ("3", "4", "5")), "beside the columns the header names (once)\n    row 2"),
]


@pytest.mark.parametrize(("rows", "words"), HEADERS)
def test_a_sheet_whose_header_does_not_name_its_columns_is_refused(
    reader: Reader, tmp_path: Path, rows: tuple[tuple[str, ...], ...], words: str
) -> None:
    (finding,) = load(reader, workbook(tmp_path, *rows))
    assert words in finding.to_text()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b'<c r="A2"><v>1.5</v></c>', "1.5"),
        (b'<c r="A2"><v>42.0</v></c>', "42"),
        (b'<c r="A2"><v>1234567890123456</v></c>', "1234567890123456"),
        (b'<c r="A2" t="b"><v>1</v></c>', "true"),
        (b'<c r="A2" t="d"><v>2020-01-02</v></c>', "2020-01-02"),
        (b'<c r="A2" t="e"><v>#N/A</v></c>', None),
        (b'<c r="A2" t="inlineStr"><is><t>  </t></is></c>', None),
    ],
)
def test_a_cell_comes_to_its_text(reader: Reader, tmp_path: Path, cell: bytes, text: str | None) -> None:
    old = b'<c r="A2" t="inlineStr"><is><t>X</t></is></c>'
    assert load(reader, workbook(tmp_path, ("A", "B"), ("X", "Y"), old=old, new=cell)) == []
    assert reader.rows("a", "A", "B") == [(text, "Y")]


def test_a_row_of_blanks_between_others_is_a_row(reader: Reader, tmp_path: Path) -> None:
    rows: Rows = [("1", "2"), (None, None), ("3", "4")]
    path = workbook(tmp_path, ("A", "B"), ("1", "2"), ("", ""), ("3", "4"), ("", ""))
    assert load(reader, path) == []
    assert reader.rows("a", "A", "B") == rows
    assert CalamineWorkbook.from_path(path).sheet_names == ["Blad"]
