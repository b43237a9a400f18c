"""Signing in to the hub: the provider says who somebody is, the control database whether they are one of ours.

Nobody is let in by a list in JupyterHub, nobody is its administrator, and whoever's account is closed is asked to sign
in again within seconds, and then refused.
"""

import asyncio
from typing import Any, ClassVar

from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import OAuthCallbackHandler

from core.database import Database
from core.errors import MyelinError, NotFound
from core.people.models import Person
from core.people.service import person_by_username
from core.people.sessions import admit
from core.settings import Settings
from core.web.oidc import OidcClient
from hub.pages import PageError

RECHECK_SECONDS = 10
"""How long the hub goes on believing that an account is open."""


class CallbackHandler(OAuthCallbackHandler):  # type: ignore[misc]
    """Record the outcome of a sign-in: the browser gets its session with this answer."""

    async def login_user(self, data: Any = None) -> Any:
        user = await super().login_user(data)
        if user:
            await self.authenticator.record("hub:session:open", user.name)
        return user


class PersonAuthenticator(GenericOAuthenticator):  # type: ignore[misc]
    """Map the provider's issuer and subject to a person; the user's name is theirs in the control database."""

    callback_handler = CallbackHandler
    issuer: ClassVar[str]
    database: ClassVar[Database]

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """Return who the provider means, as our own user name; raises 403 for anybody we do not know."""
        claims = await super().token_to_user(token_info)
        subject = str(claims.get("sub", ""))
        try:
            person = await asyncio.to_thread(admit, self.database, self.issuer, subject, "hub")
        except MyelinError as error:
            raise PageError(403, f"You can not sign in. {error}") from error
        return {"username": person.username}

    async def check_allowed(self, username: str, auth_model: dict[str, Any] | None) -> bool:
        """Allow exactly those with an open account, now."""
        return await asyncio.to_thread(self._is_active, username)

    async def refresh_user(self, user: Any, handler: Any = None, **kwargs: Any) -> bool:
        """Tell JupyterHub whether this session still stands; asked every few seconds."""
        return await asyncio.to_thread(self._is_active, user.name)

    async def record(self, action: str, username: str) -> None:
        """Record a step of signing in under the person's own name."""
        person = await asyncio.to_thread(person_by_username, self.database, username)
        await asyncio.to_thread(_record, self.database, person, action, f"person:{username}")

    def _is_active(self, username: str) -> bool:
        try:
            return person_by_username(self.database, username).active
        except NotFound:
            return False


def _record(database: Database, actor: Person, action: str, subject: str) -> None:
    with database.write(actor) as tx:
        tx.record(action, subject)


def configure(c: Any, settings: Settings, database: Database) -> None:
    """Have JupyterHub sign people in this way; raises Refused for the demo's provider outside demo mode."""
    client = OidcClient(settings)
    provider = client.metadata()
    PersonAuthenticator.issuer = settings.oidc_issuer
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
    c.PersonAuthenticator.token_url = client.reachable(provider["token_endpoint"])[0]
    c.PersonAuthenticator.userdata_url = client.reachable(provider["userinfo_endpoint"])[0]
    c.PersonAuthenticator.oauth_callback_url = f"{settings.hub_url}/hub/oauth_callback"
    c.PersonAuthenticator.logout_redirect_url = settings.portal_url
    c.PersonAuthenticator.any_allow_config = True  # check_allowed is what allows
    c.PersonAuthenticator.auth_refresh_age = RECHECK_SECONDS
    c.PersonAuthenticator.auth_refresh_strict = True
