"""HTML and SVG made harmless: only what is on a list stays; what is taken out is shown as text, not hidden.

This is the first of two layers. The second is the page's Content-Security-Policy (rendering.REVIEW_HEADERS),
which lets nothing load or run even where this layer has a hole.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, ParseError, tostring

import bleach
from bs4 import BeautifulSoup, Comment, Tag
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from egress_review.checks.pictures import Undecodable, clean_picture
from egress_review.checks.text import is_unseen

SHOWN_TAGS = frozenset(
    {
        "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "div", "dl",
        "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li",
        "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "table",
        "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var",
    }
)  # fmt: skip
_SHOWN_ATTRIBUTES = {"*": ["class"], "td": ["colspan", "rowspan"], "th": ["colspan", "rowspan"]}
_ADDRESSES = ("src", "href", "srcset", "data", "action", "formaction", "poster", "background", "ping", "cite")
_DATA_ADDRESS = re.compile(r"data:(?P<mime>[\w.+/-]*)(?:;[\w=-]+)*?(?P<base64>;base64)?,(?P<body>.*)", re.DOTALL)
_MARK = "myelin-picture-"

_SVG = "http://www.w3.org/2000/svg"
_SVG_TAGS = frozenset(
    {
        "svg", "g", "defs", "symbol", "use", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline",
        "polygon", "text", "tspan", "clipPath", "linearGradient", "radialGradient", "stop", "marker", "pattern",
        "image",
    }
)  # fmt: skip
_GLYPH = 5_000  # characters of a path: letters and marks of an axis, as plotting libraries repeat them
_OUTSIDE = re.compile(r"(?i)url\s*\(\s*(?!['\"]?#)|@import|expression|javascript:|\\")


class Undrawable(ValueError):
    """The SVG is not well formed, or holds what a drawing doesn't need."""


def defuse_html(source: str) -> tuple[str, tuple[str, ...]]:
    """Give the harmless part of a piece of HTML as HTML, and a list of what was taken out of it.

    Pictures inside are decoded and written again; nothing of the original bytes goes into the page.
    """
    soup = BeautifulSoup(source, "html.parser")
    taken: list[str] = []
    pictures: dict[str, str] = {}
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in list(soup.find_all(True)):
        if not tag.decomposed:
            _defuse_tag(soup, tag, taken, pictures)
    clean = bleach.clean(str(soup), tags=SHOWN_TAGS, attributes={**_SHOWN_ATTRIBUTES, "img": ["alt"]}, strip=False)
    return _put_back(clean, pictures), tuple(taken)


def _defuse_tag(soup: BeautifulSoup, tag: Tag, taken: list[str], pictures: dict[str, str]) -> None:
    if tag.name == "style":
        tag.decompose()  # every data frame brings one; the page has its own, and the source is shown below it
    elif tag.name == "img":
        _defuse_picture(soup, tag, taken, pictures)
    elif tag.name not in SHOWN_TAGS:
        taken.append(f"<{tag.name}>")
        if tag.name not in ("html", "head", "body"):
            tag.replace_with(_removed(soup, str(tag)[:500]))
    elif addresses := _addresses(tag):
        taken.extend(f"<{tag.name}> {address[:200]}" for address in addresses)
        tag.append(_removed(soup, " ".join(addresses)[:500]))


def _addresses(tag: Tag) -> list[str]:
    found = [str(tag.attrs.get(name, "")) for name in _ADDRESSES]
    return [address for address in found if address and not address.startswith("#")]


def _removed(soup: BeautifulSoup, text: str) -> Tag:
    note = soup.new_tag("span", attrs={"class": "removed"})
    note.string = text
    return note


def _defuse_picture(soup: BeautifulSoup, tag: Tag, taken: list[str], pictures: dict[str, str]) -> None:
    """Keep a picture that is in the page itself, written again; put a note where any other was."""
    address = str(tag.attrs.get("src", ""))
    try:
        shown = redrawn(address)
    except (Undecodable, Undrawable) as error:
        taken.append(f"<img> {address[:100]}")
        tag.replace_with(_removed(soup, f"picture not shown ({error}): {address[:200]}"))
        return
    mark = f"{_MARK}{len(pictures)}"
    pictures[mark] = shown
    tag.attrs = {"alt": f"{mark} {tag.attrs.get('alt', '')}"}


