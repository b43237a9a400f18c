"""Sign in and out, in the browser.

What a sign-in's answer must carry is kept in a signed cookie of ten minutes, so that an answer counts only in the
browser that asked. A sign-in always opens a new session and ends the one this browser had.
"""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.routing import Match

from core.errors import NotFound
from core.people.models import Person
from core.people.sessions import admit, end_session, open_session, person_in_session
from core.web.oidc import Attempt, Claims, OidcClient, SignInRefused
from core.web.site import Site
from core.web.visit import SESSION, SignedIn, show

ATTEMPT = "myelin-sign-in"
ATTEMPT_SECONDS = 600
CALLBACK = "/sign-in/callback"
HOME = "/"

router = APIRouter()


@router.get("/sign-in")
def sign_in(request: Request, there: Annotated[str, Query(alias="next")] = HOME, again: bool = False) -> Response:
    """Send the browser to the sign-in provider; `again` has it ask anew whoever is signed in there."""
    site: Site = request.app.state.site
    oidc: OidcClient = request.app.state.oidc
    attempt = Attempt.begin()
    response = RedirectResponse(oidc.authorization_url(attempt, _callback(site), again=again), status_code=303)
    kept = {**attempt.__dict__, "next": there if _is_page_of_ours(request, there) else HOME}
    _set(response, site, ATTEMPT, _signer(site).dumps(kept), ATTEMPT_SECONDS)
    return response


@router.get(CALLBACK)
def signed_in_at_provider(request: Request, state: str = "", code: str = "", error: str = "") -> Response:
    """Take the provider's answer, and open a session for the person it vouches for."""
    site: Site = request.app.state.site
    attempt, there = _attempt(request, site, state)
    if error or not code:
        raise SignInRefused("The sign-in was not completed.", "Start again from the home page.")
    oidc: OidcClient = request.app.state.oidc
    claims = oidc.exchange(code, attempt, _callback(site))
    try:
        person = _admit(site, claims)
    except NotFound:
        return _unknown_person(request, site, claims)
    return _with_session(request, site, person, there, second_factor=claims.second_factor)


@router.post("/sign-out")
def sign_out(visit: SignedIn) -> Response:
    """End the session."""
    end_session(visit.database, visit.person, visit.session)
    response = visit.go("/signed-out")
    response.delete_cookie(visit.site.cookie(SESSION), httponly=True, samesite="lax", secure=visit.site.https)
    return response


@router.get("/signed-out")
def signed_out(request: Request) -> Response:
    """Say that the session has ended, and what has not."""
    return show(request, request.app.state.site, "portal/signed_out.html", {})


def _admit(site: Site, claims: Claims) -> Person:
    issuer, subject, used = claims.issuer, claims.subject, claims.second_factor
    return admit(site.database, site.settings, issuer, subject, "portal", second_factor=used)


def _with_session(request: Request, site: Site, person: Person, there: str, *, second_factor: bool) -> Response:
    before = request.cookies.get(site.cookie(SESSION), "")
    owner = person_in_session(site.database, before) if before else None
    hours = site.settings.session_hours
    token = open_session(site.database, person, "web", hours, second_factor=second_factor)
    if owner:
        end_session(site.database, owner, before)
    response = RedirectResponse(there, status_code=303)
    _set(response, site, SESSION, token, hours * 3600)
    response.delete_cookie(site.cookie(ATTEMPT), httponly=True, samesite="lax", secure=site.https)
    return response


def _unknown_person(request: Request, site: Site, claims: Claims) -> Response:
    return show(request, site, "portal/unknown_person.html", {"claims": claims}, status=403)


def _attempt(request: Request, site: Site, state: str) -> tuple[Attempt, str]:
    """Return what this browser asked for; raises SignInRefused where it asked nothing, or something else."""
    try:
        cookie = request.cookies.get(site.cookie(ATTEMPT), "")
        kept: dict[str, Any] = _signer(site).loads(cookie, max_age=ATTEMPT_SECONDS)
    except BadData as error:
        raise SignInRefused("This sign-in was not begun here, or it took too long.", "Start again.") from error
    if kept["state"] != state:
        raise SignInRefused("This sign-in was begun elsewhere.", "Start again from the home page.")
    there = kept.pop("next")
    return Attempt(**kept), there


def _is_page_of_ours(request: Request, there: str) -> bool:
    """Tell whether this is the path of a page the portal serves; anything else is never gone to."""
    path, _, query = there.partition("?")
    if not path.startswith("/") or path.startswith("//") or quote(there, safe="/?=&%-._~+") != there:
        return False
    if path == CALLBACK:  # a sign-in that was refused is begun anew from there
        return False
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)


def _callback(site: Site) -> str:
    return f"{site.settings.portal_url.rstrip('/')}{CALLBACK}"


def _signer(site: Site) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(site.key, salt="sign-in")


def _set(response: Response, site: Site, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        site.cookie(name), value, max_age=seconds, httponly=True, samesite="lax", secure=site.https, path="/"
    )
