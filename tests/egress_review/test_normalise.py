"""What leaves is what was looked at: pictures and notebooks are held in the form a checker sees."""

import base64
import io
import json

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from core.files import sha256_bytes
from egress_review.checks.models import HeldFile
from egress_review.checks.pictures import picture_facts
from egress_review.checks.reading import read_document
from egress_review.checks.sandbox import Outcome
from egress_review.manifest import Manifest
from egress_review.normalise import normalise, written_again
from egress_review.rendering import draw
from egress_review.store import ContentStore
from egress_review.submit import CheckedFile, Submission, preflight
from tests.egress_review import riders
from tests.egress_review.hostile import notebook, picture
from tests.egress_review.world import World, looks_fine
from tests.support.catalog import ON_ONE_ENGINE


def page(name: str, content: bytes) -> tuple[BeautifulSoup, list[str]]:
    (reply,) = draw({"name": name}, content)
    return BeautifulSoup(reply["body"], "html.parser"), reply["notes"]


def shown_pictures(name: str, content: bytes) -> list[str]:
    return [str(image["src"]) for image in page(name, content)[0].find_all("img")]


def held(world: World, name: str, content: bytes) -> tuple[CheckedFile, bytes]:
    (file,) = world.submit({name: content}).files
    return file, ContentStore(world.settings.hold).get(file.sha256)


def last_output(content: bytes) -> dict[str, str]:
    data: dict[str, str] = json.loads(content)["cells"][-1]["outputs"][0]["data"]
    return data


@ON_ONE_ENGINE
@pytest.mark.parametrize("name", riders.PICTURES)
def test_what_rides_along_with_a_picture_is_not_held(world: World, name: str) -> None:
    given = riders.PICTURES[name]
    assert riders.carries(given)
    file, content = held(world, name, given)
    assert not riders.carries(content)
    assert not picture_facts(content).metadata
    assert Image.open(io.BytesIO(content)).mode == "RGB"
    assert (file.sha256, file.bytes) == (sha256_bytes(content), len(content))
    assert "held written again" in file.findings[0].message


@ON_ONE_ENGINE
@pytest.mark.parametrize("name", riders.PICTURES)
def test_nor_with_one_in_a_notebook(world: World, name: str) -> None:
    mime = "image/jpeg" if name.endswith("jpg") else "image/png"
    _, content = held(world, "n.ipynb", riders.in_a_notebook(riders.PICTURES[name], mime))
    assert not riders.carries(base64.b64decode(last_output(content)[mime], validate=True))


@pytest.mark.parametrize("name", ["more.png", "gamma.png"])
def test_without_it_the_page_would_look_the_same_with_the_rider_and_without(name: str) -> None:
    assert shown_pictures(name, riders.PICTURES[name]) == shown_pictures(name, picture())
    assert "may hold more than this page shows" in page(name, riders.PICTURES[name])[1][-1]


@ON_ONE_ENGINE
@pytest.mark.parametrize("given", [riders.notebook_with_text_after_a_picture(), riders.notebook_with_a_repeated_name()])
def test_a_notebook_that_hides_something_is_held_as_given_and_fails(world: World, given: bytes) -> None:
    file, content = held(world, "n.ipynb", given)
    assert content == given
    assert (file.findings[0].check, file.findings[0].status) == ("file type", "fail")
    assert "held as it was given" in file.findings[0].message
    shown, notes = page("n.ipynb", content)
    assert riders.RIDER.decode() in shown.get_text()
    assert "can't be written again" in notes[-1]


def test_the_checks_read_what_follows_a_picture_as_text() -> None:
    given = riders.notebook_with_text_after_a_picture()
    document = read_document(HeldFile("n.ipynb", given))
    assert any(riders.RIDER.decode() in text.content for text in document.texts if text.where == "the file")
    assert document.faults == [
        "cell 1, output 1 (image/png) is not the picture it says, or not only: it was read as text"
    ]


def test_a_repeated_name_is_what_a_reader_of_json_never_sees() -> None:
    given = riders.notebook_with_a_repeated_name()
    assert riders.RIDER in given
    assert riders.RIDER.decode() not in json.dumps(json.loads(given))


@ON_ONE_ENGINE
def test_preflight_says_the_same_and_of_the_same_bytes(world: World) -> None:
    given = riders.png_with_more_data()
    file, _ = held(world, "more.png", given)
    note = {"name": "more.png", "context": "What it shows.", "code": "con.sql(...)"}
    manifest = Manifest.model_validate({"description": "The same.", "replaces": None, "files": (note,)})
    asked = Submission(world.access(), manifest, (given,))
    assert preflight(world.database, world.settings, asked, looks_fine) == (file,)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.png", picture()), ("n.ipynb", notebook({"image/png": base64.b64encode(picture()).decode()}, markdown="å"))],
)
def test_what_was_written_again_stays_as_it_is_and_the_page_has_nothing_to_add(name: str, content: bytes) -> None:
    written = written_again(content)
    assert written is not None
    assert written_again(written) == written
    assert not any("may hold more" in note for note in page(name, written)[1])


def test_a_jpeg_stays_one_and_other_kinds_stay_as_they_are() -> None:
    again, _ = normalise(HeldFile("a.jpg", picture("JPEG")))
    assert again.content.startswith(b"\xff\xd8\xff")
    for content in (b"a,n\nb,40\n", b'{"a": 1, "a": 2}', b"{}", b"%PDF-", b"", bytes(range(256))):
        assert normalise(HeldFile("a", content)) == (HeldFile("a", content), ())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\nno", "cannot identify image"),
        (picture()[:-40], "truncated"),
        (notebook({"image/png": "no picture"}), "can't be written again"),
        (b'{"nbformat": 4, "cells": ["\\ud800"]}', "surrogates not allowed"),
    ],
)
def test_what_can_not_be_written_again_is_held_as_given_and_fails(content: bytes, reason: str) -> None:
    file, (finding,) = normalise(HeldFile("a", content))
    assert file.content == content
    assert finding.status == "fail"
    assert reason in finding.message


def test_so_is_what_stops_the_process_that_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egress_review.normalise.run_apart", lambda *_: Outcome((), "stopped after 60 seconds"))
    file, (finding,) = normalise(HeldFile("a.png", picture()))
    assert (file.content, finding.status) == (picture(), "fail")
