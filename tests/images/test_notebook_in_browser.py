"""A newcomer's first minutes in a real browser: the welcome notebook from the first cell to the request."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.images.containers import Folders, Notebook, Place, notebook_server
from tests.images.services import REQUEST, TOKEN, Service, egress, serving
from tests.support.browser import chromium

WELCOME = Path("images/notebook/welcome/Welcome.ipynb")
SCREENSHOTS = Path("build/screenshots")


@dataclass(frozen=True)
class Desk:
    """A browser page at JupyterLab, what it asked for, and the egress service behind the notebook."""

    notebook: Notebook
    page: Page
    asked: list[str]
    egress: Service


@pytest.fixture(scope="module")
def desk(
    place: Place, hub_service: Service, cut_with_views: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folders = Folders.empty(cut_with_views, tmp_path_factory.mktemp("desk"))
    with (
        serving(egress(), place.gateway) as egress_service,
        notebook_server(place, folders, hub_port=hub_service.port, egress_port=egress_service.port) as notebook,
        chromium() as browser,
    ):
        page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{notebook.url}/lab/tree/Welcome.ipynb?token={TOKEN}")
        expect(page.locator(".jp-NotebookPanel")).to_be_visible(timeout=60_000)
        yield Desk(notebook, page, asked, egress_service)


def test_the_welcome_notebook_is_valid_and_has_five_code_cells() -> None:
    notebook = nbformat.read(WELCOME, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == 5
    assert not any(cell.outputs for cell in code)


def test_the_welcome_notebook_goes_the_whole_way(desk: Desk) -> None:
    page = desk.page
    # JupyterLab asks which kernel is meant when a cell is run before the kernel is there.
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    request = page.get_by_text(f"Request {REQUEST}: submitted")
    expect(request).to_be_attached(timeout=90_000)
    request.scroll_into_view_if_needed()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "notebook-end.png")
    page.locator(".jp-Cell").first.scroll_into_view_if_needed()
    expect(page.get_by_text("SYNTHETIC DATA, no real people")).to_be_visible()
    expect(page.locator(".jp-NotebookPanel [data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    page.screenshot(path=SCREENSHOTS / "notebook.png")


def test_the_request_arrived_with_table_context_and_code(desk: Desk) -> None:
    sent = [received for received in desk.egress.received if received.path == "/v1/requests"]
    (table,) = sent[0].files.values()
    (note,) = sent[0].manifest["files"]
    assert table.splitlines()[0] == b"spinal_cord,converted,not_converted"
    assert note["name"] == "outbox/conversion_by_spinal_cord_lesions.csv"
    assert "lesions" in note["context"]
    assert "smf.logit(formula, patients)" in note["code"]


def test_no_menu_offers_a_download(desk: Desk) -> None:
    page = desk.page
    page.get_by_role("menuitem", name="File", exact=True).click()
    expect(page.get_by_text("Open from Path…")).to_be_visible()
    for offer in ("Download", "Save and Export Notebook As", "Print…", "Terminal"):
        expect(page.locator(".lm-Menu").get_by_text(offer, exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    page.locator(".jp-DirListing-item", has_text="Welcome.ipynb").click(button="right")
    expect(page.locator(".lm-Menu").get_by_text("Rename")).to_be_visible()
    for offer in ("Download", "Copy Download Link", "Open in New Browser Tab", "Copy Shareable Link"):
        expect(page.locator(".lm-Menu").get_by_text(offer, exact=True)).to_have_count(0)
    page.keyboard.press("Escape")


def test_the_pages_ask_nobody_but_their_own_server(desk: Desk) -> None:
    own = (f"http://{desk.notebook.address}:", f"ws://{desk.notebook.address}:", "data:", "blob:")
    assert [url for url in desk.asked if not url.startswith(own)] == []


FETCH = "url => fetch(url, {mode: 'no-cors'}).then(() => 'got through', () => 'refused')"


def test_an_output_cannot_reach_another_server_through_the_browser(desk: Desk, place: Place) -> None:
    elsewhere = f"http://{place.gateway}:{desk.egress.port}/phoned-home"
    before = len(desk.egress.received)
    assert desk.page.evaluate(FETCH, elsewhere) == "refused"
    assert len(desk.egress.received) == before
    ordinary = desk.page.context.new_page()
    ordinary.goto(f"http://{place.gateway}:{desk.egress.port}/v1/requests")
    assert ordinary.evaluate(FETCH, elsewhere) == "got through", "The same page without the policy must get through."
    ordinary.close()
