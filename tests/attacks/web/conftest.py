"""Attacks on the portal from the browser's side."""

from tests.support.portal import anybody, app, database, house, made, people, provider, settings, sits

__all__ = ["anybody", "app", "database", "house", "made", "people", "provider", "settings", "sits"]
