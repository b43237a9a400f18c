"""The hub's own few pages: the portal is where people work, this is where servers are stopped and refusals are read."""

from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from core.database import Database
from core.errors import Unavailable
from core.settings import Settings
from data_catalog.service import any_synthetic


class PageError(HTTPError):
    """An error whose message JupyterHub shows on its page, and gives to a caller of its API."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.jupyterhub_message = message


def configure(c: Any, settings: Settings, database: Database) -> None:
    """Have the hub send people to the portal, and offer no server but those of projects."""
    c.JupyterHub.template_paths = [str(Path(__file__).parent / "templates")]
    c.JupyterHub.template_vars = {
        "portal_url": settings.portal_url,
        "holds_synthetic": lambda _user: _holds_synthetic(database),
    }
    c.JupyterHub.default_url = settings.portal_url
    c.JupyterHub.redirect_to_server = False


def _holds_synthetic(database: Database) -> bool:
    try:
        return any_synthetic(database)
    except Unavailable:  # the page that says so must still be shown
        return False
