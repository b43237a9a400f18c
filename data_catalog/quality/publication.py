"""Publish a quality report as JSON and HTML, and compare two: more people read it than may see exact counts.

A count under ten is said to be that; others are rounded to tens, so that two counts of one report, or of two editions,
can't be subtracted to find one person. Rates are made from what is shown. No value of anybody is in a report.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core import canonical
from core.errors import InvalidInput
from core.files import ensure_folder
from data_catalog.quality.models import STATUS_WORDS, Axis, Indicator, QualityReport, Status
from data_catalog.synthetic import LABEL

FORMAT = "myelin quality report 1"

SMALLEST = 10
"""Fewer rows than these are not counted in public, and counts are rounded to multiples of it."""

SMALL = f"<{SMALLEST}"

JSON_NAME, HTML_NAME = "report.json", "report.html"

Document = Mapping[str, Any]

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Change:
    """What became of one indicator from one edition to another; rates are shares, values are in their own unit."""

    id: str
    label: str
    old_status: Status | None
    new_status: Status | None
    old: float | None
    new: float | None

    @property
    def change(self) -> float | None:
        """How much it rose or fell, or None where either edition has no number."""
        return round(self.new - self.old, 6) if self.old is not None and self.new is not None else None

    @property
    def is_worse(self) -> bool:
        """Whether somebody should look at it now, and need not have before."""
        return self.new_status is Status.LOOK and self.old_status is not Status.LOOK


def document(report: QualityReport) -> dict[str, Any]:
    """Return what is published of a report."""
    statuses = Counter(indicator.status for indicator in report.indicators)
    return {
        "format": FORMAT,
        "about": asdict(report.about),
        "cdm_version": report.cdm_version,
        "registry": report.registry.model_dump() if report.registry else None,
        "summary": {status.value: statuses[status] for status in Status},
        "indicators": [_published(indicator) for indicator in report.indicators],
    }


def to_json(report: QualityReport) -> bytes:
    """Return a report as canonical JSON."""
    return canonical.dumps(document(report))


def read_json(raw: bytes) -> Document:
    """Read a report back; raises InvalidInput for anything else."""
    try:
        read = json.loads(raw)
    except ValueError as error:
        raise InvalidInput("This is no JSON.", f"A quality report is the {JSON_NAME} of an edition.") from error
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise InvalidInput(f"This is no {FORMAT}.", f"A quality report is the {JSON_NAME} of an edition.")
    return read


def to_html(published: Document, before: Document | None = None) -> str:
    """Return a published report as one page that loads nothing, with the change since an edition before."""
    changes = {change.id: change for change in compare(before, published)} if before else {}
    indicators = published["indicators"]
    return _pages.get_template("report.html").render(
        report=published,
        before=before,
        changes=changes,
        axes={axis.value: [one for one in indicators if one["axis"] == axis and not one["variable"]] for axis in Axis},
        tables=_by_table(indicators),
        words={status.value: words for status, words in STATUS_WORDS.items()},
        label=LABEL,
    )


def write_report(report: QualityReport, folder: Path, before: Document | None = None) -> tuple[Path, Path]:
    """Write `report.json` and `report.html` into a folder and return where they are."""
    ensure_folder(folder, 0o755)
    written = folder / JSON_NAME, folder / HTML_NAME
    written[0].write_bytes(to_json(report))
    written[1].write_text(to_html(document(report), before), encoding="utf-8")
    return written


def compare(old: Document, new: Document) -> tuple[Change, ...]:
    """Return the change of every indicator that either report has; raises InvalidInput for two datasets."""
    names = [report["about"]["dataset"] for report in (old, new)]
    if names[0] != names[1]:
        raise InvalidInput(f"{names[0]} and {names[1]} are two datasets.", "Compare two editions of one dataset.")
    olds, news = ({one["id"]: one for one in report["indicators"]} for report in (old, new))
    return tuple(_change(olds.get(name), news.get(name)) for name in {**news, **olds})


def _change(old: Document | None, new: Document | None) -> Change:
    known = new or old
    assert known is not None
    return Change(known["id"], known["label"], _status(old), _status(new), _number(old), _number(new))


def _status(published: Document | None) -> Status | None:
    return Status(published["status"]) if published else None


def _number(published: Document | None) -> float | None:
    if published is None:
        return None
    found = published["value"] if published["value"] is not None else published["rate"]
    return None if found is None else float(found)


def _published(indicator: Indicator) -> dict[str, Any]:
    n, of = rounded(indicator.n), rounded(indicator.of)
    if of == SMALL:
        n = SMALL
    return {
        **asdict(indicator),
        "n": n,
        "of": of,
        "rate": round(n / of, 4) if isinstance(n, int) and isinstance(of, int) and of else None,
        "value": None if of == SMALL else indicator.value,
    }


def rounded(count: int | None) -> int | str | None:
    """Return a count as it may be published: exact zero, `<10`, or rounded to tens."""
    if count is None or count == 0:
        return count
    return SMALL if count < SMALLEST else (count + SMALLEST // 2) // SMALLEST * SMALLEST


def _by_table(indicators: list[Document]) -> dict[str, list[Document]]:
    tables: dict[str, list[Document]] = {}
    for one in indicators:
        if one["variable"]:
            tables.setdefault(one["variable"].partition(".")[0], []).append(one)
    return {name: rows for name, rows in tables.items() if any(row["of"] is not None for row in rows)}
