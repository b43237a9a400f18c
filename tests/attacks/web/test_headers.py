"""What the browser is told on every answer, so that a page can't be framed, sniffed, kept or made to run a script."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser

from core.database import Database
from core.settings import Settings
from portal.app import make_app
from tests.support.browser import chromium
from tests.support.pages import Reader
from tests.support.portal import Sits
from tests.support.server import free_port, serving

EVERY_PAGE = ("/", "/signed-out", "/nowhere", "/sign-in/callback", "/projects", "/health")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_every_answer_is_closed(anybody: Reader, path: str) -> None:
    headers = anybody.client.get(path, follow_redirects=False).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


def fail(*_: object, **__: object) -> None:
    secret = "P7QK2M4ZD6HT3XAY"
    raise ValueError(f"no such value: {secret}")


def test_a_page_that_fails_is_closed_too_and_tells_nothing(
    sits: Sits, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rosa = sits("rosa")
    monkeypatch.setattr("core.web.visit.Visit.show", fail)
    page = rosa.open("/")
    logged = capsys.readouterr().out
    assert (page.status, page.heading) == (500, "Something went wrong")
    assert "reference" in page.text
    assert "ValueError" not in page.text
    assert "ValueError" in logged
    assert "P7QK2M4ZD6HT3XAY" not in logged, "an error's words and values may be data"
    assert "frame-ancestors 'none'" in page.response.headers["content-security-policy"]


def test_what_never_changes_may_be_kept_for_ever(anybody: Reader) -> None:
    sheet = anybody.open("/").soup.find_all("link", rel="stylesheet")[-1]["href"]
    headers = anybody.client.get(str(sheet)).headers
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert anybody.open("/static/../portal/app.py").status == 404


def test_an_attackers_page_can_not_frame_the_portal(browser: Browser, settings: Settings, database: Database) -> None:
    portal_port, evil_port, open_port = free_port(), free_port(), free_port()
    portal_url = f"http://portal.localhost:{portal_port}"
    portal = make_app(database, Settings(**{**settings.model_dump(), "portal_url": portal_url}))
    evil, unprotected = FastAPI(), FastAPI()
    target = {"portal": portal_url, "open": f"http://open.localhost:{open_port}"}
    evil.get("/{which}")(lambda which: HTMLResponse(f'<iframe name="inside" src="{target[which]}/"></iframe>'))
    unprotected.get("/")(lambda: HTMLResponse("<h1>Research on multiple sclerosis data</h1>"))
    with serving(portal, portal_port), serving(evil, evil_port), serving(unprotected, open_port):
        assert not framed_text(browser, f"http://evil.localhost:{evil_port}/portal")
        assert "sclerosis" in framed_text(browser, f"http://evil.localhost:{evil_port}/open")


def framed_text(browser: Browser, address: str) -> str:
    """Return the headings a visitor of this address sees inside its frame."""
    page = browser.new_page()
    page.goto(address, wait_until="networkidle")
    headings = [text for frame in page.frames[1:] for text in frame.locator("h1").all_inner_texts()]
    page.close()
    return " ".join(text for text in headings if "sclerosis" in text)
