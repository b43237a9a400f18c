"""Compose the portal: every room's pages in one shell, behind one sign-in."""

from functools import partial

from fastapi import FastAPI

from core.database import Database
from core.secrets import ensure_secret
from core.settings import Settings
from core.web import errors
from core.web.headers import SecurityHeaders
from core.web.oidc import OidcClient
from core.web.site import Site, template_environment
from data_catalog import routes as data_catalog
from data_catalog.service import any_synthetic
from egress_review import routes as egress_review
from portal import home, me, operations, people, publications, register, sign_in, tokens
from portal.api import page as api_page
from portal.api.app import PREFIX, make_api
from portal.assets import HERE, Assets
from portal.navigation import navigation
from projects import routes as projects
from projects.agreements import routes as agreements
from projects.applications import routes as applications
from projects.closeout import routes as closeout
from projects.committee import routes as committee
from projects.resource_rules import routes as rules

ROOMS = ("data_catalog", "projects", "egress_review", "portal")


def make_app(database: Database, settings: Settings) -> FastAPI:
    """Make the portal of an installation; raises Refused where its sign-in provider is for a demo only."""
    assets = Assets()
    templates = template_environment({room: HERE.parent / room / "templates" for room in ROOMS}, assets.address)
    app = FastAPI(title="Myelin", docs_url=None, redoc_url=None, openapi_url=None)
    key, synthetic = ensure_secret(settings, "portal"), partial(any_synthetic, database)
    app.state.site = Site(database, settings, templates, navigation, key, synthetic)
    app.state.oidc = OidcClient(settings)
    errors.install(app)
    app.add_middleware(SecurityHeaders, settings=settings)
    rooms = (
        data_catalog.router,
        projects.router,
        applications.router,
        committee.router,
        agreements.router,
        rules.router,
        closeout.router,
        egress_review.team,
        egress_review.checkers,
    )
    own = (home.router, me.router, operations.router, people.router, publications.router, register.router)
    for_programs = (tokens.router, api_page.router)
    for router in (assets.router(), sign_in.router, *own, *for_programs, *rooms):
        app.include_router(router)
    app.state.api = make_api(app.state.site)
    app.mount(PREFIX, app.state.api)
    return app
