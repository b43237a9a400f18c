"""CSV files that are nearly right: a value is read as it stands, or the file is refused."""

import csv
import io

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.files import sha256_bytes
from data_catalog.sources.delimited import BLANKS
from data_catalog.sources.delivery import MANIFEST, DeliveredFile, Delivery
from data_catalog.sources.files import FileSpec, Format
from tests.data_catalog.sources.conftest import AT, Reader, Rows


def read(reader: Reader, content: bytes, rows: int, **form: str) -> list[str]:
    """What is said of these bytes, sent by somebody whose program counted so many rows."""
    (reader.folder / "a.csv").write_bytes(content)
    sent = DeliveredFile(path="a.csv", format=Format.CSV, sha256=sha256_bytes(content), bytes=len(content), rows=rows)
    delivery = Delivery(made_by="a test", made_at=AT, synthetic=True, files=(sent,))
    (reader.folder / MANIFEST).write_text(delivery.model_dump_json())
    return [finding.to_text() for finding in reader.read(a=FileSpec(path="a.csv", **form))]


CZECH, UTF16 = {"encoding": "windows-1250"}, {"encoding": "utf-16"}
HALF_A_PAIR = "A,B\n1,".encode("utf-16-le") + b"\x00\xd8\n\x00"
REFUSED = [
    # what, bytes, rows that were counted, how the mapping says it is written, words of the refusal, the row it names
    ("two names that differ in case", b"ID,id\n1,2\n", 1, {}, "'ID', 'id'", None),
    ("a column named _row", b"_row,B\n9,2\n", 1, {}, "'_row'", None),
    ("a column named _file", b"_FILE,B\n9,2\n", 1, {}, "'_FILE'", None),
    ("a name of blanks", b"A,  \n1,2\n", 1, {}, "'  '", None),
    ("an empty file", b"", 0, {}, "names each column", None),
    ("a byte order mark alone", b"\xef\xbb\xbf", 0, {}, "names each column", None),
    ("a line break in a name", b'"A\nX",B\n1,2\n', 1, {}, "more values than the header", 2),
    ("a quote closed too early", b'A,B\n1,"a"b\n', 1, {}, "a quotation mark", 2),
    ("a quote not closed", b'A,B\n1,2\n3,"4\n', 2, {}, "a quotation mark", 3),
    ("a row too short", b"A,B\n1,2\n3\n", 2, {}, "fewer values", 3),
    ("a row too long", b"A,B\n1,2\n3,4,5\n", 2, {}, "more values", 3),
    ("a line of three megabytes", b"A,B\n1," + b"x" * 3_000_000 + b"\n", 1, {}, "two million bytes", 2),
    ("carriage returns alone", b"A,B\r1,2\r", 1, {}, "must end its lines", None),
    ("windows-1250 said to be UTF-8", "A,B\n1,ř\n".encode("cp1250"), 1, {}, "not UTF-8", 2),
    ("UTF-8 said to be windows-1250", "A,B\n1,ř\n".encode(), 1, CZECH, "is UTF-8, and not", None),
    ("a byte windows-1250 has not", b"A,B\n1,\x81\n", 1, CZECH, "not in the encoding", None),
    ("UTF-16 said to be UTF-8", "A,B\n1,2\n".encode("utf-16"), 1, {}, "NUL bytes", None),
    ("UTF-16 cut in a character", "A,B\n1,2\n".encode("utf-16")[:-1], 1, UTF16, "not in the encoding", None),
    ("UTF-16 with half a pair", HALF_A_PAIR, 1, {"encoding": "utf-16-le"}, "not in the encoding", None),
    ("another delimiter", b"A;B\n1;2,5\n", 1, {}, "more values", 2),
]


@pytest.mark.parametrize(
    ("content", "rows", "form", "words", "row"), [pytest.param(*rest, id=what) for what, *rest in REFUSED]
)
def test_a_broken_csv_is_refused_with_its_name_and_row(
    reader: Reader, content: bytes, rows: int, form: dict[str, str], words: str, row: int | None
) -> None:
    (said,) = read(reader, content, rows, **form)
    assert "a.csv" in said
    assert words in said
    assert row is None or f"row {row}" in said


