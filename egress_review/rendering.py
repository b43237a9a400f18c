"""What a checker sees of a held file: one page of its own that loads nothing from anywhere and runs nothing.

Two layers keep it so. The page is made of escaped text, of pictures decoded and written again, and of HTML of which
only a list of tags stays (defusing.py). And it is served with REVIEW_HEADERS, under which a browser loads and runs
nothing even if the first layer had a hole. The file is read in a process apart, as for the checks.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Any

from egress_review.checks.kinds import kind_by_content, kind_by_name, settled
from egress_review.checks.limits import MAX_CELLS, MAX_FILE_BYTES
from egress_review.checks.models import HeldFile
from egress_review.checks.pictures import Undecodable
from egress_review.checks.sandbox import run_apart
from egress_review.checks.tables import delimiter
from egress_review.checks.text import decode
from egress_review.defusing import Undrawable, defuse_html, drawing_address, picture_address, visible
from egress_review.normalise import written_again

REVIEW_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

MAX_SHOWN_CELLS = 50_000
MAX_SHOWN_LINES = 20_000
MAX_SHOWN_CHARACTERS = 2_000_000

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 1rem; color: #14202b; background: #fff; }
pre, code, .line { font: 13px/1.45 ui-monospace, monospace; }
header h1 { font-size: 1rem; margin: 0; }
header p { margin: 0 0 .6rem; font-size: .8rem; color: #51606d; overflow-wrap: anywhere; }
pre, td, th, .line { white-space: pre-wrap; overflow-wrap: break-word; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { border: 1px solid #c5ced6; padding: .15rem .5rem; text-align: left; vertical-align: top; }
thead th { background: #eef2f5; }
.number { color: #51606d; user-select: none; text-align: right; }
.line .number { display: inline-block; min-width: 3.5em; margin-right: 1em; }
.unseen { background: #ffe08a; color: #5c3b00; border-radius: 2px; padding: 0 2px; font-size: .85em; }
.removed { background: #fbe3e4; color: #7d1a22; border-radius: 2px; padding: 0 3px; font-size: .85em; }
.note { border-left: 4px solid #c98a00; background: #fff8e6; padding: .4rem .8rem; margin: .4rem 0; }
.prompt { color: #51606d; font: 12px ui-monospace, monospace; }
img { max-width: 100%; background: #fff; }
""".strip()

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)


@dataclass(frozen=True)
class RenderedPage:
    """A page to serve with REVIEW_HEADERS, and what the checker should know that it doesn't show."""

    html: bytes
    notes: tuple[str, ...] = ()


Body = tuple[str, list[str]]


def render(file: HeldFile) -> RenderedPage:
    """Make the page of a held file; never raises for what the file holds."""
    if len(file.content) > MAX_FILE_BYTES:
        return _page(file, "", [f"The file is larger than {MAX_FILE_BYTES:,} bytes and is not shown."])
    outcome = run_apart("egress_review.rendering:draw", {"name": file.name}, file.content)
    reply = next(iter(outcome.replies), {})
    body, notes = reply.get("body"), reply.get("notes")
    if outcome.stopped or not isinstance(body, str) or not isinstance(notes, list):
        return _page(file, "", [f"The file can't be shown: reading it {outcome.stopped or 'gave nothing'}."])
    return _page(file, body, [str(note) for note in notes])


def _page(file: HeldFile, body: str, notes: Sequence[str]) -> RenderedPage:
    name, digest = visible(file.name), hashlib.sha256(file.content).hexdigest()
    said = "".join(f'<p class="note">{visible(note)}</p>' for note in notes)
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(file.name)}</title>'
        f"<style>{_STYLE}</style></head><body><header><h1>{name}</h1>"
        f"<p>{len(file.content):,} bytes, SHA-256 <code>{digest}</code></p>{said}</header>"
        f"<main>{body}</main></body></html>"
    )
    return RenderedPage(html.encode("utf-8", "replace"), tuple(notes))


def draw(facts: Mapping[str, Any], content: bytes) -> Iterator[dict[str, Any]]:
    """Make the body of a file's page in this very process; this is what `render` starts apart."""
    named, kind = kind_by_name(facts["name"]), kind_by_content(content)
    body, notes = _DRAWN.get(settled(named, kind).name, _not_shown)(content)
    yield {"body": body, "notes": [*notes, *_riding_along(content)]}


def _riding_along(content: bytes) -> list[str]:
    """Say where a picture or notebook is not in the form it should be held in, so that more may leave than shows."""
    try:
        again = written_again(content)
    except ValueError as error:
        return [f"It can't be written again ({error}), so it is held as given and may hold more than this page shows."]
    # a JPEG changes a little each time, so that only its finding tells; all else stays as it is
    is_lossy = content.startswith(b"\xff\xd8") or (not content.startswith(b"\x89PNG") and b"image/jpeg" in content)
    if again is None or again == content or is_lossy:
        return []
    return ["It was not held written again: it may hold more than this page shows, and all of it would be released."]


