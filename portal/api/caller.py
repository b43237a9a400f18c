"""The API's door: whose token a request carries and what for, before a byte of its body is read.

A request to write takes a token to write; which is which is said by its method alone. No cookie is looked at, so no
browser can be made to send a request that counts (cross-site request forgery); and the portal's pages look at no token.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.database import Database
from core.errors import MyelinError
from core.people.models import Person
from core.people.second_factor import check_second_factor
from core.settings import Settings
from core.tokens.models import ApiToken, TokenScope
from core.tokens.service import PREFIX, take_token
from core.web.site import Site
from core.web.visit import SAFE_METHODS
from portal.api.errors import BodyTooLong, TokenReadsOnly, TokenUnknown, WrongNetwork
from portal.api.problems import answer_error

LONGEST_BODY = 1 << 20
"""Bytes of one body: room for an application that gives a reason for every variable of a resource."""

_AUTHORIZATION = re.compile(rf"[Bb]earer ({PREFIX}[A-Za-z0-9_-]{{43}})")
_bearer = HTTPBearer(auto_error=False, description="A token that a person made on the portal's page of tokens.")


@dataclass(frozen=True)
class Caller:
    """Whose program a request comes from, and what a route needs to answer it."""

    site: Site
    person: Person
    token: ApiToken

    @property
    def database(self) -> Database:
        """The control database."""
        return self.site.database

    @property
    def settings(self) -> Settings:
        """The installation's settings."""
        return self.site.settings


def _caller(request: Request, _documented: Annotated[object, Security(_bearer)]) -> Caller:
    caller: Caller = request.state.caller
    return caller


Called = Annotated[Caller, Depends(_caller)]


class Door:
    """Let in requests whose token counts, and answer all others; only the API's own description is open."""

    def __init__(self, app: ASGIApp, site: Site, open_path: str) -> None:
        self.app = app
        self.site = site
        self.open_path = open_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or refuse it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope)
        try:
            check_network(self.site.settings, request)
            if request.url.path != f"{scope.get('root_path', '')}{self.open_path}":
                request.state.caller = await run_in_threadpool(caller_of, self.site, request)
            check_length(request.headers)
        except MyelinError as error:
            return await answer_error(request, error)(scope, receive, send)
        return await self.app(scope, _at_most(receive), send)


def caller_of(site: Site, request: Request) -> Caller:
    """Return who calls.

    Raises TokenUnknown, SecondFactorMissing, and TokenReadsOnly for a token to read where something is written.
    """
    given = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    taken = take_token(site.database, given[1]) if given else None
    if taken is None:
        raise TokenUnknown("This takes a token that counts.", "Make one in the portal, on the page of tokens.")
    check_token(site, *taken)
    if request.method not in SAFE_METHODS and taken[1].scope is not TokenScope.WRITE:
        raise TokenReadsOnly("This token is for reading.", "Make one for writing, on the page of tokens.")
    return Caller(site, *taken)


def check_token(site: Site, person: Person, token: ApiToken) -> None:
    """Refuse a token made without the second factor that its person's roles or projects ask for by now."""
    with site.database.read() as connection:
        check_second_factor(connection, site.settings, person, used=token.second_factor)


def check_network(settings: Settings, request: Request) -> None:
    """Refuse a request from a project's network: a notebook reaches the egress API and nothing else of ours."""
    try:
        peer = IPv4Address(request.client.host) if request.client else None
    except ValueError:
        return
    if peer and peer in settings.network_pool:
        raise WrongNetwork("The API does not answer notebook containers.", "Use it from outside.")


def check_length(headers: Headers) -> None:
    """Refuse a body that says it is longer than any the API takes."""
    said = headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > LONGEST_BODY:
        raise BodyTooLong(f"A body has at most {LONGEST_BODY} bytes.", "Send less at once.")


def _at_most(receive: Receive) -> Receive:
    """Return what receives a body, and refuses it where it is longer than it said."""
    left = LONGEST_BODY

    async def receive_some() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413)
        return message

    return receive_some
