"""How pages write moments, ages and sizes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.web.words import write_age, write_moment, write_size

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (12_400, "12.4 kB"),
        (52_428_800, "52.4 MB"),
        (3_000_000_000, "3 GB"),
        (7_200_000_000_000, "7,200 GB"),
    ],
)
def test_sizes(size: int, written: str) -> None:
    assert write_size(size) == written


@pytest.mark.parametrize(
    ("ago", "written"),
    [
        (timedelta(seconds=-5), "under a minute"),
        (timedelta(seconds=59), "under a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_ages(ago: timedelta, written: str) -> None:
    assert write_age(NOON - ago, NOON) == written


def test_moments_are_told_in_utc() -> None:
    assert write_moment(NOON.astimezone(timezone(timedelta(hours=2)))) == "1 June 2026, 12:00 UTC"
