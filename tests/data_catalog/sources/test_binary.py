"""SAS transport, SPSS, Stata and Parquet files: every value comes to one text, whatever package wrote it.

Files of SAS itself, which nothing here can write, are in test_sas7bdat.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from core.errors import InvalidInput
from core.files import sha256_bytes
from data_catalog.sources import binary, readers
from data_catalog.sources.delivery import MANIFEST, DeliveredFile, Delivery
from data_catalog.sources.files import FileSpec, Format
from data_catalog.sources.texts import unfit_names
from tests.data_catalog.sources.conftest import AT, Reader, Rows

Writer = Callable[[pl.DataFrame, str], None]
WRITERS: dict[str, tuple[Format, Writer]] = {
    "xpt, version 5": (Format.XPT, lambda frame, path: pyreadstat.write_xport(frame, path, file_format_version=5)),
    "xpt, version 8": (Format.XPT, lambda frame, path: pyreadstat.write_xport(frame, path, file_format_version=8)),
    "sav": (Format.SPSS, lambda frame, path: pyreadstat.write_sav(frame, path)),
    "sav, packed": (Format.SPSS, lambda frame, path: pyreadstat.write_sav(frame, path, compress=True)),
    "dta": (Format.STATA, lambda frame, path: pyreadstat.write_dta(frame, path)),
    "parquet": (Format.PARQUET, lambda frame, path: frame.write_parquet(path)),
}
EVERY = pytest.mark.parametrize("how", WRITERS)


def read(reader: Reader, how: str, frame: pl.DataFrame, *columns: str) -> Rows | list[str]:
    """The rows of a frame that was written and read, or what was refused."""
    kind, write = WRITERS[how]
    write(frame, str(reader.folder / f"a.{kind}"))
    spec = FileSpec(path=f"a.{kind}", format=kind)
    reader.sign(a=spec)
    findings = reader.read(a=spec)
    return [finding.to_text() for finding in findings] or reader.rows("a", *columns)


NUMBERS = [
    (1.0, "1"),
    (-3.0, "-3"),
    (0.0, "0"),
    (-0.0, "0"),
    (2.5, "2.5"),
    (1e15, "1000000000000000"),
    (1234567890123456.0, "1234567890123456"),
    (2.0**53, "9007199254740992"),
    (0.1, "0.1"),
    (1e-7, "1e-07"),  # what a mapping reads as a number
    (None, None),
]


@EVERY
def test_a_number_is_written_with_its_digits_and_no_others(reader: Reader, how: str) -> None:
    frame = pl.DataFrame({"N": [number for number, _ in NUMBERS]})
    assert read(reader, how, frame, "N") == [(text,) for _, text in NUMBERS]


@EVERY
def test_padding_is_taken_off_at_the_end_alone_and_a_blank_is_missing(reader: Reader, how: str) -> None:
    frame = pl.DataFrame({"T": ["x  ", "  y", " ", "", "é", None], "N": [1, 2, 3, 4, 5, 6]})
    assert read(reader, how, frame, "T") == [("x",), ("  y",), (None,), (None,), ("é",), (None,)]


@EVERY
def test_days_and_moments_are_iso(reader: Reader, how: str) -> None:
    frame = pl.DataFrame(
        {
            "D": [date(2020, 2, 29), None, date(1899, 12, 31)],
            "AT": [datetime(2020, 1, 2, 3, 4, 5), None, datetime(1900, 1, 1)],  # noqa: DTZ001  (files know no zones)
            "OF": [clock(1, 2, 3), None, clock(0)],
        }
    )
    assert read(reader, how, frame, "D", "AT", "OF") == [
        ("2020-02-29", "2020-01-02T03:04:05", "01:02:03"),
        (None, None, None),
        ("1899-12-31", "1900-01-01T00:00:00", "00:00:00"),
    ]


@EVERY
def test_a_file_without_rows_has_its_columns(reader: Reader, how: str) -> None:
    frame = pl.DataFrame({"N": [1.0], "T": ["x"]}).head(0)
    assert read(reader, how, frame, "_row", "N", "T") == []


@EVERY
def test_rows_read_some_at_a_time_are_the_same(reader: Reader, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a piece has no value at all, or has whole numbers while the next has others."""
    frame = pl.DataFrame({"N": [None, None, 1.0, 2.0, 2.5, None, 7.0], "T": [None, None, "a", "b", None, None, "c"]})
    wanted: Rows = [
        *[("1", None, None), ("2", None, None), ("3", "1", "a"), ("4", "2", "b")],
        *[("5", "2.5", None), ("6", None, None), ("7", "7", "c")],
    ]
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 2)
    rows = read(reader, how, frame, "_row", "N", "T")
    assert [(str(row), *rest) for row, *rest in rows] == wanted


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_the_end_of_a_file_may_be_the_end_of_a_piece(
    reader: Reader, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 2)
    assert len(read(reader, "xpt, version 5", pl.DataFrame({"T": ["x"] * rows}), "T")) == rows


