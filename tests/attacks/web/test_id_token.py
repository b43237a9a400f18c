"""Forged sign-ins: an ID token that differs from a right one in one thing only, and answers that are no answers."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.requests import Request

from core.errors import Unavailable
from core.settings import Settings
from core.web.oidc import Attempt, OidcClient, SignInRefused
from tests.support.server import free_port, serving

ATTEMPT = Attempt("state", "nonce", "verifier")
BACK = "http://127.0.0.1:1/callback"


@dataclass
class Provider:
    """A provider that answers whatever a test has it answer."""

    issuer: str
    key: RSAKey
    token: str = ""
    jwks: Any = None
    answers: dict[str, Response] = field(default_factory=dict)
    authorization: str | None = None

    @property
    def right(self) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.issuer, "aud": "myelin", "sub": "rosa", "nonce": "nonce", "iat": now, "exp": now + 60}

    def sign(self, claims: dict[str, Any]) -> None:
        self.token = jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)

    def answer(self, path: str, right: Any) -> Response:
        return self.answers.get(path) or JSONResponse(right)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    port, app = free_port(), FastAPI()
    issuer = f"http://127.0.0.1:{port}"
    provider = Provider(issuer, RSAKey.generate_key(2048, {"kid": "k", "use": "sig"}))
    ends = {"authorization_endpoint": "/a?tenant=1", "token_endpoint": "/token", "jwks_uri": "/keys"}
    described = {"issuer": issuer, **{name: issuer + path for name, path in ends.items()}}

    @app.get("/.well-known/openid-configuration")
    def describe() -> Response:
        return provider.answer("describe", described)

    @app.get("/keys")
    def keys() -> Response:
        return provider.answer("keys", {"keys": [provider.key.as_dict(private=False)]})

    @app.post("/token")
    def token(request: Request) -> Response:
        provider.authorization = request.headers.get("authorization")
        return provider.answer("token", {"id_token": provider.token})

    with ExitStack() as stack:
        stack.enter_context(serving(app, port))
        yield provider


@pytest.fixture(autouse=True)
def _answers_rightly(provider: Provider) -> None:
    provider.answers.clear()


@pytest.fixture
def client(provider: Provider, tmp_path: Path) -> OidcClient:
    return OidcClient(Settings(mode="demo", state=tmp_path, oidc_issuer=provider.issuer))


def test_the_right_token_is_believed(provider: Provider, client: OidcClient) -> None:
    provider.sign(provider.right)
    assert client.exchange("code", ATTEMPT, BACK).subject == "rosa"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://another.example.org"},
        {"aud": "another"},
        {"aud": ["myelin", "another"]},
        {"aud": ["myelin", "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "another"},
        {"sub": ""},
        {"exp": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        *[{name: None} for name in ("iss", "aud", "sub", "nonce", "exp", "iat")],
    ],
    ids=lambda wrong: " ".join(wrong),
)
def test_one_wrong_claim_is_enough(provider: Provider, client: OidcClient, wrong: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**provider.right, **wrong}.items() if value is not None}
    provider.sign(claims)
    with pytest.raises(SignInRefused):
        client.exchange("code", ATTEMPT, BACK)


def test_a_token_shared_with_others_is_believed_only_if_it_was_made_for_us(
    provider: Provider, client: OidcClient
) -> None:
    provider.sign({**provider.right, "aud": ["myelin", "another"], "azp": "myelin"})
    assert client.exchange("code", ATTEMPT, BACK).subject == "rosa"


def test_a_token_signed_by_somebody_else_is_refused(provider: Provider, client: OidcClient) -> None:
    other = RSAKey.generate_key(2048, {"kid": "k"})
    provider.token = jwt.encode({"alg": "RS256", "kid": "k"}, provider.right, other)
    with pytest.raises(SignInRefused):
        client.exchange("code", ATTEMPT, BACK)


def test_an_unsigned_token_is_refused(provider: Provider, client: OidcClient) -> None:
    provider.sign(provider.right)
    payload = provider.token.split(".")[1]
    provider.token = f"eyJhbGciOiJub25lIn0.{payload}."
    with pytest.raises(SignInRefused):
        client.exchange("code", ATTEMPT, BACK)


def test_the_public_key_is_no_shared_secret(provider: Provider, client: OidcClient) -> None:
    provider.sign(provider.right)
    header, payload = (
        urlsafe_b64encode(b'{"alg":"HS256","kid":"k"}').rstrip(b"="),
        provider.token.split(".")[1].encode(),
    )
    signature = hmac.digest(provider.key.as_pem(private=False), header + b"." + payload, "sha256")
    provider.token = b".".join((header, payload, urlsafe_b64encode(signature).rstrip(b"="))).decode()
    with pytest.raises(SignInRefused):
        client.exchange("code", ATTEMPT, BACK)


@pytest.mark.parametrize(
    ("place", "answer", "error"),
    [
        ("token", PlainTextResponse("<html>", 200), Unavailable),
        ("token", JSONResponse(["no"], 200), SignInRefused),
        ("token", JSONResponse({}, 500), Unavailable),
        ("token", JSONResponse({"error": "invalid_grant"}, 400), SignInRefused),
        ("token", JSONResponse({}, 200), SignInRefused),
        ("keys", JSONResponse({}, 200), SignInRefused),
        ("keys", JSONResponse({"keys": [{"kty": "what"}]}, 200), SignInRefused),
        ("keys", JSONResponse({"keys": []}, 200), SignInRefused),
        ("describe", JSONResponse({"issuer": "https://another.example.org"}, 200), Unavailable),
    ],
)
def test_an_answer_that_is_none_is_refused_in_words(
    provider: Provider, client: OidcClient, place: str, answer: Response, error: type[Exception]
) -> None:
    provider.sign(provider.right)
    provider.answers[place] = answer
    with pytest.raises(error):
        client.exchange("code", ATTEMPT, BACK)


def test_the_clients_secret_is_sent_where_there_is_one(provider: Provider, tmp_path: Path) -> None:
    provider.sign(provider.right)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "oidc-client-secret").write_text("s3:cret\n")
    OidcClient(Settings(mode="demo", state=tmp_path, oidc_issuer=provider.issuer)).exchange("code", ATTEMPT, BACK)
    assert provider.authorization == "Basic bXllbGluOnMzJTNBY3JldA=="


def test_a_public_client_sends_none(tmp_path: Path) -> None:
    secure = {"oidc_issuer": "https://id.example.org", "portal_url": "https://portal.example.org"}
    client = OidcClient(Settings(mode="production", state=tmp_path, hub_url="https://hub.example.org", **secure))
    assert client.secret == ""


def test_the_way_to_the_provider_keeps_its_own_parameters(provider: Provider, client: OidcClient) -> None:
    assert client.authorization_url(ATTEMPT, BACK).startswith(f"{provider.issuer}/a?tenant=1&response_type=code&")
