"""SAS transport files read part by part: each record once, in the letters it has, and one dataset a file."""

from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from data_catalog.sources import binary, readers, transport
from data_catalog.sources.files import FileSpec, Format
from tests.data_catalog.sources.conftest import Reader

LIBRARY = 240
"""Bytes of the library's header, before the first dataset's."""
VERSIONS = pytest.mark.parametrize("version", [5, 8])


def read(path: Path) -> list[pl.DataFrame]:
    """Every frame of a file, read in this process."""
    with path.open("rb") as file:
        return [*readers.frames(file, Format.XPT, "", readers.ROWS_AT_ONCE)]


def write(path: Path, frame: pl.DataFrame, version: int = 5) -> Path:
    pyreadstat.write_xport(frame, str(path), file_format_version=version)
    return path


@VERSIONS
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 7, 80])
def test_every_record_is_read_once(tmp_path: Path, version: int, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"A": [float(n) for n in range(rows)], "LONGER": [f"t{n}" for n in range(rows)]})
    path = write(tmp_path / "a.xpt", frame.cast({"A": pl.Float64, "LONGER": pl.String}), version)
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 3)
    assert [row for part in read(path) for row in part.rows()] == frame.rows()


def test_a_part_is_as_long_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each part makes the reader read; without parts it is all that comes before, again and again."""
    path = write(tmp_path / "a.xpt", pl.DataFrame({"T": ["x" * 40] * 1000}))
    seen = []
    real = transport.part

    def watched(*said: object) -> object:
        seen.append(said[2:])
        return real(*said)  # type: ignore[arg-type]

    monkeypatch.setattr(transport, "part", watched)
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 100)
    assert sum(map(len, read(path))) == 1000
    assert seen == [(offset, 100) for offset in range(0, 1000, 100)]
    with path.open("rb") as file:
        last = transport.part(file, transport.outline(file, 1), 900, 50)
    assert len(last.getvalue()) < path.stat().st_size / 10


@pytest.mark.parametrize("places", [(2, 3), (0,), (5,), (2, 3, 5)])
def test_records_of_blanks_are_records(
    reader: Reader, places: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "ROWS_AT_ONCE", 2)
    texts = ["" if place in places else f"{place:x<90}" for place in range(6)]
    write(reader.folder / "a.xpt", pl.DataFrame({"T": texts}))
    spec = FileSpec(path="a.xpt", format=Format.XPT)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "T") == [(text or None,) for text in texts]


@VERSIONS
def test_a_file_of_two_datasets_is_refused(reader: Reader, version: int) -> None:
    path = write(reader.folder / "a.xpt", pl.DataFrame({"T": ["x"]}), version)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[LIBRARY:])
    frame, _ = pyreadstat.read_xport(str(path), output_format="polars")
    assert len(frame) != 2, "the reader takes the second's header for records, or leaves it out"
    with pytest.raises(ValueError, match="several datasets"):
        binary.count_rows(path, Format.XPT)


def western(path: Path) -> Path:
    write(path, pl.DataFrame({"UNIT": ["ng@mL", "plain"]}))
    path.write_bytes(path.read_bytes().replace(b"ng@mL", "ng/µL".encode("windows-1252").ljust(5)))
    return path


def test_letters_of_western_europe_are_read_as_such(reader: Reader) -> None:
    western(reader.folder / "a.xpt")
    spec = FileSpec(path="a.xpt", format=Format.XPT)
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "UNIT") == [("ng/µL",), ("plain",)]


def test_a_mapping_may_say_which_letters_they_are(reader: Reader) -> None:
    western(reader.folder / "a.xpt")
    spec = FileSpec(path="a.xpt", format=Format.XPT, encoding="iso-8859-5")
    reader.sign(a=spec)
    assert reader.read(a=spec) == []
    assert reader.rows("a", "UNIT")[0] == ("ng/\N{CYRILLIC CAPITAL LETTER IE}L",)