def _text_of(content: bytes) -> str:
    decoded = decode(content)
    return decoded.content if decoded else ""


def _not_shown(content: bytes) -> Body:
    return "", [
        f"This is a {kind_by_content(content).label}: it can't be shown. Judge it by other means or send it back."
    ]


def _table(content: bytes, mark: str | None = None) -> Body:
    """Show a delimited file as a table, every cell as it is; say how many rows are not shown."""
    text = _text_of(content)
    csv.field_size_limit(MAX_CELLS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text, mark))
    shown: list[list[str]] = []
    cells = 0
    try:
        for row in reader:
            shown.append(row)
            cells += len(row)
            if cells > MAX_SHOWN_CELLS:
                break
        rest = sum(1 for _ in reader)
    except csv.Error as error:
        body, notes = _lines(content)
        return body, [f"The table can't be read as cells ({error}); it is shown as text.", *notes]
    notes = [f"{rest:,} further rows are not shown; {len(shown):,} are."] if rest else []
    return _rows_as_html(shown), notes


def _rows_as_html(rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{visible(cell)}</th>" for cell in rows[0]) if rows else ""
    body = "".join(
        f'<tr><td class="number">{number}</td>{"".join(f"<td>{visible(cell)}</td>" for cell in row)}</tr>'
        for number, row in enumerate(rows[1:], 1)
    )
    return f"<table><thead><tr><th>row</th>{head}</tr></thead><tbody>{body}</tbody></table>"


def _lines(content: bytes) -> Body:
    """Show text with line numbers, and what doesn't show as code points."""
    return lines_as_html(_text_of(content))


def lines_as_html(text: str) -> Body:
    """Show text with line numbers, up to a limit that is said."""
    lines = text[:MAX_SHOWN_CHARACTERS].split("\n")
    shown = "".join(
        f'<div class="line"><span class="number">{number}</span>{visible(line)}</div>'
        for number, line in enumerate(islice(lines, MAX_SHOWN_LINES), 1)
    )
    is_whole = len(text) <= MAX_SHOWN_CHARACTERS and len(lines) <= MAX_SHOWN_LINES
    notes = [] if is_whole else [f"Only the first {min(len(lines), MAX_SHOWN_LINES):,} lines are shown."]
    return f"<div>{shown}</div>", notes


def _json(content: bytes) -> Body:
    """Show JSON indented, unless that would change or hide something of it; then as it was written."""
    text = _text_of(content)
    try:
        indented = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        body, notes = lines_as_html(text)
        return body, ["This is not valid JSON; it is shown as text.", *notes]
    if _JSON_TOKEN.findall(indented) == _JSON_TOKEN.findall(text):
        return lines_as_html(indented)
    body, notes = lines_as_html(text)
    return body, ["Shown as it was written: indenting would change it (repeated names, escapes or numbers).", *notes]


def _picture(content: bytes) -> Body:
    try:
        address = picture_address(content)
    except Undecodable:
        return "", []  # what is said of every file that can't be written again
    return f'<img src="{address}" alt="the submitted picture">', ["Decoded and drawn again: metadata isn't shown."]


def _drawing(content: bytes) -> Body:
    source, notes = lines_as_html(_text_of(content))
    try:
        picture = f'<img src="{drawing_address(content)}" alt="the submitted drawing">'
    except Undrawable as error:
        return source, [f"The drawing is not drawn ({error}); this is its source.", *notes]
    return f"{picture}<h2>Source</h2>{source}", ["Only shapes and text are drawn; the source is below.", *notes]


def _html(content: bytes) -> Body:
    shown, taken = defuse_html(_text_of(content))
    source, notes = lines_as_html(_text_of(content))
    if taken:
        notes.append(f"{len(taken)} things were taken out: {', '.join(dict.fromkeys(taken))[:500]}.")
    return f"{shown}<h2>Source</h2>{source}", ["Drawn without styles, scripts and addresses.", *notes]


def _notebook(content: bytes) -> Body:
    from egress_review.notebook_page import notebook_body  # nbconvert takes as long to load as all else together

    try:
        shown, elided, taken = notebook_body(_text_of(content))
    except Exception as error:  # noqa: BLE001 - a hostile notebook may raise anything; then its source is shown
        body, notes = _lines(content)
        return body, [f"The notebook can't be read ({type(error).__name__}); this is its source.", *notes]
    try:
        written_again(content)
        source, notes = lines_as_html(elided)
    except ValueError:
        source, notes = _lines(content)  # as it stands: taken apart, it may lose what makes it no notebook of ours
    if taken:
        notes.append(f"{len(taken)} things were taken out: {', '.join(dict.fromkeys(taken))[:500]}.")
    return f"{shown}<h2>Everything in the file</h2>{source}", notes


_DRAWN: Mapping[str, Callable[[bytes], Body]] = {
    "csv": _table,
    "tsv": lambda content: _table(content, "\t"),
    "text": _lines,
    "code": _lines,
    "json": _json,
    "html": _html,
    "svg": _drawing,
    "notebook": _notebook,
    "png": _picture,
    "jpeg": _picture,
}
