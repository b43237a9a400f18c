"""A small delivery of scans: three people, brain and cord, two sessions."""

from datetime import date
from pathlib import Path

import pytest

from data_catalog.imaging.index import ImagingEntries
from data_catalog.imaging.ingest import prepare_imaging
from data_catalog.imaging.names import scan_stem
from data_catalog.imaging.synthetic import Scan, write_scans


def scan(person: str, session: str, region: str, modality: str, day: date | None, tesla: float) -> Scan:
    return Scan(f"X-{person}", scan_stem(person, session, region, modality), day, region, modality, tesla)


SCANS = (
    scan("MAR01", "20150301", "brain", "t1w", date(2015, 3, 1), 3.0),
    scan("MAR01", "20150301", "spinal_cord", "t2w", date(2015, 3, 1), 3.0),
    scan("MAR01", "20140105", "brain", "t1w", date(2014, 1, 5), 1.5),
    scan("NOV02", "baseline", "brain", "t1w", date(2016, 6, 7), 3.0),
    scan("NOV02", "baseline", "brain", "t1w_gd", date(2016, 6, 7), 3.0),
    scan("ZED03", "", "brain", "flair", None, 3.0),
)


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    folder = tmp_path / "delivery"
    write_scans(SCANS, folder)
    return folder


def take_in(delivery: Path, destination: Path, **options) -> ImagingEntries:
    """Take a delivery in without the BIDS validator, which has tests of its own."""
    return prepare_imaging(delivery, destination, dataset="ms_cidr", validate=lambda folder: [], **options)
