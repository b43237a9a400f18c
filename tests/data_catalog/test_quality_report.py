"""The published report: no small count, no exact count, nothing loaded from elsewhere, and comparable by edition."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import InvalidInput
from data_catalog.facts import Registry
from data_catalog.quality.models import About, Axis, Indicator, QualityReport, Status
from data_catalog.quality.publication import (
    SMALLEST,
    compare,
    document,
    read_json,
    rounded,
    to_html,
    to_json,
    write_report,
)

ABOUT = About("clinic", "A <clinic>", 2, "2026-06-01", synthetic=True)


def indicator(n: int | None, of: int | None, status: Status = Status.OK, **more: object) -> Indicator:
    return replace(Indicator("sober", Axis.ACCURACY, "Nobody is <odd>.", status, n, of), **more)


def report(*indicators: Indicator, about: About = ABOUT, registry: Registry | None = None) -> QualityReport:
    return QualityReport(about, "1", registry, indicators)


COUNTS = {None: None, 0: 0, 1: "<10", 9: "<10", 10: 10, 14: 10, 15: 20, 16: 20, 95294: 95290}


@pytest.mark.parametrize(("count", "shown"), COUNTS.items())
def test_a_count_is_shown_as_nobody_can_be_found_by(count: int | None, shown: int | str | None) -> None:
    assert rounded(count) == shown


PUBLISHED = {
    "many": (37, 1204, 40, 1200, round(40 / 1200, 4)),
    "none": (0, 1204, 0, 1200, 0.0),
    "few": (3, 1204, "<10", 1200, None),
    "few of few": (0, 7, "<10", "<10", None),
    "all but few": (1201, 1204, 1200, 1200, 1.0),
    "nothing": (None, None, None, None, None),
}


@pytest.mark.parametrize(("n", "of", "shown", "shown_of", "rate"), PUBLISHED.values(), ids=PUBLISHED)
def test_an_indicator_is_published_without_small_counts(
    n: int | None, of: int | None, shown: int | str | None, shown_of: int | str | None, rate: float | None
) -> None:
    (one,) = document(report(indicator(n, of)))["indicators"]
    assert (one["n"], one["of"], one["rate"]) == (shown, shown_of, rate)


def test_the_median_of_a_few_is_not_published() -> None:
    few, many = indicator(7, 7, value=31.4), indicator(70, 70, value=31.4)
    assert [one["value"] for one in document(report(few, many))["indicators"]] == [None, 31.4]


def test_two_editions_do_not_tell_of_the_person_by_whom_they_differ() -> None:
    before, after = report(indicator(52, 1204)), report(indicator(51, 1203))
    assert before.indicators[0].n - after.indicators[0].n == 1, "exact counts tell"  # type: ignore[operator]
    assert to_json(before) == to_json(after)


def test_the_json_is_canonical_and_reads_back() -> None:
    raw = to_json(
        report(
            indicator(37, 1204),
            registry=Registry(country="Italy", people=95294, as_of="July 2025", coverage_percent=70),
        )
    )
    assert raw == json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    read = read_json(raw)
    assert read["summary"] == {"ok": 1, "look": 0, "not_checked": 0, "not_available": 0}
    assert read["registry"]["people"] == 95294


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"format": "another"}'])
def test_what_is_no_report_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match="This is no"):
        read_json(raw)


def page(*indicators: Indicator, about: About = ABOUT) -> str:
    return to_html(document(report(*indicators, about=about)))


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    text = page(indicator(37, 1204), indicator(3, 1204, Status.LOOK, variable="patient.sex"))
    assert not re.search(r"""https?:|\b(src|href|action)\s*=|@import|url\(|<script|<link|<iframe""", text)


def test_the_page_shows_what_is_published_and_not_more() -> None:
    text = page(indicator(37, 1204), indicator(1201, 1204, variable="patient.sex", label="Sex"))
    assert "1,200" in text
    assert "&lt;10" in page(indicator(3, 1204))
    assert not re.search(r"1,?204|1,?201|\b37\b", text)


def test_the_page_escapes_what_it_is_told() -> None:
    text = page(indicator(37, 1204))
    assert "A &lt;clinic&gt;" in text
    assert "Nobody is &lt;odd&gt;." in text
    assert "<odd>" not in text


@pytest.mark.parametrize("synthetic", [True, False])
def test_the_page_says_whether_the_data_are_synthetic(synthetic: bool) -> None:
    text = page(indicator(37, 1204), about=replace(ABOUT, synthetic=synthetic))
    assert ("SYNTHETIC" in text) is synthetic


@pytest.mark.parametrize("status", list(Status))
def test_the_page_names_every_status(status: Status) -> None:
    assert f'class="status {status}"' in page(indicator(None, None, status))


def test_both_files_are_written(tmp_path: Path) -> None:
    written = write_report(report(indicator(37, 1204)), tmp_path / "quality")
    assert [path.name for path in written] == ["report.json", "report.html"]
    assert read_json(written[0].read_bytes())["about"]["edition"] == 2
    assert written[1].read_text(encoding="utf-8").startswith("<!doctype html>")


OLD, NEW = replace(ABOUT, edition=1), ABOUT


def test_two_editions_are_compared_indicator_by_indicator() -> None:
    gone = replace(indicator(10, 100), id="gone")
    old = document(report(indicator(100, 1000), gone, about=OLD))
    new = document(report(indicator(250, 1000, Status.LOOK), replace(indicator(None, None), id="new"), about=NEW))
    sober, added, dropped = compare(old, new)
    assert (sober.old, sober.new, sober.change, sober.is_worse) == (0.1, 0.25, 0.15, True)
    assert (added.id, added.old_status, added.change) == ("new", None, None)
    assert (dropped.id, dropped.new_status, dropped.is_worse) == ("gone", None, False)
    assert "+15.0 points" in to_html(new, before=old)
    assert "Since edition 1" in to_html(new, before=old)
    assert "Since edition" not in to_html(new)


def test_a_small_count_has_no_change() -> None:
    old, new = (document(report(indicator(n, 1000))) for n in (0, 3))
    assert compare(old, new)[0].change is None


def test_two_datasets_are_not_compared() -> None:
    with pytest.raises(InvalidInput, match="clinic and other are two datasets"):
        compare(document(report()), document(report(about=replace(ABOUT, dataset="other"))))


def test_the_document_says_what_is_published() -> None:
    text = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert f"counts under {SMALLEST}" in " ".join(text.split())
    assert all(f"`{status}`" in text for status in Status)
    assert all(axis in text for axis in Axis)
