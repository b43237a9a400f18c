"""The page that describes the API to people: how to call it, every operation, and every error."""

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from core.error_kinds import every_error, meaning
from core.tokens.policy import LONGEST_DAYS
from core.web.visit import PerhapsSignedIn, show
from portal.api.app import DOCUMENT, PREFIX
from portal.api.description import by_tag, schemas

router = APIRouter()


@router.get("/api")
def describe(request: Request, visit: PerhapsSignedIn) -> Response:
    """Describe the API to whoever asks."""
    document = request.app.state.api.openapi()
    facts = {
        "visit": visit,
        "prefix": PREFIX,
        "document": f"{PREFIX}{DOCUMENT}",
        "days": LONGEST_DAYS,
        "parts": by_tag(document),
        "kinds": schemas(document),
        "errors": [(kind.__name__, kind.status, meaning(kind)) for kind in every_error()],
    }
    return show(request, request.app.state.site, "portal/api.html", facts)
