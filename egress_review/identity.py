"""Who asks from inside a container: the hub's token says who and which project, the connection says from where.

Both must agree. Nothing in a request's body, address line or headers but the token itself has a say.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

import httpx

from core.clock import Clock
from core.database import Database
from core.errors import MyelinError
from core.people.models import SystemActor
from core.settings import Settings
from egress_review.errors import HubUnavailable, TokenRefused, WrongPlace
from projects.access import check_access
from projects.models import Access

SCOPE = "custom:egress:submit"
_OF_SERVER = re.compile(rf"{SCOPE}!server=([a-z0-9-]+)/([a-z0-9-]+)")

HUB_SECONDS = 5.0
"""How long the hub may take to say whose a token is."""

LOGGED_EVERY_SECONDS = 60.0
"""One refusal of one container is logged in this time, so that it can't fill the log; see RefusalLog."""

Whose = Callable[[str], tuple[str, str]]
"""Takes a token, gives the user name and the project it may submit for; raises TokenRefused or HubUnavailable."""


@dataclass(frozen=True)
class Connection:
    """The two ends of the TCP connection a request came over, as the kernel knows them."""

    peer: IPv4Address
    local: IPv4Address


def parse_connection(scope: Any) -> Connection:
    """Read both ends from an ASGI scope; raises WrongPlace where they are no IPv4 addresses."""
    try:
        return Connection(IPv4Address(scope["client"][0]), IPv4Address(scope["server"][0]))
    except (KeyError, TypeError, AddressValueError) as error:
        raise WrongPlace("This address answers notebook containers only.") from error


def check_pool(settings: Settings, connection: Connection) -> None:
    """Refuse a connection that is not within the project networks, before anything else is looked at."""
    if connection.peer not in settings.network_pool or connection.local not in settings.network_pool:
        raise WrongPlace("This address answers notebook containers only.")


def check_place(access: Access, connection: Connection) -> None:
    """Refuse a token presented from outside its own project's network, or to another network's gateway."""
    if connection.peer not in access.subnet or connection.local != access.gateway:
        raise WrongPlace(f"This token is for {access.project_id} and was presented from elsewhere.")


def parse_user(model: Any) -> tuple[str, str]:
    """Read user name and project from what the hub says of a token.

    Both come from the one scope a notebook server's token has for this; raises TokenRefused for any other shape.
    """
    scopes = model.get("scopes") if isinstance(model, dict) else None
    mine = [scope for scope in scopes or () if isinstance(scope, str) and scope.startswith(SCOPE)]
    match = _OF_SERVER.fullmatch(mine[0]) if len(mine) == 1 else None
    if match is None or model.get("kind") != "user" or model.get("name") != match[1]:
        raise TokenRefused("This token is not a notebook server's.", "Use `myelin.request_release` in your notebook.")
    return match[1], match[2]


class HubTokens:
    """Asks the hub whose a token is, anew each time: what the hub revoked is refused at once."""

    def __init__(self, hub_api_url: str) -> None:
        self._client = httpx.Client(base_url=hub_api_url, timeout=HUB_SECONDS, trust_env=False)

    def __call__(self, token: str) -> tuple[str, str]:
        """Return the user name and the project this token may submit for."""
        try:
            answer = self._client.get("/hub/api/user", headers={"Authorization": f"token {token}"})
        except httpx.HTTPError as error:
            raise HubUnavailable("The hub does not answer.", "Try again in a minute.") from error
        if answer.status_code in (401, 403):
            raise TokenRefused("The hub does not know this token.", "Restart your notebook server.")
        if answer.status_code != 200 or not answer.headers.get("content-type", "").startswith("application/json"):
            raise HubUnavailable("The hub could not say whose token this is.", "Try again in a minute.")
        return parse_user(answer.json())


def parse_token(header: str | None) -> str:
    """Read the token from an Authorization header; raises TokenRefused where there is none that could be sent on."""
    match = re.fullmatch(r"(?:token|Bearer) ([A-Za-z0-9._~-]{1,200})", header or "")
    if match is None:
        raise TokenRefused("There is no token in this request.", "Use `myelin.request_release` in your notebook.")
    return match[1]


class Gate:
    """Decides on every request from a container, and writes refusals to the audit log."""

    def __init__(self, database: Database, settings: Settings, whose: Whose) -> None:
        self._database = database
        self._settings = settings
        self._whose = whose
        self._refusals = RefusalLog(database)

    def identify(self, connection: Connection, authorization: str | None) -> Access:
        """Return who asks for which project; raises TokenRefused, AccessRefused or WrongPlace, on record."""
        check_pool(self._settings, connection)
        try:
            username, project_id = self._whose(parse_token(authorization))
            access = check_access(self._database, username, project_id)
            check_place(access, connection)
        except HubUnavailable:
            raise
        except MyelinError as error:
            self._refusals.record(connection, error)
            raise
        return access


class RefusalLog:
    """Writes that a container was refused, and why, once a minute for each container and reason.

    A container can send thousands of requests a second; the first tells all that the others would.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock: Clock = database.clock
        self._last: dict[tuple[IPv4Address, str], float] = {}

    def record(self, connection: Connection, error: MyelinError) -> None:
        """Write one refusal to the audit log, unless the same was written within the last minute."""
        now = self._clock().timestamp()
        key = (connection.peer, type(error).__name__)
        if now - self._last.get(key, 0.0) < LOGGED_EVERY_SECONDS:
            return
        self._last[key] = now  # as many entries as the pool has addresses, at most, for each kind of refusal
        with self._database.write(SystemActor("egress")) as tx:
            where = {"gateway": str(connection.local), "reason": key[1]}
            tx.record("egress_review:access:refuse", f"peer:{connection.peer}", where)
