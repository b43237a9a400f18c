"""Every form a file can have comes to the same texts.

SAS's own format is read by the same library as the others, and nothing here writes it: only its refusal is tested.
"""

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_catalog.sources import readers
from data_catalog.sources.archive import MOST_BYTES, problem_of_archive
from data_catalog.sources.delimited import BLANKS, count_decoded_rows
from data_catalog.sources.files import FileSpec, Format
from data_catalog.sources.workbook import load_xlsx
from data_catalog.synth.spreadsheet import Sheet, write_sheet
from tests.data_catalog.sources.conftest import Reader

ROWS = [("A1", "é", "1.5"), ("A2", None, "2"), ("A3", "c;d", None)]

DELIMITERS = [",", ";", "\t", "|"]
ENCODINGS = ["utf-8", "utf-8-sig", "latin-1", "windows-1250", "windows-1252", "utf-16", "utf-16-le"]


def written(rows: list[tuple[str | None, ...]], delimiter: str, newline: str = "\n") -> str:
    def cell(text: str | None) -> str:
        return "" if text is None else '"' + text.replace('"', '""') + '"'

    return newline.join(delimiter.join(map(cell, row)) for row in [("ID", "NAME", "N"), *rows]) + newline


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CR LF"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", DELIMITERS, ids=["comma", "semicolon", "tab", "bar"])
def test_a_csv_of_any_form(reader: Reader, delimiter: str, encoding: str, newline: str) -> None:
    text = written(ROWS, delimiter, newline)
    (reader.folder / "a.csv").write_bytes(text.encode(encoding))
    spec = FileSpec(path="a.csv", delimiter=delimiter, encoding=encoding)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "ID", "NAME", "N") == ROWS


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(
    lambda text: text.strip(BLANKS)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(texts, st.none() | texts, texts), min_size=1, max_size=6), st.sampled_from(DELIMITERS))
def test_any_table_of_texts_comes_back(reader: Reader, rows: list[tuple[str | None, ...]], delimiter: str) -> None:
    (reader.folder / "a.csv").write_text(written(rows, delimiter), encoding="utf-8", newline="")
    spec = FileSpec(path="a.csv", delimiter=delimiter)
    reader.sign(a=spec)
    reader.connection.execute("DROP TABLE IF EXISTS raw_a")
    assert reader.read(a=spec) == []
    assert reader.rows("a", "ID", "NAME", "N") == rows


BROKEN = [
    # what is wrong, the bytes, how the mapping says it is written, words of the refusal
    ("NUL bytes", b"A,B\n1,\x002\n", {}, "has NUL bytes"),
    ("a quote that is not closed", b'A,B\n1,"2\n3,4\n', {}, ""),
    ("too few values", b"A,B\n1,2\n3\n", {}, "fewer values than the header"),
    ("too many values", b"A,B\n1,2\n3,4,5\n", {}, "more values than the header"),
    ("a column twice", b"A,A\n1,2\n", {}, "names each column, and once"),
    ("a column without a name", b"A,\n1,2\n", {}, "names each column, and once"),
    ("mixed line ends", b"A,B\r\n1,2\n3,4\r\n", {}, "must end its lines all with"),
    ("latin-1 said to be UTF-8", "A,B\n1,é\n".encode("latin-1"), {}, ""),
    ("UTF-8 said to be latin-1", "A,B\n1,é\n".encode(), {"encoding": "latin-1"}, "is UTF-8, and not latin-1"),
    ("half a UTF-16", "A,B\n1,2\n".encode("utf-16")[:-1], {"encoding": "utf-16"}, ""),
]


@pytest.mark.parametrize(("content", "form", "words"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_csv_is_refused_and_named(reader: Reader, content: bytes, form: dict[str, str], words: str) -> None:
    path, spec = reader.folder / "a.csv", FileSpec(path="a.csv", **form)
    path.write_text("A,B\n1,2\n")
    reader.sign(a=FileSpec(path="a.csv"))
    path.write_bytes(content)
    _sign_anyway(reader, content)
    findings = reader.read(a=spec)
    assert findings
    assert "a.csv" in findings[0].to_text()
    assert words in findings[0].to_text()


def _sign_anyway(reader: Reader, content: bytes) -> None:
    """A manifest of these bytes, as a sender with a more forgiving program would make it."""
    import hashlib
    import json

    manifest = reader.folder / "delivery.json"
    told = json.loads(manifest.read_text())
    told["files"][0] |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content), "rows": 2}
    manifest.write_text(json.dumps(told))


FRAME = pl.DataFrame(
    {
        "ID": ["A1", "A2", "A3"],
        "WHOLE": [1.0, None, -3.0],
        "PART": [0.5, 1234.25, None],
        "DAY": [date(2020, 2, 29), None, date(1999, 12, 31)],
    }
)
AS_TEXT = [("A1", "1", "0.5", "2020-02-29"), ("A2", None, "1234.25", None), ("A3", "-3", None, "1999-12-31")]

