"""What a checker sees: everything that is in the file, nothing that acts, and what is not shown is said."""

import base64
import io
import json

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from egress_review.checks.models import HeldFile
from egress_review.checks.pictures import picture_facts
from egress_review.checks.sandbox import Outcome
from egress_review.defusing import SHOWN_TAGS, Undrawable, defuse_html, defuse_svg
from egress_review.rendering import MAX_SHOWN_CELLS, REVIEW_HEADERS, RenderedPage, draw, render
from tests.egress_review.hostile import hostile_html, hostile_svg, notebook, picture
from tests.egress_review.test_identifiers import picture_saying

SHELL_TAGS = {"html", "head", "meta", "title", "style", "body", "header", "main"}


def page(name: str, content: bytes) -> RenderedPage:
    return render(HeldFile(name, content))


def drawn(name: str, content: bytes) -> tuple[BeautifulSoup, list[str]]:
    """The body of a file's page, made in this process, and its notes."""
    (reply,) = draw({"name": name}, content)
    return BeautifulSoup(reply["body"], "html.parser"), reply["notes"]


def test_the_headers_let_nothing_load_or_run() -> None:
    policy = REVIEW_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline';")
    assert policy.split("; ")[-1] == "sandbox"
    assert {"base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'"} <= set(policy.split("; "))


def test_the_page_names_the_file_its_size_and_its_hash() -> None:
    shown = BeautifulSoup(page("<b>note</b>.txt", b"text").html, "html.parser")
    assert shown.h1 is not None
    assert shown.h1.get_text() == "<b>note</b>.txt"
    assert "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1" in shown.get_text()


def test_a_table_is_shown_cell_by_cell_as_it_is() -> None:
    shown, notes = drawn("t.csv", b'group,n\n"=HYPERLINK(""x"")",40\n<script>alert(1)</script>, 50 \n')
    cells = [[cell.get_text() for cell in row.find_all(["td", "th"])] for row in shown.find_all("tr")]
    assert cells == [
        ["row", "group", "n"], ["1", '=HYPERLINK("x")', "40"], ["2", "<script>alert(1)</script>", " 50 "],
    ]  # fmt: skip
    assert notes == []


def test_a_long_table_says_how_much_is_not_shown() -> None:
    rows = MAX_SHOWN_CELLS // 2 + 100
    shown, notes = drawn("t.csv", b"group,n\n" + b"a,40\n" * rows)
    visible = len(shown.find_all("tr")) - 1
    assert notes == [f"{rows - visible:,} further rows are not shown; {visible + 1:,} are."]


def test_a_broken_table_is_shown_as_text() -> None:
    shown, notes = drawn("t.csv", b"a,b\n" + b"x" * 3_000_000 + b",1\n")
    assert "shown as text" in notes[0]
    assert "Only the first" in notes[1]
    assert shown.find(class_="line") is not None


def test_characters_that_do_not_show_are_shown() -> None:
    shown, _ = drawn("a.py", "access = 'user\u202e \u2066# admin\u2069'\u200b\n".encode())
    assert [mark.get_text() for mark in shown.find_all(class_="unseen")] == ["U+202E", "U+2066", "U+2069", "U+200B"]


def test_text_has_line_numbers() -> None:
    shown, _ = drawn("a.txt", b"one\ntwo")
    assert [line.get_text() for line in shown.find_all(class_="line")] == ["1one", "2two"]


def test_json_is_indented() -> None:
    shown, notes = drawn("a.json", b'{"a":[1,2.50,"\xc3\xa5"]}')
    assert notes == ["Shown as it was written: indenting would change it (repeated names, escapes or numbers)."]
    shown, notes = drawn("a.json", b'{"a":[1,2.5,"\xc3\xa5"]}')
    assert len(shown.find_all(class_="line")) == 7
    assert notes == []


