"""The hub's own few pages: the portal is where people work, this is where servers are stopped and refusals are read."""

from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from core.settings import Settings


class PageError(HTTPError):
    """An error whose message JupyterHub shows on its page, and gives to a caller of its API."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.jupyterhub_message = message


def configure(c: Any, settings: Settings) -> None:
    """Have the hub send people to the portal, and offer no server but those of projects."""
    c.JupyterHub.template_paths = [str(Path(__file__).parent / "templates")]
    c.JupyterHub.template_vars = {"portal_url": settings.portal_url}
    c.JupyterHub.default_url = settings.portal_url
    c.JupyterHub.redirect_to_server = False
