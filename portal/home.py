"""The first page: what the house is, or, signed in, what is mine to do now."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from starlette.requests import Request

from core.web.headers import HEALTH
from core.web.visit import PerhapsSignedIn, show

router = APIRouter()


@router.get("/")
def home(request: Request, visit: PerhapsSignedIn) -> Response:
    """Show the way in, or what waits for the person signed in."""
    if visit is None:
        return show(request, request.app.state.site, "portal/welcome.html", {})
    return visit.show("portal/home.html")


@router.get(HEALTH)
def health() -> Response:
    """Answer that the portal is up."""
    return PlainTextResponse("ok")
