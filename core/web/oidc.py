"""Sign-in by OpenID Connect, for browser and command line: authorization code with PKCE, a verified ID token.

The provider is asked for its addresses and keys at each sign-in: sign-ins are rare, and a changed key is never missed.
Sources: OpenID Connect Core 1.0 section 3.1, RFC 7636 (PKCE), RFC 8252 (loopback redirects of command-line tools).
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.errors import Refused, Unavailable
from core.settings import Settings

SCOPE = "openid profile email"
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
CLOCK_SKEW_SECONDS = 60
CLIENT_SECRET_FILE = "oidc-client-secret"  # noqa: S105  (a name)
"""Where among the keys the secret is put that the provider gave this installation."""

_TIMEOUT_SECONDS = 10.0


class SignInRefused(Refused):
    """The provider's answer to a sign-in is not one to trust."""


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way: what its answer must carry, known only to who began it."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def begin(cls) -> "Attempt":
        """Draw a new attempt."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """The verifier's SHA-256, which the provider compares with the verifier later (RFC 7636, S256)."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Claims:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    name: str
    email: str
    second_factor: bool
    """Whether the provider says that a second factor was used."""


_METHODS = {
    "knowledge": frozenset({"pwd", "pin", "kba"}),
    "possession": frozenset({"otp", "hwk", "swk", "pop", "sc", "sms", "tel"}),
    "inherence": frozenset({"face", "fpt", "iris", "retina", "vbm"}),
}
"""Methods of RFC 8176, by what they are evidence of: something known, held, or of the body."""


def used_second_factor(claims: Mapping[str, Any], acr: str) -> bool:
    """Tell whether an ID token says that two factors were used: `mfa`, methods of two kinds, or this very `acr`.

    An empty `acr` is none. Source: RFC 8176, section 2; OpenID Connect Core 1.0, section 2.
    """
    methods = claims.get("amr")
    said = {method for method in methods if isinstance(method, str)} if isinstance(methods, list) else set()
    kinds = sum(bool(said & kind) for kind in _METHODS.values())
    return "mfa" in said or kinds > 1 or (acr != "" and claims.get("acr") == acr)


def check_issuer(settings: Settings) -> None:
    """Refuse, outside demo mode, a sign-in provider, portal or hub that is on loopback or not reached over https."""
    if settings.mode == "demo":
        return
    for what, setting in (("sign-in provider", "oidc_issuer"), ("portal", "portal_url"), ("hub", "hub_url")):
        url = getattr(settings, setting)
        parts = urlsplit(url)
        if parts.scheme != "https" or _is_loopback(parts.hostname or ""):
            name = f"MYELIN_{setting.upper()}"
            raise Refused(f"The {what} {url} is for a demo only.", f"Set {name} to an https address, or MYELIN_MODE.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class OidcClient:
    """Talk to the sign-in provider of an installation; raises Refused where it is none for this mode."""

    def __init__(self, settings: Settings) -> None:
        check_issuer(settings)
        self._settings = settings

    def authorization_url(self, attempt: Attempt, redirect_uri: str, *, again: bool = False) -> str:
        """Return where the browser goes to sign in; `again` has the provider ask anew whoever is signed in there."""
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            **self.asked_of_provider,
            **({"prompt": "login"} if again else {}),
        }
        endpoint = self.metadata()["authorization_endpoint"]
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"

    def exchange(self, code: str, attempt: Attempt, redirect_uri: str) -> Claims:
        """Trade the code a sign-in came back with for verified claims; raises SignInRefused or Unavailable."""
        metadata = self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._settings.oidc_client_id,
            "code_verifier": attempt.verifier,
        }
        answer = self._call("POST", metadata["token_endpoint"], data=form, auth=self._client_secret)
        return self.verified(str(answer.get("id_token", "")), attempt.nonce)

    def verified(self, id_token: str, nonce: str | None) -> Claims:
        """Return what an ID token says, its signature and claims verified; raises SignInRefused or Unavailable.

        Without a nonce only for a token that the token endpoint itself has just given (JupyterHub sends none).
        """
        keys: Any = self._call("GET", self.metadata()["jwks_uri"])
        client = self._settings.oidc_client_id
        of_attempt: dict[str, Any] = {"nonce": {"essential": True, "value": nonce}} if nonce is not None else {}
        rules = jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            **of_attempt,
        )
        try:
            claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
            rules.validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise SignInRefused("The sign-in could not be verified.", "Try again; if it stays, tell ops.") from error
        for_us_alone = claims["aud"] in (client, [client])
        if claims.get("azp", client if for_us_alone else None) != client:
            raise SignInRefused("The sign-in was made for another application.", "Start again from the portal.")
        name, email = (str(claims.get(claim, "")) for claim in ("name", "email"))
        second_factor = used_second_factor(claims, self._settings.second_factor_acr)
        return Claims(str(claims["iss"]), str(claims["sub"]), name, email, second_factor)

    @property
    def asked_of_provider(self) -> dict[str, str]:
        """What every sign-in asks of the provider: the `acr` that stands for a second factor, where there is one."""
        return {"acr_values": self._settings.second_factor_acr} if self._settings.second_factor_acr else {}

    def metadata(self) -> Mapping[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0); raises Unavailable."""
        issuer = self._settings.oidc_issuer
        metadata = self._call("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if metadata.get("issuer") != issuer:
            raise Unavailable("The sign-in provider calls itself by another name than it is configured with.")
        return metadata

    @cached_property
    def secret(self) -> str:
        """The secret a provider gave this client, or nothing; the demo's provider wants one and takes any."""
        path = self._settings.keys / CLIENT_SECRET_FILE
        if path.exists():
            return path.read_text().strip()
        return "demo" if self._settings.mode == "demo" else ""

    @property
    def _client_secret(self) -> httpx.BasicAuth | None:
        if not self.secret:
            return None
        return httpx.BasicAuth(quote(self._settings.oidc_client_id, safe=""), quote(self.secret, safe=""))

    def _call(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        address, headers = self.reachable(url)
        try:
            answer = httpx.request(method, address, headers=headers, timeout=_TIMEOUT_SECONDS, **options)
        except httpx.HTTPError as error:
            raise Unavailable("The sign-in provider does not answer.", "Try again in a minute.") from error
        if answer.is_client_error:
            raise SignInRefused("The sign-in provider did not accept this sign-in.", "Start again from the portal.")
        try:
            fields = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("The sign-in provider's answer can not be read.", "Try again in a minute.") from error
        return fields if isinstance(fields, dict) else {}

    def reachable(self, url: str) -> tuple[str, dict[str, str]]:
        """Return where to call, and the host to ask for: servers may reach the issuer at another address."""
        backchannel, issuer = self._settings.oidc_backchannel.rstrip("/"), self._settings.oidc_issuer.rstrip("/")
        if backchannel and (url == issuer or url.startswith(f"{issuer}/")):
            return backchannel + url.removeprefix(issuer), {"Host": urlsplit(issuer).netloc}
        return url, {}
