"""The directory: finding a colleague to put into a team, by name, user name or organisation."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.people.directory import SHORTEST_SEARCH, find_people
from core.web.visit import SignedIn

router = APIRouter()


@router.get("/directory")
def directory(visit: SignedIn, words: str = "") -> Response:
    """Show who is found by these words; to a script of ours, as choices for a box that asks for a user name."""
    found = find_people(visit.database, words[:200])
    page = "choices" if visit.request.headers.get("hx-request") == "true" else "page"
    return visit.show(f"portal/directory/{page}.html", found=found, words=words, shortest=SHORTEST_SEARCH)
