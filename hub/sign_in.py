"""Signing in to the hub: the provider says who somebody is, the control database whether they are one of ours.

Nobody is let in by a list in JupyterHub, nobody is its administrator, and whoever's account is closed is asked to sign
in again within seconds, and then refused.
"""

import asyncio
import secrets
from typing import Any, ClassVar

from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import OAuthCallbackHandler

from core.database import Database
from core.errors import MyelinError, NotFound
from core.people.second_factor import SecondFactorMissing
from core.people.service import person_by_username
from core.people.sessions import admit, check_session, end_one_session, newest_session, open_session
from core.settings import Settings
from core.web.oidc import OidcClient
from hub.pages import PageError

RECHECK_SECONDS = 10
"""How long the hub goes on believing that an account is open."""


class CallbackHandler(OAuthCallbackHandler):  # type: ignore[misc]
    """Have one browser of a person signed in to the hub at a time: a sign-in voids the cookie of the one before."""

    async def login_user(self, data: Any = None) -> Any:
        user = await super().login_user(data)
        if user:
            user.orm_user.cookie_id = secrets.token_hex(16)
            self.db.commit()
            self.set_login_cookie(user)
        return user


class PersonAuthenticator(GenericOAuthenticator):  # type: ignore[misc]
    """Map the provider's issuer and subject to a person; the user's name is theirs in the control database."""

    callback_handler = CallbackHandler
    client: ClassVar[OidcClient]
    settings: ClassVar[Settings]
    database: ClassVar[Database]
    token_host: ClassVar[dict[str, str]]

    def build_token_info_request_headers(self) -> dict[str, str]:
        """Ask the provider under the issuer's own name, wherever servers reach it: it signs its tokens by that name."""
        return {**super().build_token_info_request_headers(), **self.token_host}

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """Return who the provider means, as our own user name, with a session opened for them.

        Raises 403 for anybody we do not know, and for whoever lacks the second factor that is asked of them.
        """
        id_token = str(token_info.get("id_token", ""))
        try:
            return {"username": await asyncio.to_thread(self._open_session, id_token)}
        except MyelinError as error:
            raise PageError(403, f"You can not sign in. {error}") from error

    async def check_allowed(self, username: str, auth_model: dict[str, Any] | None) -> bool:
        """Allow exactly those with an open account and a session that stands, now."""
        return await asyncio.to_thread(session_stands, self.database, self.settings, username)

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> bool:
        """Tell JupyterHub whether this session still stands; asked every few seconds."""
        return await asyncio.to_thread(session_stands, self.database, self.settings, user.name)

    def _open_session(self, id_token: str) -> str:
        claims = self.client.verified(id_token, nonce=None)
        used = claims.second_factor
        person = admit(self.database, self.settings, claims.issuer, claims.subject, "hub", second_factor=used)
        last = newest_session(self.database, person, "hub")
        if last is not None and last.ended_at is None:
            end_one_session(self.database, person, last.id)
        open_session(self.database, person, "hub", self.settings.session_hours, second_factor=used)
        return person.username


def session_stands(database: Database, settings: Settings, username: str) -> bool:
    """Tell whether somebody's last session at the hub was not ended, and has the second factor asked of them by now.

    One that ran out stands for what a running server of theirs says to the hub: the browser's cookie ran out with it.
    """
    try:
        person = person_by_username(database, username)
        last = newest_session(database, person, "hub")
        if last is None or last.ended_at is not None:
            return False
        check_session(database, settings, person, last)
    except (NotFound, SecondFactorMissing):
        return False
    return person.active


def configure(c: Any, settings: Settings, database: Database) -> None:
    """Have JupyterHub sign people in this way; raises Refused for the demo's provider outside demo mode."""
    client = OidcClient(settings)
    provider = client.metadata()
    PersonAuthenticator.client = client
    PersonAuthenticator.settings = settings
    PersonAuthenticator.database = database
    c.JupyterHub.authenticator_class = PersonAuthenticator
    c.JupyterHub.cookie_max_age_days = settings.session_hours / 24
    c.PersonAuthenticator.login_service = "your organisation"
    c.PersonAuthenticator.auto_login = True
    c.PersonAuthenticator.scope = ["openid"]
    c.PersonAuthenticator.client_id = settings.oidc_client_id
    c.PersonAuthenticator.client_secret = client.secret
    c.PersonAuthenticator.basic_auth = bool(client.secret)
    c.PersonAuthenticator.authorize_url = provider["authorization_endpoint"]
    c.PersonAuthenticator.token_url, PersonAuthenticator.token_host = client.reachable(provider["token_endpoint"])
    c.PersonAuthenticator.extra_authorize_params = client.asked_of_provider
    c.PersonAuthenticator.oauth_callback_url = f"{settings.hub_url}/hub/oauth_callback"
    c.PersonAuthenticator.logout_redirect_url = settings.portal_url
    c.PersonAuthenticator.any_allow_config = True  # check_allowed is what allows
    c.PersonAuthenticator.auth_refresh_age = RECHECK_SECONDS
    c.PersonAuthenticator.auth_refresh_strict = True
