"""The API is tested over the same house as the portal's pages."""

from tests.support.api import program
from tests.support.portal import anybody, app, database, house, made, people, provider, settings, sits

__all__ = ["anybody", "app", "database", "house", "made", "people", "program", "provider", "settings", "sits"]
