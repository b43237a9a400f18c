"""The portal's pages are tested over a fresh database, through the forms and links that are on them."""

from tests.support.portal import anybody, app, database, house, made, people, provider, settings, sits

__all__ = ["anybody", "app", "database", "house", "made", "people", "provider", "settings", "sits"]
