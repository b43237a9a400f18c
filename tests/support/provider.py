"""A sign-in provider of the tests' own: the demo's, on a free loopback port, known to browsers as id.localhost."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import quote

import httpx
from oidc_provider_mock import run_server_in_thread


@contextmanager
def sign_in_provider() -> Iterator[int]:
    """Run a provider that lets anybody sign in as any subject, and give its port."""
    with patch.dict("os.environ", AUTHLIB_INSECURE_TRANSPORT="1"), run_server_in_thread() as server:
        yield server.server_port


def issuer_at(port: int) -> str:
    """Return the issuer's name, as browsers open it."""
    return f"http://id.localhost:{port}"


def backchannel_at(port: int) -> str:
    """Return where servers reach it: `localhost` names other than the plain one don't resolve everywhere."""
    return f"http://127.0.0.1:{port}"


def answer_as(port: int, authorization_url: str, subject: str, methods: Sequence[str] = ("pwd", "otp")) -> str:
    """Sign in at the provider as this subject, by these methods, and return the address the browser is sent back to."""
    know(port, subject, methods)
    at_backchannel = authorization_url.replace(issuer_at(port), backchannel_at(port))
    host = {"Host": f"id.localhost:{port}"}
    answer = httpx.post(at_backchannel, data={"sub": subject}, headers=host, follow_redirects=False)
    return answer.headers["location"]


def know(port: int, subject: str, methods: Sequence[str]) -> None:
    """Have the provider say of this subject that it signs in by these methods (RFC 8176)."""
    claims = {"email": subject, "amr": list(methods)}
    httpx.put(f"{backchannel_at(port)}/users/{quote(subject, safe='')}", json=claims).raise_for_status()