@pytest.mark.parametrize("source", ['{"a":1,"a":2}', '{"a":1.00000000000000000001}', '{"a":"\\u0050"}'])
def test_json_that_indenting_would_change_is_shown_as_it_is(source: str) -> None:
    shown, notes = drawn("a.json", source.encode())
    assert source in shown.get_text()
    assert len(notes) == 1


def test_a_picture_is_drawn_again_without_its_metadata() -> None:
    for kind, name in (("PNG", "a.png"), ("JPEG", "a.jpg")):
        content = picture_saying("PLANTED SECRET", kind)
        shown, _ = drawn(name, content + b"PLANTED AFTER THE END")
        image = shown.find("img")
        assert image is not None
        again = base64.b64decode(str(image["src"]).split(",")[1])
        assert b"PLANTED" not in again.replace(b"\0", b"")
        assert picture_facts(content).metadata
        assert not picture_facts(again).metadata
        assert Image.open(io.BytesIO(again)).size == (4, 4)


@pytest.mark.parametrize("name", ["a.png", "a.parquet", "a.pkl", "a.xyz", "a.zip"])
def test_what_can_not_be_shown_says_so(name: str) -> None:
    contents = {
        "a.png": b"\x89PNG\r\n\x1a\nno",
        "a.parquet": b"PAR1",
        "a.pkl": b"\x80\x04.",
        "a.zip": b"PK\x03\x04" + bytes(30),
    }
    made = page(name, contents.get(name, bytes(range(256))))
    assert len(made.notes) == 1
    assert "can't be" in made.notes[0]
    assert b"<img" not in made.html


def test_a_notebook_shows_each_representation_of_each_output_under_its_type() -> None:
    outputs = {
        "text/plain": "0  40", "text/html": "<table><tr><td>40</td></tr></table>",
        "image/png": base64.b64encode(picture()).decode(), "application/vnd.plotly.v1+json": {"data": [{"x": [1, 2]}]},
    }  # fmt: skip
    shown, _ = drawn("n.ipynb", notebook(outputs, source="model.fit()", markdown="## Result"))
    text = shown.get_text()
    assert [f"[cell 2, output 1: {mime}]" in text for mime in outputs] == [True] * 4
    assert shown.find("h2", string="Result") is not None
    assert shown.find("td", string="40") is not None
    assert str(shown.find("img")["src"]).startswith("data:image/png;base64,")  # type: ignore[index]
    assert "model" in text
    assert '"x": [' in text


def test_what_a_notebook_hides_is_shown_below_it() -> None:
    hidden = json.loads(notebook({"text/html": "<p>seen</p><!-- HIDDEN COMMENT --><style>.HIDDEN-STYLE{}</style>"}))
    hidden["metadata"] = {"note": "HIDDEN METADATA", "image/png": "HIDDEN AS A PICTURE"}
    shown, _ = drawn("n.ipynb", json.dumps(hidden).encode())
    for secret in ("HIDDEN COMMENT", "HIDDEN-STYLE", "HIDDEN METADATA", "HIDDEN AS A PICTURE"):
        assert secret in shown.get_text()


def test_what_is_no_notebook_is_shown_as_its_source() -> None:
    shown, notes = drawn("n.ipynb", b'{"nbformat": 4, "cells": 5}')
    assert '"cells": 5' in shown.get_text()
    assert "can't be read" in notes[0]


