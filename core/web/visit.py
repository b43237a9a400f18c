"""One request of one signed-in person: the dependency every page of every room starts from.

A form is accepted only from the portal's own pages. Three things say so: the browser (`Sec-Fetch-Site`, `Origin`), the
session cookie (`SameSite=Lax`), and a token in the form that only this session's pages hold. The check sits in the
same dependency as the sign-in, so that no room can have the one without the other.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fastapi import Depends
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.requests import Request

from core.database import Database
from core.errors import InvalidInput, MyelinError, Refused
from core.people.models import Person
from core.people.second_factor import SecondFactorMissing
from core.people.sessions import check_session, signed_in_with
from core.settings import Settings
from core.web.site import Site

SESSION = "myelin-session"
NOTICE = "myelin-notice"
TOKEN_FIELD = "form_token"  # noqa: S105  (the name of a form field)
SAFE_METHODS = frozenset({"GET", "HEAD"})


FORM_TYPE = "application/x-www-form-urlencoded"
LONGEST_FORM = 1 << 20
"""Bytes of one form: room for a comment on every file of a request."""


class NotSignedIn(MyelinError):
    """The page is for people who are signed in."""

    status = 401


class ForgedForm(Refused):
    """A form did not come from a page of the portal's own that this session was shown."""

    def __init__(self) -> None:
        super().__init__("This form did not come from a page you have open here.", "Open the page anew and try again.")


class FormTooLong(InvalidInput):
    """A form is longer than any of the portal's."""

    status = 413


@dataclass(frozen=True)
class Visit:
    """A request, who makes it, and what a route needs to answer it."""

    request: Request
    site: Site
    person: Person
    session: str
    form: Mapping[str, str]
    """What the form says, field by field; empty where the request is none."""

    @property
    def database(self) -> Database:
        """The control database."""
        return self.site.database

    @property
    def settings(self) -> Settings:
        """The installation's settings."""
        return self.site.settings

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.site.now

    @property
    def form_token(self) -> str:
        """What a form of this session carries to show that it is ours."""
        return hmac.digest(self.site.key, b"form:" + self.session.encode(), "sha256").hex()

    def show(self, template: str, status: int = 200, **facts: Any) -> HTMLResponse:
        """Answer with a page."""
        return show(self.request, self.site, template, {"visit": self, **facts}, status)

    def go(self, path: str, notice: str = "") -> RedirectResponse:
        """Answer a form: go on to a page of ours, which says once what was done."""
        response = RedirectResponse(path, status_code=303)
        if notice:
            name, https = self.site.cookie(NOTICE), self.site.https
            response.set_cookie(name, quote(notice), max_age=60, httponly=True, samesite="strict", secure=https)
        return response


def show(request: Request, site: Site, template: str, facts: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """Answer with a page, for a visitor (`visit` among the facts) or for somebody not signed in."""
    name = site.cookie(NOTICE)
    shared = {"site": site, "here": request.url.path, "notice": unquote(request.cookies.get(name, "")), "visit": None}
    response = HTMLResponse(site.templates.get_template(template).render({**shared, **facts}), status_code=status)
    if shared["notice"]:
        response.delete_cookie(name, httponly=True, samesite="strict", secure=site.https)
    return response


def _visitor(request: Request) -> Person:
    """Return whoever is signed in, before a byte of what they sent is read.

    Raises NotSignedIn, SecondFactorMissing and ForgedForm.
    """
    site: Site = request.app.state.site
    session = request.cookies.get(site.cookie(SESSION), "")
    found = signed_in_with(site.database, session) if session else None
    if found is None:
        raise NotSignedIn("Please sign in first.")
    check_session(site.database, site.settings, *found)
    person, _ = found
    if request.method not in SAFE_METHODS:
        check_own_form(request, site)
    return person


Visitor = Annotated[Person, Depends(_visitor)]


async def _read_form(request: Request, _visitor: Visitor) -> Mapping[str, str]:
    """Read the form of somebody signed in; one of another kind than the portal's says nothing, and is not read."""
    if request.method in SAFE_METHODS or request.headers.get("content-type", "").split(";")[0] != FORM_TYPE:
        return {}
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            raise FormTooLong(f"This form is longer than {LONGEST_FORM} bytes.", "Shorten what you wrote.")
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


Form = Annotated[Mapping[str, str], Depends(_read_form)]


def signed_in(request: Request, person: Visitor, form: Form) -> Visit:
    """Return the visit of whoever is signed in; raises NotSignedIn, and ForgedForm for a form that is not ours."""
    site: Site = request.app.state.site
    visit = Visit(request, site, person, request.cookies.get(site.cookie(SESSION), ""), form)
    request.state.visit = visit
    forged = not hmac.compare_digest(form.get(TOKEN_FIELD, "").encode(), visit.form_token.encode())
    if request.method not in SAFE_METHODS and forged:
        raise ForgedForm
    return visit


SignedIn = Annotated[Visit, Depends(signed_in)]


def perhaps_signed_in(request: Request) -> Visit | None:
    """Return the visit of whoever is signed in, or nobody's, for the few pages that everybody may see; no forms."""
    try:
        return signed_in(request, _visitor(request), {})
    except (NotSignedIn, SecondFactorMissing):
        return None


PerhapsSignedIn = Annotated[Visit | None, Depends(perhaps_signed_in)]


def check_own_form(request: Request, site: Site) -> None:
    """Raise ForgedForm unless the browser says that the form was sent from a page of the portal itself."""
    own = "{0.scheme}://{0.netloc}".format(urlsplit(site.settings.portal_url))
    where, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin")
    if where != "same-origin" or origin != own:
        raise ForgedForm
