"""Compose the portal: every room's pages in one shell, behind one sign-in."""


import uvicorn
from fastapi import FastAPI

from core.database import Database
from core.secrets import ensure_secret
from core.settings import Settings
from core.web import errors
from core.web.headers import SecurityHeaders
from core.web.oidc import OidcClient
from core.web.site import Site, template_environment
from portal import home, sign_in
from portal.assets import HERE, Assets
from portal.navigation import navigation


def make_app(database: Database, settings: Settings) -> FastAPI:
    """Make the portal of an installation; raises Refused where its sign-in provider is for a demo only."""
    assets = Assets()
    templates = template_environment({"portal": HERE / "templates"}, assets.address)
    app = FastAPI(title="Myelin", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = Site(database, settings, templates, navigation, ensure_secret(settings, "portal"))
    app.state.oidc = OidcClient(settings)
    app.add_middleware(SecurityHeaders, settings=settings)
    errors.install(app)
    for router in (assets.router(), sign_in.router, home.router):
        app.include_router(router)
    return app


def serve(database: Database, settings: Settings) -> None:
    """Serve the portal until told to stop."""
    uvicorn.run(make_app(database, settings), host=settings.host, port=settings.portal_port, server_header=False)
