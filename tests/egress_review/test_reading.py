"""Taking files apart: every table is found, every limit is said, nothing is dropped in silence."""

import base64
import json
import struct
import zlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from egress_review.checks.columns import CodedTable
from egress_review.checks.cut import CutUnreadable, pseudonyms, read_cut_facts, variables
from egress_review.checks.document import Document
from egress_review.checks.limits import MAX_OUTPUTS, MAX_ROWS, MAX_TABLES
from egress_review.checks.models import CutFacts, CutTable, HeldFile
from egress_review.checks.pictures import Undecodable, clean_picture, picture_facts
from egress_review.checks.reading import read_document
from egress_review.checks.spelling import Speller, canonical, decimals
from tests.egress_review.cohort import PEOPLE, write_cut
from tests.egress_review.hostile import notebook, picture


def read(name: str, content: bytes | str) -> Document:
    return read_document(HeldFile(name, content if isinstance(content, bytes) else content.encode()))


A_TABLE = (("group", "n"), (("a", "40"), ("b", "50")))

TABLES = [
    ("CSV", "t.csv", "group,n\na,40\nb,50\n"),
    ("CSV with semicolons", "t.csv", "group;n\na;40\nb;50\n"),
    ("CSV with bars", "t.csv", "group|n\na|40\nb|50\n"),
    ("TSV", "t.tsv", "group\tn\na\t40\nb\t50\n"),
    ("quoted CSV", "t.csv", '"group","n"\r\n"a","40"\r\n"b","50"\r\n'),
    ("JSON records", "t.json", '[{"group": "a", "n": 40}, {"group": "b", "n": 50}]'),
    ("JSON columns", "t.json", '{"group": ["a", "b"], "n": [40, 50]}'),
    ("JSON columns by index", "t.json", '{"group": {"0": "a", "1": "b"}, "n": {"0": 40, "1": 50}}'),
    ("JSON split", "t.json", '{"columns": ["group", "n"], "index": [0, 1], "data": [["a", 40], ["b", 50]]}'),
    ("JSON rows", "t.json", '[["group", "n"], ["a", 40], ["b", 50]]'),
    ("a Plotly trace", "t.json", '{"type": "bar", "name": "x", "group": ["a", "b"], "n": [40, 50]}'),
    ("Markdown", "t.md", "# T\n\n| group | n |\n|-------|---|\n| a | 40 |\n| b | 50 |\n"),
    ("HTML", "t.html", "<table><tr><th>group<th>n</tr><tr><td>a</td><td>40</td></tr><tr><td>b<td>50</table>"),
    ("HTML without rows", "t.html", "<table><th>group<th>n<tr><td>a<td>40<tr><td>b<td>50</table>"),
    ("spaces", "t.txt", "the result:\n\ngroup   n\na      40\nb      50\n\nand more text\n"),
    ("polars", "t.txt", "┌───────┬────┐\n│ group ┆ n  │\n╞═══════╪════╡\n│ a     ┆ 40 │\n│ b     ┆ 50 │\n└──┴──┘"),
    ("CSV in text", "t.txt", "as follows\ngroup,n\na,40\nb,50\n"),
    ("Python", "t.py", "rows = [('group', 'n'), ('a', 40), ('b', 50)]\n"),
    ("Python with calls around", "t.py", "f(x, {'rows': g([['group', 'n'], ['a', 40], ['b', 50]])})\n"),
    ("R", "t.R", 'text <- "\ngroup,n\na,40\nb,50\n"'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [case[1:] for case in TABLES], ids=[case[0] for case in TABLES])
def test_the_table_is_found(name: str, text: str) -> None:
    assert A_TABLE in [(table.header, table.rows) for table in read(name, text).tables]


@pytest.mark.parametrize(
    ("lines", "header", "rows"),
    [
        ("g,1,2\n0,30,40", ("g", "1", "2"), 1),
        ("1,30\n2,40", ("", ""), 2),
        ("converted,1,2\nspinal,,\n0,30,40", ("converted spinal", "1", "2"), 1),
        (",age,age\n,mean,sd\ngender,,\n1,34.1,9.2", ("gender", "age mean", "age sd"), 1),
        ("only,words\nin,here\nand,there", ("only", "words"), 2),
        ("n", ("n",), 0),
    ],
)
def test_headers_are_told_from_rows(lines: str, header: tuple[str, ...], rows: int) -> None:
    (table,) = read("t.csv", lines).tables
    assert (table.header, len(table.rows)) == (header, rows)


def outputs(*given: dict[str, object]) -> bytes:
    cell = {"cell_type": "code", "source": "", "metadata": {}, "outputs": list(given)}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


def test_streams_errors_and_attachments_are_outputs_too() -> None:
    document = read("n.ipynb", outputs(
        {"output_type": "stream", "name": "stdout", "text": ["group   n\n", "a      40\n", "b      50\n"]},
        {"output_type": "error", "ename": "KeyError", "evalue": "P1", "traceback": ["line 1", "line 2"]},
    ))  # fmt: skip
    assert [output.where for output in document.outputs] == ["cell 1, output 1", "cell 1, output 2"]
    assert A_TABLE in [(table.header, table.rows) for table in document.tables]
    attached = {"cell_type": "markdown", "source": "![a](attachment:a.png)", "metadata": {},
                "attachments": {"a.png": {"image/png": base64.b64encode(picture()).decode()}}}  # fmt: skip
    document = read("n.ipynb", json.dumps({"nbformat": 4, "cells": [attached]}))
    assert [p.where for p in document.pictures] == ["cell 1, attachment a.png (image/png)"]


LIMITS = [
    ("rows", "t.csv", "a,n\n" + "1,2\n" * (MAX_ROWS + 1), "200,000 rows"),
    ("columns", "t.csv", ",".join(["a"] * 1_001) + "\n" + ",".join(["1"] * 1_001), "1,000 columns"),
    ("tables", "t.json", json.dumps([[{"a": 1}], 0] * (MAX_TABLES + 1)), "more than 200 tables"),
    ("outputs", "n.ipynb", notebook(*[{"text/plain": "a"}] * (MAX_OUTPUTS + 1)), "more than 500 outputs"),
    ("nesting", "n.ipynb", '{"nbformat": 4, "cells": [' + "[" * 900 + "]" * 900 + "]}", "can't be read whole"),
    ("a literal of many cells", "t.json", json.dumps([{f"a{n}": n} for n in range(2_000)]), "2,400,000 cells"),
]


@pytest.mark.parametrize(("name", "content", "fault"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_a_limit_reached_is_a_fault(name: str, content: str, fault: str) -> None:
    assert any(fault in said for said in read(name, content).faults)


def test_only_so_much_encoded_content_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_review.checks.reading.MAX_DECODED_BYTES", 100)
    document = read("t.txt", "\n".join(base64.b64encode(bytes([n]) * 60).decode() for n in range(9)))
    assert any("encoded content" in said for said in document.faults)


def bomb() -> bytes:
    """A picture of a few bytes that says it has 3.6 billion pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_a_picture_of_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Undecodable):
        clean_picture(bomb())
    monkeypatch.setattr("egress_review.checks.pictures.MAX_PIXELS", 799)
    with pytest.raises(Undecodable, match="more than 799 pixels"):
        clean_picture(picture())


def test_frames_comments_and_tails_are_seen() -> None:
    animated = picture(save_all=True, append_images=[Image.new("RGB", (40, 20), "blue")])
    assert picture_facts(animated).frames > 0
    assert picture_facts(picture("JPEG", progressive=True) + b"tail").after_the_end == b"tail"
    assert b"said" in picture_facts(picture("JPEG", comment=b"said")).metadata.popitem()[1]
    assert picture_facts(picture("JPEG")).metadata == {}
    assert picture_facts(picture()).metadata == {}


def test_values_are_spelled_as_files_spell_them(tmp_path: Path) -> None:
    frame = pl.DataFrame({
        "when": [date(2002, 2, 1), None], "yes": [True, False], "sex": [1, 2],
        "at": pl.Series(["2002-02-01 00:00", "2002-02-01 12:30"]).str.to_datetime(),
        "edss": [1.0, 2.25], "site": ["Sal ", "nan"],
    })  # fmt: skip
    frame.write_parquet(tmp_path / "t.parquet")
    table = CutTable("d", "t", tmp_path / "t.parquet", tuple(frame.columns), {"sex": {"1": "Male", "2": "Female"}})
    speller = Speller(CodedTable(table))
    texts = ["", "2002-02-01", "2002-02-01t12:30:00", "true", "false", "1", "2", "2.2", "sal", "male", "female", "x"]
    spelled: dict[str, list[list[str]]] = {}
    for spelling in (spelling for name in frame.columns for spelling in speller.spellings(name, 1)):
        cells = dict(zip(spelling.find(texts).tolist(), texts, strict=True))
        ours = [cells[cell] for cell in spelling.cell_of[spelling.column.codes].tolist()]
        spelled.setdefault(spelling.variable, []).append(ours)
    assert spelled == {
        "when": [["2002-02-01", ""]], "at": [["2002-02-01", "2002-02-01t12:30:00"]], "yes": [["true", "false"]],
        "edss": [["1", "2.2"]], "site": [["sal", ""]], "sex": [["1", "2"], ["male", "female"]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "written", "is_found"),
    [
        (0.012345678901234567, "0.012345678901234567", True),
        (0.012345678901234567, "0.0123", True),
        (0.012345678901234567, "0.0124", False),
        (1234567.125, "1234567.125", True),
        (float("nan"), "", True),
        (None, "NA", True),
        (1.5, "one and a half", False),
        (float("inf"), "one and a half", False),
    ],
)
def test_a_decimal_number_is_found_at_the_precision_it_is_written_with(
    tmp_path: Path, value: float | None, written: str, is_found: bool
) -> None:
    pl.DataFrame({"x": [value, 7.25]}).write_parquet(tmp_path / "t.parquet")
    table = CutTable("d", "t", tmp_path / "t.parquet", ("x",))
    (spelling,) = Speller(CodedTable(table)).spellings("x", decimals([written]))
    (cell,) = spelling.find([canonical(written)])
    assert (cell == spelling.cell_of[spelling.column.codes[0]]) == is_found


@pytest.mark.parametrize(
    ("cell", "same"),
    [
        ("1.0", "1"),
        (" 01.50 ", "1.5"),
        ("-0.0", "0"),
        ("NA", ""),
        ("Male", "male"),
        ("2002-02-01 00:00:00", "2002-02-01"),
    ],
)
def test_equal_values_have_one_writing(cell: str, same: str) -> None:
    assert canonical(cell) == canonical(same)


def test_the_facts_of_a_cut(tmp_path: Path) -> None:
    cut = write_cut(tmp_path / "cut")
    assert [(table.dataset, table.name) for table in cut.tables] == [("cis_cohort", "patients")]
    assert variables(cut)["spinal_cord_mri"] == {"0", "1"}
    assert variables(cut)["age"] == frozenset()
    assert len(pseudonyms(cut)) == PEOPLE


def test_a_cut_needs_no_dictionary_to_be_compared_with(tmp_path: Path) -> None:
    write_cut(tmp_path / "cut")
    (tmp_path / "cut" / "dictionary.json").unlink()
    assert variables(read_cut_facts(tmp_path / "cut"))["spinal_cord_mri"] == frozenset()


@pytest.mark.parametrize("damage", ["no tables", "no Parquet", "a broken dictionary"])
def test_a_cut_that_can_not_be_read_is_refused(tmp_path: Path, damage: str) -> None:
    cut: CutFacts = write_cut(tmp_path / "cut")
    if damage == "no tables":
        cut.tables[0].path.unlink()
    elif damage == "no Parquet":
        cut.tables[0].path.write_bytes(b"not Parquet")
    else:
        (cut.path / "dictionary.json").write_text('{"tables": [{}]}')
    with pytest.raises(CutUnreadable, match="Make the cut again"):
        read_cut_facts(cut.path)