def test_what_spss_calls_missing_is_missing_and_labels_are_not_values(reader: Reader) -> None:
    pyreadstat.write_sav(
        pl.DataFrame({"E": [1.0, 99.0, 2.5], "S": ["a", "zz", "b"]}),
        str(reader.folder / "a.sav"),
        missing_ranges={"E": [99.0], "S": ["zz"]},
        variable_value_labels={"E": {1.0: "one"}},
    )
    spec = FileSpec(path="a.sav", format=Format.SPSS)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "E", "S") == [("1", "a"), (None, None), ("2.5", "b")]


NAMES = [["ID", "id"], ["_row", "B"], ["B", "_FILE"], ["A", " "], [""], []]


@pytest.mark.parametrize("names", NAMES)
def test_names_that_can_not_be_told_apart_or_are_taken_are_refused(names: list[str]) -> None:
    assert unfit_names("a", names)
    assert unfit_names("a", ["ID", "ID_1", "Year"]) == []


@pytest.mark.parametrize("how", ["sav", "dta", "parquet"])
def test_they_are_refused_in_every_format(reader: Reader, how: str) -> None:
    (said,) = read(reader, how, pl.DataFrame({"ID": [1.0], "id": [2.0]}))
    assert "'ID', 'id'" in str(said)
    assert "a." in str(said)


def test_without_that_rule_the_first_would_be_read_for_both(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "unfit_names", lambda *_: [])
    assert read(reader, "sav", pl.DataFrame({"ID": [1.0], "id": [2.0]})) == [(1, "1", "1")]


def test_every_plain_type_of_parquet(reader: Reader) -> None:
    table = pa.table(
        {
            "whole": pa.array([1, None], pa.int8()),
            "long": pa.array([2**64 - 1, 0], pa.uint64()),
            "decimal": pa.array([Decimal("1.50"), Decimal("100.00")], pa.decimal128(10, 2)),
            "single": pa.array([0.1, 2.0], pa.float32()),
            "number": pa.array([float("nan"), float("inf")], pa.float64()),
            "yes": [True, False],
            "code": pa.array(["a", None]).dictionary_encode(),
            "none": pa.nulls(2),
        }
    )
    pq.write_table(table, reader.folder / "a.parquet")
    spec = FileSpec(path="a.parquet", format=Format.PARQUET)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", *table.column_names) == [
        ("1", "18446744073709551615", "1.50", "0.1", None, "true", "a", None),
        (None, "0", "100", "2", None, "false", None, None),
    ]


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_moment_with_a_zone_is_the_same_day_on_every_machine(reader: Reader, in_new_york: None) -> None:
    path = reader.folder / "a.parquet"
    pq.write_table(pa.table({"AT": pa.array([datetime(2020, 1, 2, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))}), path)
    spec = FileSpec(path="a.parquet", format=Format.PARQUET)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "AT") == [("2020-01-02T01:00:00",)]
    shifted = "SELECT strftime(\"AT\", '%Y-%m-%d') FROM read_parquet(?)"
    with duckdb.connect() as connection:
        assert connection.execute(shifted, [str(path)]).fetchone() == ("2020-01-01",), "what a day would have been"


@pytest.mark.parametrize("table", [{"B": pa.array([b"x"])}, {"B": [{"X": 1}]}, {"B": [[1]]}])
def test_what_is_no_plain_value_is_refused(reader: Reader, table: dict[str, object]) -> None:
    pq.write_table(pa.table(table), reader.folder / "a.parquet")
    spec = FileSpec(path="a.parquet", format=Format.PARQUET)
    reader.sign(a=spec)
    (finding,) = reader.read(a=spec)
    assert (finding.column, finding.rule) == ("B", "holds no plain value")


CUTS = [("in a record", 30), ("in a piece of the header", 900)]


@pytest.mark.parametrize(("where", "left_out"), CUTS, ids=[where for where, _ in CUTS])
def test_a_transport_file_cut_anywhere_is_refused_even_where_its_bytes_are_signed(
    reader: Reader, where: str, left_out: int
) -> None:
    path: Path = reader.folder / "a.xpt"
    pyreadstat.write_xport(pl.DataFrame({"T": ["x" * 80] * 5}), str(path), file_format_version=5)
    content = path.read_bytes()[:-left_out]
    path.write_bytes(content)
    sent = DeliveredFile(path="a.xpt", format=Format.XPT, sha256=sha256_bytes(content), bytes=len(content), rows=5)
    delivery = Delivery(made_by="a test", made_at=AT, synthetic=True, files=(sent,))
    (reader.folder / MANIFEST).write_text(delivery.model_dump_json())
    (finding,) = reader.read(a=FileSpec(path="a.xpt", format=Format.XPT))
    assert "a.xpt" in finding.to_text()


def test_a_file_of_sas_itself_that_is_none_is_named(reader: Reader) -> None:
    (reader.folder / "a.sas7bdat").write_bytes(bytes(2048))
    with pytest.raises(InvalidInput, match=r"a\.sas7bdat can not be read as sas7bdat"):
        reader.sign()
