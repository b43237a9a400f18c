"""A real Chromium for the tests that need one: no sandbox (we are root), no network of its own accord."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str:
    """Return where Chromium is: `CHROMIUM`, or Debian's own; raises AssertionError where there is none."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert path, "These tests drive a real browser: install Chromium (`make setup`), or name it in CHROMIUM."
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser and give it; every test opens contexts of its own in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
