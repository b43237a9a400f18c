"""What arrived is what was sent, or nothing is taken."""

import os
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from core.errors import InvalidInput
from data_catalog.sources.delivery import MANIFEST, make_delivery, read_delivery
from data_catalog.sources.files import FileSpec, Format
from data_catalog.synthetic import LABEL
from tests.data_catalog.sources.conftest import AT, Reader

CSV = FileSpec(path="a.csv")
XPT = FileSpec(path="dm.xpt", format=Format.XPT)
CARD = 80


def write_xpt(path: Path, rows: int, width: int = CARD) -> None:
    """An XPT file whose records are `width` bytes long."""
    frame = pl.DataFrame({"USUBJID": [f"S{number:05}".ljust(width, "x") for number in range(rows)]})
    pyreadstat.write_xport(frame, str(path), table_name="DM", file_format_version=5)


def test_an_xpt_cut_at_a_record_reads_as_a_shorter_file_and_is_refused_by_the_manifest(reader: Reader) -> None:
    path = reader.folder / "dm.xpt"
    write_xpt(path, 40)
    reader.sign(dm=XPT)
    path.write_bytes(path.read_bytes()[: -10 * CARD])
    shorter, _ = pyreadstat.read_xport(str(path), output_format="polars")
    assert len(shorter) == 30, "without the manifest nobody would notice"
    (finding,) = reader.read(dm=XPT)
    assert "dm.xpt" in finding.to_text()
    assert "not what was sent" in finding.rule


ARRIVED = {
    "a byte changed": lambda folder: (folder / "a.csv").write_text("A\n2\n"),
    "a file missing": lambda folder: (folder / "a.csv").unlink(),
    "a file more": lambda folder: (folder / "b.csv").write_text("A\n1\n"),
    "a sparse terabyte": lambda folder: os.truncate(folder / "a.csv", 1 << 40),
}


@pytest.mark.parametrize("what", ARRIVED)
def test_what_differs_from_the_manifest_is_refused(reader: Reader, what: str) -> None:
    (reader.folder / "a.csv").write_text("A\n1\n")
    reader.sign(a=CSV)
    assert reader.read(a=CSV) == []
    reader.connection.execute("DROP TABLE raw_a")
    ARRIVED[what](reader.folder)
    findings = reader.read(a=CSV)
    assert findings
    assert all(finding.table == "the delivery" for finding in findings)


def test_a_row_count_that_differs_is_refused(reader: Reader) -> None:
    (reader.folder / "a.csv").write_text("A\n1\n2\n")
    reader.sign(a=CSV)
    manifest = reader.folder / MANIFEST
    manifest.write_text(manifest.read_text().replace('"rows":2', '"rows":3'))
    (finding,) = reader.read(a=CSV)
    assert finding.rule == "2 rows were read, and 3 were sent"


def test_what_the_mapping_reads_and_nobody_sent_is_named(reader: Reader) -> None:
    (reader.folder / "a.csv").write_text("A\n1\n")
    reader.sign(a=CSV)
    (finding,) = reader.read(a=CSV, b=FileSpec(path="b.csv"), c=FileSpec(path="c.csv", optional=True))
    assert (finding.column, finding.rule) == ("b.csv", "the mapping reads this, and the delivery is without it")


STRANGE = {
    "a link": lambda path: path.symlink_to("/etc/passwd"),
    "a pipe": os.mkfifo,
    "a device": lambda path: os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3)),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_delivery_holds_plain_files_alone(reader: Reader, what: str) -> None:
    (reader.folder / "a.csv").write_text("A\n1\n")
    reader.sign(a=CSV)
    STRANGE[what](reader.folder / "b.csv")
    with pytest.raises(InvalidInput, match=r"b\.csv is a link or a device"):
        reader.read(a=CSV)
    with pytest.raises(InvalidInput, match=r"b\.csv is a link or a device"):
        reader.sign(a=CSV)


def test_a_file_that_became_a_link_is_not_followed(reader: Reader) -> None:
    path = reader.folder / "a.csv"
    path.write_text("A\n1\n")
    reader.sign(a=CSV)
    delivery = read_delivery(reader.folder)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="link or a device"):
        reader.read(a=CSV)
    assert delivery.file("a.csv") is not None


def test_a_manifest_is_needed_and_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no delivery"):
        read_delivery(tmp_path)
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(InvalidInput, match="is no manifest"):
        read_delivery(tmp_path)
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(InvalidInput, match="There is no file"):
        make_delivery(tmp_path, "a test", AT)


def test_the_label_of_synthetic_data_goes_with_a_delivery(reader: Reader) -> None:
    (reader.folder / "a.csv").write_text("A\n1\n")
    reader.sign()
    assert not read_delivery(reader.folder).synthetic
    (reader.folder / LABEL).write_text("synthetic\n")
    reader.sign()
    assert read_delivery(reader.folder).synthetic


def test_a_file_nobody_can_read_has_no_manifest(reader: Reader) -> None:
    (reader.folder / "scan.dcm").write_bytes(b"DICM")
    with pytest.raises(InvalidInput, match=r"Nobody here knows how to read scan\.dcm"):
        reader.sign()
    (reader.folder / "scan.dcm").unlink()
    (reader.folder / "dm.xpt").write_bytes(b"no transport file")
    with pytest.raises(InvalidInput, match=r"dm\.xpt can not be read as xpt"):
        reader.sign()


PATHS = [("*/dm.xpt", "one/dm.xpt", True), ("*/dm.xpt", "dm.xpt", False), ("*/dm.xpt", "one/two/dm.xpt", False)]


@pytest.mark.parametrize(("pattern", "path", "is_one"), PATHS)
def test_a_pattern_matches_part_by_part(pattern: str, path: str, is_one: bool) -> None:
    assert FileSpec(path=pattern, format=Format.XPT).matches(path) is is_one
