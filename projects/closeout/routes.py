"""Pages of close-out: what closing would take away and leave, and the proof to download."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.web.visit import SignedIn
from projects.closeout.pages import close_from_page, close_page, proof_for

router = APIRouter()


@router.get("/projects/{project_id}/close")
def before_closing(visit: SignedIn, project_id: str) -> Response:
    """Say what closing a project deletes and what stays, and ask for its id."""
    page = close_page(visit.database, visit.settings, visit.person, project_id)
    return visit.show("projects/closeout/close.html", page=page)


@router.post("/projects/{project_id}/close")
def close(visit: SignedIn, project_id: str) -> Response:
    """Close a project, as it was when it was looked at; what is left to do the worker does."""
    typed, version = visit.form.get("project", ""), visit.form.get("version", "")
    project = close_from_page(visit.database, visit.person, project_id, typed, version)
    return visit.go(f"/projects/{project.id}", "The project is closed. Archive, deletion and proof follow.")


@router.get("/projects/{project_id}/deletion-proof.txt")
def proof(visit: SignedIn, project_id: str) -> Response:
    """Give the signed deletion proof of a closed project."""
    content = proof_for(visit.database, visit.settings, visit.person, project_id)
    headers = {"Content-Disposition": f'attachment; filename="{project_id}-deletion-proof.txt"'}
    return Response(content, media_type="text/plain; charset=utf-8", headers=headers)
