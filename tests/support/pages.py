"""A browser without JavaScript: it follows links, fills in forms as they stand on the page, reads what comes back."""

from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from core.database import Database
from core.people.models import Person
from core.people.sessions import open_session
from core.web.visit import SESSION

ORIGIN = "http://portal.localhost:8090"
FROM_OURSELVES = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Page:
    """What came back, as a reader sees it."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return self.response.url.path

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.response.text, "html.parser")

    @property
    def heading(self) -> str:
        heading = self.soup.find("h1")
        return heading.get_text(" ", strip=True) if heading else ""

    @property
    def text(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    def form(self, button: str) -> Tag:
        """Return the form with this button, by what is written on it."""
        for found in self.soup.find_all(["button", "input"]):
            label = found.get_text(" ", strip=True) or found.get("aria-label", "") or found.get("value", "")
            if found.get("type", "submit") == "submit" and button in label:
                form = found.find_parent("form")
                assert form is not None
                return form
        raise AssertionError(f"There is no button {button!r} on {self.path}: {self.text[:400]}")

    def has_button(self, button: str) -> bool:
        try:
            return bool(self.form(button))
        except AssertionError:
            return False


class Reader:
    """Somebody at a browser, signed in or not."""

    def __init__(self, app: FastAPI, database: Database, person: Person | None = None) -> None:
        self.client = TestClient(app, base_url=ORIGIN)
        self.person = person
        if person:
            token = open_session(database, person, "web", 1, second_factor=True)
            self.client.cookies.set(SESSION, token, domain="portal.localhost")

    def open(self, path: str) -> Page:
        """Go to an address."""
        return Page(self.client.get(path))

    def press(self, page: Page, button: str, **filled: str) -> Page:
        """Press a button, its form filled in with these values."""
        form = page.form(button)
        values = {**_values(form, button), **filled}
        if form.get("method", "get").lower() == "get":
            return Page(self.client.get(form["action"], params=values))
        headers = {**FROM_OURSELVES, "Referer": str(page.response.url)}
        return Page(self.client.post(form["action"], data=values, headers=headers))


def _values(form: Tag, button: str) -> dict[str, str]:
    values = {}
    outside = form.find_parent("html").select(f'[form="{form["id"]}"]') if form.get("id") else []  # type: ignore[union-attr]
    for field in [*form.find_all(["input", "textarea", "select"]), *outside]:
        name, kind = field.get("name"), field.get("type", "text")
        if name and (kind not in ("radio", "checkbox", "submit") or field.has_attr("checked")):
            values[name] = _value(field)
    for pressed in form.find_all("button"):
        if button in pressed.get_text(" ", strip=True) and pressed.get("name"):
            values[pressed["name"]] = pressed.get("value", "")
    return values


def _value(field: Tag) -> str:
    if field.name == "select":
        chosen = field.find("option", selected=True) or field.find("option")
        return str(chosen["value"]) if chosen else ""  # type: ignore[index,call-overload]
    return str(field.get("value", "")) if field.name == "input" else field.get_text()
