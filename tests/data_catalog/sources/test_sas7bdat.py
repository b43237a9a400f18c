"""Files that SAS wrote: values, dates, missing ones and letters as they are; cut or changed, they are refused."""

import gzip
import hashlib
import re
from pathlib import Path

import polars as pl
import pytest

from core.errors import InvalidInput
from data_catalog.sources import readers
from data_catalog.sources.delivery import MANIFEST, DeliveredFile, Delivery
from data_catalog.sources.files import FileSpec, Format
from tests.data_catalog.sources.conftest import AT, Reader, Rows

SAMPLES = Path(__file__).parents[2] / "data" / "sas7bdat"
NAMES = sorted(path.name.removesuffix(".gz") for path in SAMPLES.glob("*.gz"))


def sample(name: str) -> bytes:
    return gzip.decompress((SAMPLES / f"{name}.gz").read_bytes())


def read(reader: Reader, name: str, *columns: str, **said: str) -> Rows | list[str]:
    (reader.folder / name).write_bytes(sample(name))
    spec = FileSpec(path=name, format=Format.SAS, **said)
    reader.sign(a=spec)
    findings = reader.read(a=spec)
    return [finding.to_text() for finding in findings] or reader.rows("a", *columns)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_the_one_its_readme_names(name: str) -> None:
    row = re.search(rf"`{re.escape(name)}` \| `([0-9a-f]+)`", (SAMPLES / "README.md").read_text(encoding="utf-8"))
    assert row
    assert row[1] == hashlib.sha256(sample(name)).hexdigest()


def test_numbers_have_their_digits(reader: Reader) -> None:
    rows = read(reader, "airline.sas7bdat", "_row", "YEAR", "Y")
    assert len(rows) == 32
    assert rows[0] == (1, "1948", "1.2139999866485596")
    assert rows[-1] == (32, "1979", "23.618999481201172")


def test_days_and_moments(reader: Reader) -> None:
    assert read(reader, "datetime.sas7bdat", "Date1", "DateTime", "Taiw")[1:3] == [
        ("1960-01-01", "1960-01-01T00:00:00", "0"),
        ("2016-02-29", "2016-02-29T23:59:59", "20513"),
    ]


def test_a_compressed_file_with_missing_values(reader: Reader) -> None:
    rows = read(reader, "test2.sas7bdat", "Column1", "Column2", "Column4", "Column8")
    assert len(rows) == 10
    assert rows[:2] == [("0.636", "pear", "1965-12-10", None), ("0.283", "dog", "1977-03-07", "339")]


def test_letters_are_what_the_mapping_says_where_the_file_says_wrong(reader: Reader) -> None:
    rows = read(reader, "test16.sas7bdat", "Column2", "Column6", encoding="utf-8")
    assert rows[:2] == [("高雄市", "부산"), ("Иркутск", "高雄市")]


def test_where_the_file_says_wrong_it_is_refused_and_not_read_as_other_letters(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="says that it is ISO-8859-1, and its texts are UTF-8"):
        read(reader, "test16.sas7bdat", "Column2")
    monkeypatch.setattr(readers, "_check_told", lambda *_: None)
    (frame,) = whole(reader.folder / "test16.sas7bdat")
    assert frame["Column2"][0] == "é«\x98é\x9b\x84å¸\x82", "what it would have been"


def whole(path: Path) -> list[pl.DataFrame]:
    """Every frame of a file, read in this process."""
    with path.open("rb") as file:
        return [*readers.frames(file, Format.SAS, "", readers.ROWS_AT_ONCE)]


def test_rows_read_some_at_a_time_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "test2.sas7bdat"
    path.write_bytes(sample(path.name))
    (at_once,) = whole(path)
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 3)
    parts = whole(path)
    assert [row for part in parts for row in part.rows()] == at_once.rows()
    assert len(parts) == 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9])
def test_a_file_cut_short_is_refused_even_where_its_bytes_are_signed(reader: Reader, name: str, share: float) -> None:
    content = sample(name)
    assert refused(reader, name, content[: int(len(content) * share)])


@pytest.mark.parametrize("name", NAMES)
def test_a_file_whose_head_is_changed_is_refused(reader: Reader, name: str) -> None:
    content = bytearray(sample(name))
    content[:32] = bytes(reversed(content[:32]))
    assert refused(reader, name, bytes(content))


def refused(reader: Reader, name: str, content: bytes) -> list[str]:
    """What is said of a file whose sender signed it as it is."""
    (reader.folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    sent = DeliveredFile(path=name, format=Format.SAS, sha256=digest, bytes=len(content), rows=10)
    delivery = Delivery(made_by="a test", made_at=AT, synthetic=True, files=(sent,))
    (reader.folder / MANIFEST).write_text(delivery.model_dump_json())
    return [finding.to_text() for finding in reader.read(a=FileSpec(path=name, format=Format.SAS))]
