"""Pseudonyms and direct identifiers: found wherever they are and however they are written."""

import base64
import io
import json
import struct
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from egress_review.appetite import load_appetite
from egress_review.checks import identifiers
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.checks.reading import read_document
from tests.egress_review.cohort import PEOPLE, pseudonyms, write_cut
from tests.egress_review.hostile import notebook, picture

KNOWN = pseudonyms(PEOPLE)[17]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutFacts:
    return write_cut(tmp_path_factory.mktemp("identifiers") / "cut")


def found(cut: CutFacts, name: str, content: bytes) -> list[Finding]:
    return list(identifiers.check(read_document(HeldFile(name, content)), cut, load_appetite()))


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def picture_saying(text: str, kind: str = "PNG", compressed: bool = False) -> bytes:
    """A picture with a text in its metadata."""
    written, canvas = io.BytesIO(), Image.new("RGB", (4, 4))
    if kind == "JPEG":
        exif = Image.Exif()
        exif[0x9C9C] = text.encode("utf-16-le")  # XPComment, as Windows writes it
        canvas.save(written, kind, exif=exif)
    else:
        said = PngImagePlugin.PngInfo()
        said.add_text("Comment", text, zip=compressed)
        canvas.save(written, kind, pnginfo=said)
    return written.getvalue()


def as_table(cell: str) -> tuple[str, bytes]:
    return "table.csv", f"who,n\n{cell},40\n".encode()


