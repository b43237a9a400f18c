"""Script hidden in what people write and submit: shown as text on our pages, powerless in the frame of a held file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from playwright.sync_api import Browser, BrowserContext
from starlette.requests import Request

from core.database import Database
from core.people.affiliations import record_affiliation
from core.people.models import Person, Sector
from core.people.service import add_person
from core.people.sessions import open_session
from core.settings import Settings
from core.web.visit import SESSION
from egress_review import review as review_room
from egress_review import routes as egress_routes
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.manifest import Manifest
from egress_review.models import Verdict
from egress_review.review import NewComment
from egress_review.submit import Submission, submit
from portal.app import make_app
from tests.conftest import person
from tests.egress_review.world import World
from tests.support.browser import chromium
from tests.support.portal import Sits
from tests.support.server import free_port, serving

SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def finds_script(file: HeldFile, cut: CutFacts, appetite: object) -> tuple[Finding, ...]:
    return (Finding("text", "active content", "review", f"quotes {SCRIPT}", (SCRIPT,)),)


def submit_script(house: World, name: str, content: bytes) -> str:
    note = {"name": name, "context": SCRIPT, "code": SCRIPT, "statbarn": SCRIPT[:60]}
    manifest = Manifest.model_validate({"description": SCRIPT, "replaces": None, "files": (note,)})
    return submit(house.database, house.settings, Submission(house.access(), manifest, (content,)), finds_script).id


def say_script(house: World, request_id: str) -> None:
    for checker in ("chris", "chloe"):
        said = [NewComment(SCRIPT, file_number=1), NewComment(SCRIPT)]
        version = house.request(request_id).version
        args = (house.database, house.settings, house.people[checker], request_id, version)
        review_room.review(*args, {1: Verdict.APPROVE}, said)


def test_everything_people_write_is_shown_as_text(
    house: World, sits: Sits, database: Database, people: dict[str, Person]
) -> None:
    add_person(database, people["olga"], replace(person("mallory"), name=SCRIPT, subject=SCRIPT))
    record_affiliation(database, people["olga"], "mallory", SCRIPT, Sector.NONE)
    request_id = submit_script(house, f"{SCRIPT.replace('/', '')}.csv", b"a,people\nb,30\n")
    say_script(house, request_id)
    house.approve(request_id)
    house.release(request_id)
    seen = {
        "chris": [f"/reviews/{request_id}"],
        "rosa": ["/requests", "/projects/cis-spinal", f"/data/cis_cohort?words={SCRIPT}"],
        "otto": ["/people", "/people/mallory", "/people/mallory/close", f"/audit?subject={SCRIPT}"],
    }
    for username, paths in seen.items():
        for path in paths:
            page = sits(username).open(path)
            assert page.status == 200, path
            assert "&lt;script&gt;" in page.response.text or path == "/projects/cis-spinal", path
            assert not [script for script in page.soup.find_all("script") if script.get_text()], path
            assert not page.soup.select("[onerror]"), path


@dataclass
class Listener:
    """A host of the test's own that stands for the internet, and what reached it."""

    port: int
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://listener.localhost:{self.port}"


@contextmanager
def listening() -> Iterator[Listener]:
    listener, app = Listener(free_port()), FastAPI()

    @app.get("/{path:path}")
    def anything(request: Request, path: str) -> Response:
        listener.asked.append(path)
        return Response(b"", media_type="image/png")

    with serving(app, listener.port):
        yield listener


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def checker_at(browser: Browser, house: World, checker: str) -> BrowserContext:
    context = browser.new_context()
    token = open_session(house.database, house.people[checker], "web", 1, second_factor=True)
    context.add_cookies([{"name": SESSION, "value": token, "url": house.settings.portal_url}])
    return context


@pytest.mark.parametrize("defended", [True, False])
def test_a_held_file_that_phones_home_reaches_nobody_from_a_checkers_browser(
    browser: Browser, house: World, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    port = free_port()
    settings = Settings(**{**house.settings.model_dump(), "portal_url": f"http://portal.localhost:{port}"})
    house = replace(house, settings=settings)
    with listening() as listener:
        evil = (
            f'<html><body><img src="{listener.address}/image"><link rel="stylesheet" href="{listener.address}/sheet">'
            f'<script>fetch("{listener.address}/script"); top.document.title = "owned"</script>'
            f'<iframe src="{listener.address}/frame"></iframe><h1>Results</h1></body></html>'
        ).encode()
        if not defended:
            monkeypatch.setattr(egress_routes, "render", lambda file: type("Raw", (), {"html": file.content}))
            monkeypatch.setattr(
                egress_routes, "FRAME_HEADERS", {"Content-Type": "text/html", "Content-Security-Policy": ""}
            )
        request_id = submit_script(house, "results.html", evil)
        with serving(make_app(house.database, settings), port):
            context = checker_at(browser, house, "chris")
            page = context.new_page()
            page.goto(f"{settings.portal_url}/reviews/{request_id}/rounds/1/files/1", wait_until="networkidle")
            page.goto(f"{settings.portal_url}/reviews/{request_id}", wait_until="networkidle")
            title = page.title()
            context.close()
    if defended:
        assert listener.asked == []
        assert title == f"Request {request_id} – Myelin"
    else:
        assert {"image", "sheet", "script", "frame"} <= set(listener.asked)
