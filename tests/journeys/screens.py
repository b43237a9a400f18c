"""What a journey's people do in their browsers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.settings import Settings
from tests.journeys.house import SCREENSHOTS

_LONG = 90_000
"""Milliseconds a server may take to start on a busy machine."""


@dataclass
class Visitor:
    """Somebody at a browser of their own, signed in to the portal."""

    username: str
    settings: Settings
    context: BrowserContext
    page: Page
    notebook: Page | None = None

    def open(self, path: str) -> Page:
        """Go to a page of the portal."""
        self.page.goto(self.settings.portal_url + path)
        return self.page

    def sign_in(self) -> None:
        """Sign in to the portal at the provider, as somebody there, unless one's session goes on."""
        self.open("/")
        signed_in = self.page.get_by_role("button", name="Sign out")
        if not signed_in.is_visible():
            self.page.get_by_role("main").get_by_text("Sign in").click()
            self.page.get_by_role("button", name=self.username, exact=True).click()
        expect(signed_in).to_be_visible()

    def shoot(self, name: str, page: Page | None = None) -> None:
        """Leave a screenshot of the page as this person sees it."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (page or self.page).screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def open_notebook(self, project_id: str) -> Page:
        """Open the project's notebook from its page, and wait until JupyterLab is there."""
        self.open(f"/projects/{project_id}")
        with self.context.expect_page() as opened:
            self.page.get_by_role("link", name="Open notebook").click()
        self.notebook = opened.value
        self.notebook.set_viewport_size({"width": 1280, "height": 1500})
        sign_in_button = self.notebook.get_by_role("button", name=self.username, exact=True)
        welcome = self.notebook.locator(".jp-DirListing-item", has_text="Welcome.ipynb")
        expect(sign_in_button.or_(welcome)).to_be_visible(timeout=_LONG)
        if sign_in_button.is_visible():
            sign_in_button.click()
        expect(welcome).to_be_visible(timeout=_LONG)
        return self.notebook

    def open_welcome(self) -> None:
        """Open the welcome notebook, and wait until its kernel is there."""
        assert self.notebook
        self.notebook.locator(".jp-DirListing-item", has_text="Welcome.ipynb").dblclick()
        self.notebook.locator(".jp-Notebook .jp-CodeCell").last.wait_for(timeout=_LONG)
        expect(self.notebook.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=_LONG)

    def run_welcome(self) -> None:
        """Open the welcome notebook and run all of it."""
        assert self.notebook
        self.open_welcome()
        self.notebook.get_by_role("menuitem", name="Run", exact=True).click()
        self.notebook.locator('[data-command="runmenu:run-all"]').click()

    def run_cell(self, code: str, until: str) -> str:
        """Add a cell at the end of the notebook, run it, and return its output once it shows a text."""
        assert self.notebook
        cells = self.notebook.locator(".jp-Notebook .jp-Cell")
        before = cells.count()
        cells.last.locator(".jp-InputPrompt").click()
        self.notebook.keyboard.press("Escape")
        self.notebook.keyboard.press("b")
        expect(cells).to_have_count(before + 1)
        self.notebook.keyboard.press("Enter")
        self.notebook.keyboard.insert_text(code)
        self.notebook.keyboard.press("Control+Enter")
        output = cells.last.locator(".jp-OutputArea")
        expect(output).to_contain_text(until, timeout=_LONG)
        return output.inner_text()


@contextmanager
def signed_in(browser: Browser, settings: Settings, username: str) -> Iterator[Visitor]:
    """Give somebody a browser of their own and sign them in to the portal, as they would."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    visitor = Visitor(username, settings, context, context.new_page())
    visitor.sign_in()
    yield visitor
    context.close()