WRITERS = {
    Format.XPT: lambda path: pyreadstat.write_xport(FRAME, path, table_name="T", file_format_version=5),
    Format.SPSS: lambda path: pyreadstat.write_sav(FRAME, path),
    Format.STATA: lambda path: pyreadstat.write_dta(FRAME, path),
    Format.PARQUET: FRAME.write_parquet,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_of_a_statistics_package_comes_to_the_same_texts(reader: Reader, kind: Format) -> None:
    WRITERS[kind](str(reader.folder / f"a.{kind}"))
    spec = FileSpec(path=f"a.{kind}", format=kind)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "ID", "WHOLE", "PART", "DAY") == AS_TEXT


@pytest.mark.parametrize("kind", [Format.XPT, Format.SPSS, Format.STATA])
def test_rows_read_some_at_a_time_are_all_there_in_order(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, kind: Format
) -> None:
    WRITERS[kind](str(reader.folder / f"a.{kind}"))
    spec = FileSpec(path=f"a.{kind}", format=kind)
    reader.sign(a=spec)
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 2)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "_row", "ID") == [(1, "A1"), (2, "A2"), (3, "A3")]


@pytest.mark.parametrize("kind", [Format.XPT, Format.SAS, Format.SPSS, Format.STATA, Format.XLSX, Format.PARQUET])
def test_what_is_not_of_its_format_is_refused(reader: Reader, kind: Format) -> None:
    path = reader.folder / f"a.{kind}"
    (reader.folder / "b.csv").write_text("A\n1\n2\n")
    reader.sign()
    path.write_bytes(b"not at all" * 100)
    manifest = reader.folder / "delivery.json"
    manifest.write_text(manifest.read_text().replace('"b.csv"', f'"a.{kind}"'))
    (reader.folder / "b.csv").unlink()
    _sign_anyway(reader, path.read_bytes())
    findings = reader.read(a=FileSpec(path=path.name, format=kind))
    assert findings
    assert path.name in findings[0].to_text()


def test_a_nested_column_of_parquet_is_refused(reader: Reader) -> None:
    pl.DataFrame({"ID": ["A1"], "LIST": [[1, 2]]}).write_parquet(reader.folder / "a.parquet")
    spec = FileSpec(path="a.parquet", format=Format.PARQUET)
    reader.sign(a=spec)
    (finding,) = reader.read(a=spec)
    assert (finding.column, finding.rule) == ("LIST", "holds no plain value")


def test_moments_of_parquet_are_written_as_iso(reader: Reader) -> None:
    pl.DataFrame({"AT": [datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC).replace(tzinfo=None)], "YES": [True]}).write_parquet(
        reader.folder / "a.parquet"
    )
    spec = FileSpec(path="a.parquet", format=Format.PARQUET)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "AT", "YES") == [("2020-01-02T03:04:05", "true")]


def test_a_workbook_comes_to_texts(reader: Reader) -> None:
    write_sheet(reader.folder, Sheet("a.xlsx", "Blad", [["ID", "N"], ["A1", "1.5"], ["A2", ""]]))
    spec = FileSpec(path="a.xlsx", format=Format.XLSX, sheet="Blad")
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "ID", "N") == [("A1", "1.5"), ("A2", None)]


def bomb(path: Path, unpacked: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet1.xml", "w") as member:
        for _ in range(unpacked >> 20):
            member.write(b"\0" * (1 << 20))
    return path


def test_an_archive_that_unpacks_to_far_more_is_not_opened(reader: Reader, tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.xlsx", 400 << 20)
    assert path.stat().st_size < 1 << 20
    assert "unpacks to more than" in problem_of_archive(path)
    (finding,) = load_xlsx(reader.connection, "a", path, "", "raw_a", reader.parsers)
    assert "unpacks to more than" in finding.rule


def test_without_the_check_it_would_be_unpacked_whole(tmp_path: Path) -> None:
    with zipfile.ZipFile(bomb(tmp_path / "a.xlsx", 64 << 20)) as archive:
        assert len(archive.read("xl/sheet1.xml")) == 64 << 20


def test_an_archive_of_too_many_parts_and_one_that_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.xlsx", "w") as archive:
        for number in range(1001):
            archive.writestr(f"{number}", b"")
    assert "holds 1,001 parts" in problem_of_archive(tmp_path / "many.xlsx")
    (tmp_path / "none.xlsx").write_bytes(b"PK")
    assert "is no archive" in problem_of_archive(tmp_path / "none.xlsx")
    assert MOST_BYTES == 1 << 30


def test_rows_are_counted_by_another_parser_than_the_one_that_reads(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes('A;B\n1;"two\nlines"\n\n3;4\n'.encode("utf-16"))
    assert count_decoded_rows(tmp_path / "a.csv", "utf-16", ";", '"') == 2