HOSTILE = {
    "page.html": hostile_html("https://example.org").encode(),
    "page.svg": hostile_svg("https://example.org").encode(),
    "page.ipynb": notebook(
        {"text/html": hostile_html("https://example.org")}, markdown=hostile_html("https://example.org")
    ),
    "page.csv": hostile_html("https://example.org").replace("\n", ",").encode(),
    "page.txt": hostile_html("https://example.org").encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_page_holds_an_element_or_an_address_that_acts(name: str) -> None:
    made = BeautifulSoup(page(name, HOSTILE[name]).html, "html.parser")
    assert {tag.name for tag in made.find_all(True)} <= SHOWN_TAGS | SHELL_TAGS
    attributes = [(attribute, value) for tag in made.find_all(True) for attribute, value in tag.attrs.items()]
    assert {name for name, _ in attributes} <= {"class", "lang", "charset", "src", "alt", "colspan", "rowspan"}
    assert all(value.startswith("data:image/") for name, value in attributes if name == "src")
    assert "https://example.org" in made.get_text()  # what was taken out is there to be read


MARKUP = st.lists(
    st.sampled_from(
        ["<", ">", "/", "=", '"', "'", " ", "a", "img", "script", "svg", "math", "style", "title", "textarea", "p",
         "table", "<!--", "-->", "<![CDATA[", "]]>", "src", "href", "onerror", "alert(1)", "javascript:", "//x.org",
         "data:image/png;base64,", "template", "xmlns", "\0", "mtext", "mglyph", "annotation-xml", "foreignObject",
         "&lt;", "noscript"]
    ), max_size=30,
).map("".join)  # fmt: skip


@given(source=MARKUP)
def test_no_markup_whatever_gets_through(source: str) -> None:
    clean, _ = defuse_html(source)
    made = BeautifulSoup(clean, "html.parser")
    assert {tag.name for tag in made.find_all(True)} <= SHOWN_TAGS
    assert {name for tag in made.find_all(True) for name in tag.attrs} <= {"class", "src", "alt", "colspan", "rowspan"}


@given(
    name=st.sampled_from(["a.csv", "a.ipynb", "a.json", "a.svg", "a.png", "a.html", "a"]),
    content=st.binary(max_size=300),
)
def test_any_bytes_have_a_page(name: str, content: bytes) -> None:
    _, notes = drawn(name, content)
    assert isinstance(notes, list)


def test_a_drawing_keeps_its_shapes_and_loses_what_acts() -> None:
    kept = defuse_svg(hostile_svg("https://example.org").encode())
    assert b"<rect" in kept
    assert b"shown" in kept
    for gone in (b"example.org", b"script", b"onload", b"style", b"foreignObject", b"stylesheet"):
        assert gone not in kept


@pytest.mark.parametrize(
    "source",
    [
        b"<svg",
        b"<html/>",
        b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>',
        b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
    ],
)
def test_a_drawing_that_is_none_or_expands_is_not_drawn(source: bytes) -> None:
    with pytest.raises(Undrawable):
        defuse_svg(source)


def test_a_drawing_that_repeats_itself_without_end_is_drawn_once() -> None:
    levels = range(30)
    doubled = "".join(f'<g id="g{n + 1}"><use href="#g{n}"/><use href="#g{n}"/></g>' for n in levels)
    path = f'<path id="long" d="{"M 0 0 L 9 9 " * 1000}"/><use href="#long"/>'
    twins = '<path id="twin" d="M 0 0"/><g id="twin"/><use href="#twin"/>'
    source = f'<svg xmlns="http://www.w3.org/2000/svg"><g id="g0"><rect/></g>{doubled}{path}{twins}</svg>'
    kept = defuse_svg(source.encode())
    assert b"<use" not in kept
    assert kept.count(b"<rect") == 1


def test_a_drawing_as_plotting_libraries_write_it_is_drawn() -> None:
    source = b"""<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="460pt" viewBox="0 0 460 345" xmlns="http://www.w3.org/2000/svg">
<defs><path id="m" d="M 0 0 L 0 3.5" style="stroke: #000000"/></defs>
<g clip-path="url(#p)"><use xlink:href="#m" x="10" y="20"/></g></svg>"""
    kept = defuse_svg(source)
    assert b'href="#m"' in kept
    assert b"url(#p)" in kept
    assert b"stroke: #000000" in kept


def test_a_file_that_stops_its_reader_is_not_shown_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_review.rendering.run_apart", lambda *_: Outcome((), "stopped after 60 seconds"))
    made = page("a.txt", b"text")
    assert made.notes == ("The file can't be shown: reading it stopped after 60 seconds.",)