def redrawn(address: str) -> str:
    """Write the picture of a data: address again and give it as such an address; raise for any other address."""
    found = _DATA_ADDRESS.fullmatch(address)
    if found is None:
        raise Undecodable("it is somewhere else")
    content = unquote_to_bytes(found["body"])
    if found["base64"]:
        content = base64.b64decode(content)
    return drawing_address(content) if "svg" in found["mime"] else picture_address(content)


def picture_address(content: bytes) -> str:
    """Decode a PNG or JPEG, write it again without metadata, and give it as a data: address; raise Undecodable."""
    clean = clean_picture(content)
    kind = "png" if clean.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(clean).decode()}"


def drawing_address(content: bytes) -> str:
    """Keep of an SVG what draws, and give it as a data: address; raise Undrawable."""
    return f"data:image/svg+xml;base64,{base64.b64encode(defuse_svg(content)).decode()}"


def _put_back(clean: str, pictures: Mapping[str, str]) -> str:
    """Put the pictures written again where their marks are; a mark that content forged finds nothing."""
    for mark, address in pictures.items():
        clean = clean.replace(f'<img alt="{mark} ', f'<img src="{address}" alt="', 1)
    return clean


def defuse_svg(content: bytes) -> bytes:
    """Keep only the shapes and text of an SVG: no script, style sheet, link, animation or outside reference."""
    try:
        root = fromstring(content, forbid_dtd=False)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise Undrawable("it is not well formed") from error
    _drop_uses(root)
    kept = _kept(root)
    if kept is None or _local(root.tag) != "svg":
        raise Undrawable("it is not a drawing")
    kept.set("xmlns", _SVG)
    return bytes(tostring(kept, encoding="utf-8", xml_declaration=True))


def _drop_uses(root: Element) -> None:
    """Take out every <use> but those of one short path: a few of others', inside each other, draw without end."""
    named = Counter(element.get("id") for element in root.iter())
    glyphs = {
        f"#{path.get('id')}"
        for path in root.iter(f"{{{_SVG}}}path")
        if path.get("id") and named[path.get("id")] == 1 and len(path.get("d", "")) <= _GLYPH and not len(path)
    }
    for parent in root.iter():
        for child in list(parent):
            hrefs = [value for name, value in child.attrib.items() if _local(name) == "href"]
            if _local(child.tag) == "use" and not (len(hrefs) == 1 and hrefs[0] in glyphs):
                parent.remove(child)


def _kept(element: Element) -> Element | None:
    name = _local(element.tag)
    if name not in _SVG_TAGS:
        return None
    copy = Element(name, dict(_kept_attributes(name, element)))
    copy.text, copy.tail = element.text, element.tail
    copy.extend(child for part in element if (child := _kept(part)) is not None)
    return copy


def _kept_attributes(name: str, element: Element) -> Iterator[tuple[str, str]]:
    for qualified, value in element.attrib.items():
        attribute = _local(qualified)
        if attribute.lower().startswith("on") or _OUTSIDE.search(value):
            continue
        if attribute != "href":
            yield attribute, value
        elif value.startswith("#"):
            yield "href", value
        elif name == "image":
            yield from _inner_picture(value)


def _inner_picture(address: str) -> Iterator[tuple[str, str]]:
    """Keep a PNG or JPEG inside a drawing, written again."""
    found = _DATA_ADDRESS.fullmatch(address)
    if found is not None and found["base64"] and "svg" not in found["mime"]:
        try:
            yield "href", picture_address(base64.b64decode(found["body"]))
        except Undecodable:
            return


def _local(name: object) -> str:
    return str(name).rpartition("}")[2]


def visible(text: str) -> str:
    """Escape text for HTML and show, as code points, the characters that would change or hide it."""
    return "".join(
        f'<span class="unseen">U+{ord(character):04X}</span>' if is_unseen(character) else escape(character)
        for character in text
    )
