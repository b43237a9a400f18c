"""HTML and SVG taken apart: their text, their tables, what would run, and what would be fetched."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from egress_review.checks.tables import Table, table

_ACTIVE_TAGS = frozenset(
    {"script", "iframe", "object", "embed", "applet", "form", "base", "meta", "link", "foreignobject"}
)
_ADDRESSES = ("src", "href", "srcset", "action", "formaction", "data", "poster", "background", "ping", "xlink:href")
_REMOTE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//[^\s\"'()<>]+", re.IGNORECASE)
_MARKDOWN_ADDRESS = re.compile(r"\]\(\s*<?((?:[a-z][a-z0-9+.-]*:)?//[^)\s>]+)", re.IGNORECASE)
_SCRIPT_ADDRESS = re.compile(r"\s*(javascript|vbscript|data:text/html)", re.IGNORECASE)


@dataclass
class Markup:
    """What a piece of HTML or SVG holds."""

    text: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    is_all_tables: bool = True
    active: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)


def read_markup(where: str, source: str) -> Markup:
    """Take HTML, SVG or Markdown apart, whether or not it is well formed."""
    parser = _Parser(where)
    parser.feed(source)
    parser.close()
    parser.found.remote.extend(_MARKDOWN_ADDRESS.findall(source))
    return parser.found


class _Parser(HTMLParser):
    def __init__(self, where: str) -> None:
        super().__init__(convert_charrefs=True)
        self.where = where
        self.found = Markup()
        self._grids: list[list[list[str]]] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ACTIVE_TAGS:
            self.found.active.append(tag)
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        self._in_style = tag == "style"
        if tag == "table":
            self._grids.append([])
        elif self._grids:
            self._open_cell(tag, self._grids[-1])

    def _open_cell(self, tag: str, grid: list[list[str]]) -> None:
        if tag == "tr" or (tag in ("td", "th") and not grid):
            grid.append([])
        if tag in ("td", "th"):
            grid[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False
        if tag == "table" and self._grids and (found := table(self.where, self._grids.pop())) is not None:
            self.found.tables.append(found)

    def handle_data(self, data: str) -> None:
        self.found.text.append(data)
        if self._in_style:
            self.found.remote.extend(_REMOTE.findall(data))
        if self._grids and self._grids[-1] and self._grids[-1][-1]:
            self._grids[-1][-1][-1] += data
        elif data.strip() and not self._in_style:
            self.found.is_all_tables = False

    def handle_comment(self, data: str) -> None:
        self.found.text.append(data)

    def unknown_decl(self, data: str) -> None:
        self.found.text.append(data)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        self.found.attributes.append(value)
        if name.startswith("on") or (name in _ADDRESSES and _SCRIPT_ADDRESS.match(value)):
            self.found.active.append(f"{tag} {name}")
        if tag == "meta" or name in (*_ADDRESSES, "style"):
            self.found.remote.extend(_REMOTE.findall(value))