TAKEN: list[tuple[bytes, Rows]] = [
    (b'A,B\n"","x"\n', [(None, "x")]),
    (b"A,B\nNULL,NA\n", [("NULL", "NA")]),
    (b"A,B\n#1,2\n", [("#1", "2")]),
    (b"A,B\n1,2", [("1", "2")]),
    (b"A,B\n1,2\n\n3,4\n", [("1", "2"), ("3", "4")]),
    (b'A,B\r\n1,"x\r\ny"\r\n', [("1", "x\r\ny")]),
    (b'A,B\n1,"x\ny"\n', [("1", "x\ny")]),
    (b"A,B\n007,1e5\n", [("007", "1e5")]),
    ("A,B\n1,x\u2028y\x85z\n".encode(), [("1", "x\u2028y\x85z")]),
    (b"A,B\n", []),
]


@pytest.mark.parametrize(("content", "rows"), TAKEN)
def test_a_value_is_read_as_it_stands(reader: Reader, content: bytes, rows: Rows) -> None:
    assert read(reader, content, len(rows)) == []
    assert reader.rows("a", "A", "B") == rows


def test_a_blank_line_is_a_row_where_there_is_one_column(reader: Reader) -> None:
    (reader.folder / "a.csv").write_bytes(b"A\n1\n\n2\n")
    reader.sign()
    assert reader.read(a=FileSpec(path="a.csv")) == []
    assert reader.rows("a", "A") == [("1",), (None,), ("2",)]


def test_duckdb_would_give_one_of_two_columns_for_both() -> None:
    """What made names that differ in case dangerous, and not only odd."""
    with duckdb.connect() as connection:
        connection.execute("""CREATE VIEW v AS SELECT 1 AS "ID", 2 AS "id_1", 3 AS other""")
        assert connection.execute('SELECT "id", "ID" FROM v').fetchone() == (1, 1)


BLANK = ["", "  ", '""', '" "', '"\t"', '"\n"']


@pytest.mark.parametrize("blank", BLANK)
def test_a_blank_is_missing_and_blanks_around_a_text_are_the_senders(reader: Reader, blank: str) -> None:
    (reader.folder / "a.csv").write_text(f"A,B\n{blank}, x \n", encoding="utf-8")
    spec = FileSpec(path="a.csv")
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "A", "B") == [(None, " x ")]


def text_of(encoding: str) -> st.SearchStrategy[str]:
    """Texts of an encoding's letters, with delimiters, quotes and line feeds in them."""
    kept = {"blacklist_categories": ("Cc", "Cs"), "codec": encoding}
    letters = st.characters(**kept) | st.sampled_from(",;\t|\"'\n")
    return st.text(letters, min_size=1, max_size=10).filter(lambda text: text.isascii() or "\ufeff" not in text)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Rows, str, str, str]:
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "windows-1250", "utf-16", "utf-16-le"]))
    value = st.none() | text_of("utf-8" if encoding.startswith("utf") else encoding)
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.tuples(*[value] * width), max_size=5))
    return rows, encoding, draw(st.sampled_from(",;\t|")), draw(st.sampled_from("\"'"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tables())
def test_any_table_in_any_encoding_comes_back(reader: Reader, made: tuple[Rows, str, str, str]) -> None:
    rows, encoding, delimiter, quote = made
    width = len(rows[0]) if rows else 2
    names = [f"C{place}" for place in range(width)]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quotechar=quote, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([names, *rows])
    (reader.folder / "a.csv").write_bytes(text.getvalue().encode(encoding))
    spec = FileSpec(path="a.csv", encoding=encoding, delimiter=delimiter, quote=quote)
    reader.sign(a=spec)
    reader.connection.execute("DROP TABLE IF EXISTS raw_a")
    findings = reader.read(a=spec)
    if findings:  # bytes of another encoding that happen to be UTF-8 are refused, and never read wrong
        assert all("is UTF-8, and not" in finding.rule for finding in findings)
    else:
        wanted = [tuple(text if text and text.strip(BLANKS) else None for text in row) for row in rows]
        assert reader.rows("a", *names) == wanted
