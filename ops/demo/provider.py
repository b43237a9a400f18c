"""The demo's sign-in provider: `oidc-provider-mock` on loopback, where whoever asks is who they say."""

import json
import sys
from urllib.parse import urlsplit

import httpx

from core.settings import Settings
from ops import processes
from ops.demo.cast import CAST

NAME = "sign-in"

SECOND_FACTOR = ("pwd", "otp")
"""What the provider says of every sign-in; nobody is asked for either."""


def start_provider(settings: Settings) -> None:
    """Start the provider with the cast as its users, on the port of the issuer's address."""
    port = urlsplit(settings.oidc_issuer).port
    command = [sys.executable, "-m", "oidc_provider_mock", "--host", "127.0.0.1", "--port", str(port)]
    for part in CAST:
        claims: dict[str, object] = {"sub": part.username, "name": part.name, "email": f"{part.username}@example.org"}
        command += ["--user-claims", json.dumps(claims | {"preferred_username": part.username, "amr": SECOND_FACTOR})]
    processes.start(settings, NAME, command, {})


def pass_through(settings: Settings, username: str, address: str) -> None:
    """Sign in at the provider's page as one of the cast, as a browser would, and follow it back."""
    parts = urlsplit(address)
    page = parts._replace(netloc=urlsplit(settings.oidc_backchannel or settings.oidc_issuer).netloc).geturl()
    answer = httpx.post(page, data={"sub": username}, headers={"Host": parts.netloc}, timeout=30)
    httpx.get(answer.headers["location"], timeout=30).raise_for_status()
