"""Attacks on the portal from the browser's side."""

from tests.support.portal import anybody, app, database_url, house, provider, settings, sits

__all__ = ["anybody", "app", "database_url", "house", "provider", "settings", "sits"]