PLACES: dict[str, Callable[[str], tuple[str, bytes]]] = {
    "a cell of a table": as_table,
    "lower case": lambda p: as_table(p.lower()),
    "spaces between the characters": lambda p: as_table(" ".join(p)),
    "dashes in fours": lambda p: as_table("-".join(p[i : i + 4] for i in range(0, 17, 4))),
    "split over two cells": lambda p: as_table(f"{p[:9]},{p[9:]}"),
    "split over two lines": lambda p: as_table(f"{p[:9]}\n{p[9:]}"),
    "its first ten characters": lambda p: as_table(p[:10]),
    "its first nine characters": lambda p: ("a.txt", f"see {p[:9]} there".encode()),
    "its last ten characters": lambda p: ("a.txt", f"see {p[-10:]} there".encode()),
    "eight characters of its middle": lambda p: ("a.txt", f"see {p[5:13]} there".encode()),
    "without its P": lambda p: as_table(p[1:]),
    "its halves around a number": lambda p: as_table(f"{p[1:9]},34,{p[9:]}"),
    "its halves around a word": lambda p: as_table(f"{p[1:9]},women,{p[9:]}"),
    "in fours around numbers": lambda p: ("a.csv", f"a,b,c,d,e\n{p[1:5]},34,{p[5:9]},1.5,{p[9:13]},{p[13:]}".encode()),
    "inside a longer word": lambda p: as_table(f"xx{p}yy"),
    "full width letters": lambda p: as_table("".join(chr(ord(c) + 0xFEE0) for c in p)),
    "zero-width characters between": lambda p: as_table("\u200b".join(p)),
    "UTF-16": lambda p: ("table.csv", f"who,n\n{p},40\n".encode("utf-16")),
    "UTF-16 inside a binary file": lambda p: ("model.onnx", b"\x08\x07x" + p.encode("utf-16-be") + b"\0\0"),
    "UTF-32": lambda p: ("table.csv", f"who,n\n{p},40\n".encode("utf-32")),
    "base64": lambda p: as_table(base64.b64encode(f"one {p} two".encode()).decode()),
    "base64 out of step": lambda p: as_table("ab" + base64.b64encode(f"one {p} two".encode()).decode()),
    "base64 in lines": lambda p: ("a.txt", base64.encodebytes(f"{'x' * 70}{p}{'y' * 70}".encode())),
    "base64 of base64": lambda p: as_table(base64.b64encode(base64.b64encode(p.encode() * 2)).decode()),
    "base64 of gzip": lambda p: as_table(base64.b64encode(zlib.compress(f"{'a' * 40}{p}".encode())).decode()),
    "base32": lambda p: as_table(base64.b32encode(f"{p}...".encode()).decode()),
    "hexadecimal": lambda p: as_table(p.encode().hex()),
    "hexadecimal with colons": lambda p: as_table(p.encode().hex(":")),
    "percent escapes": lambda p: as_table("".join(f"%{ord(c):02x}" for c in p)),
    "an address": lambda p: as_table(quote(f"https://example.org/?{p}")),
    "HTML entities": lambda p: ("a.html", "".join(f"&#{ord(c)};" for c in p).encode()),
    "an HTML comment": lambda p: ("a.html", f"<p>a</p><!-- {p} -->".encode()),
    "an SVG attribute": lambda p: ("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg"><g id="{p}"/></svg>'.encode()),
    "JSON escapes": lambda p: ("a.json", f'{{"who": "{"".join(f"{chr(92)}u{ord(c):04x}" for c in p)}"}}'.encode()),
    "a JSON key": lambda p: ("a.json", json.dumps({p: 1}).encode()),
    "Python escapes": lambda p: ("a.py", f'who = "{"".join(f"{chr(92)}x{ord(c):02x}" for c in p)}"'.encode()),
    "PNG text": lambda p: ("a.png", picture_saying(p)),
    "compressed PNG text": lambda p: ("a.png", picture_saying(p, compressed=True)),
    "a PNG chunk of no known type": lambda p: ("a.png", picture()[:-12] + chunk(b"prVt", p.encode()) + picture()[-12:]),
    "after the end of a PNG": lambda p: ("a.png", picture() + p.encode()),
    "EXIF": lambda p: ("a.jpg", picture_saying(p, "JPEG")),
    "a notebook's source": lambda p: ("a.ipynb", notebook({}, source=f"df.filter(pseudonym == '{p}')")),
    "a notebook's output": lambda p: ("a.ipynb", notebook({"text/plain": ["0  ", p, "  34\n"]})),
    "a picture in a notebook": lambda p: (
        "a.ipynb", notebook({"image/png": base64.b64encode(picture_saying(p, compressed=True)).decode()}),
    ),
    "a picture in an HTML output": lambda p: (
        "a.ipynb",
        notebook({"text/html": f'<img src="data:image/png;base64,{base64.b64encode(picture_saying(p)).decode()}">'}),
    ),
    "a notebook's metadata": lambda p: (
        "a.ipynb", notebook({}).replace(b'"metadata": {}', b'"metadata": {"x": "%b"}' % p.encode()),
    ),
    "the file's name": lambda p: (f"{p}.csv", b"a,n\nb,40\n"),
    "a pickle": lambda p: ("a.pkl", b"\x80\x04\x8c\x11" + p.encode() + b"."),
    "a file of no known kind": lambda p: ("a.xyz", b"\x00\x01" + p.encode()),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_pseudonym_of_the_cut_fails_wherever_it_is(cut: CutFacts, place: str) -> None:
    name, content = PLACES[place](KNOWN)
    assert "fail" in {finding.status for finding in found(cut, name, content)}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_pseudonym_does_not_fail_there(cut: CutFacts, place: str) -> None:
    name, content = PLACES[place]("plain words, none")
    assert "fail" not in {finding.status for finding in found(cut, name, content)}


@given(number=st.integers(0, PEOPLE - 1), place=st.sampled_from(sorted(PLACES)))
def test_any_pseudonym_fails(cut: CutFacts, number: int, place: str) -> None:
    name, content = PLACES[place](pseudonyms(PEOPLE)[number])
    assert "fail" in {finding.status for finding in found(cut, name, content)}


@pytest.mark.parametrize(("people", "length"), [(1_000, 8), (1_001, 9), (30_001, 10)])
def test_the_more_people_the_longer_the_piece_that_tells_one(people: int, length: int) -> None:
    names = pseudonyms(people)
    pieces = identifiers.Pieces(names)
    name = names[people // 2]
    assert pieces.length == length
    assert pieces.find(f"X{name[:length]}8") == pieces.find(name[:length])
    for altered in (name[:length], name[-10:], name[1:], name[2:15]):
        assert set(pieces.find(altered).values()) == {people // 2}
    assert pieces.find(name[: length - 1]) == {}


def test_a_finding_never_quotes_the_pseudonym_and_names_the_line(cut: CutFacts) -> None:
    (finding,) = found(cut, "table.csv", f"who,n\na,40\n{KNOWN},40\n".encode())
    assert KNOWN[:10] not in finding.message + " ".join(finding.details)
    assert finding.details == ("the file, line 3",)
    assert "1 person" in finding.message


def test_another_projects_pseudonym_fails_too(cut: CutFacts) -> None:
    (finding,) = found(cut, *as_table(pseudonyms(1, seed=99)[0]))
    assert finding.status == "fail"
    assert "nobody in this cut" in finding.message


PATTERNS = [
    # the Luhn-valid Swedish numbers are the tax agency's published test numbers' form, of no person
    ("rosa@example.org", "review"),
    ("rosa at example org", "pass"),
    ("+46 70 123 45 67", "review"),
    ("+45 12345678", "review"),
    ("+1.5e3", "pass"),
    ("19121212-1212", "review"),
    ("121212-1212", "review"),
    ("19121212-1213", "pass"),
    ("19121312-1212", "pass"),
    ("010170-1234", "review"),
    ("991399-1234", "pass"),
    ("2026-06-01 12:30:00", "pass"),
    ("0.123456789012345", "pass"),
]


@pytest.mark.parametrize(("text", "expected"), PATTERNS)
def test_direct_identifiers(cut: CutFacts, text: str, expected: str) -> None:
    assert {finding.status for finding in found(cut, "note.txt", f"see {text} there".encode())} == {expected}


def test_what_could_not_be_read_is_not_passed(cut: CutFacts) -> None:
    assert [f.status for f in found(cut, "cohort.parquet", b"PAR1....PAR1")] == ["not_checked"]
    assert [f.status for f in found(cut, "plot.png", picture())] == ["review"]
