"""Pages of projects: one project, and the variables it was approved for."""

from fastapi import APIRouter
from fastapi.responses import Response

from core.web.visit import SignedIn
from data_catalog.dictionary import search
from data_catalog.synthetic import LABEL
from data_catalog.twin import make_twin
from projects.agreements.pages import agreements_box
from projects.closeout.pages import closeout_page
from projects.models import ProjectState
from projects.pages import project_page, twin_tables

router = APIRouter()


@router.get("/projects/{project_id}")
def project(visit: SignedIn, project_id: str) -> Response:
    """Show a project: its purpose, team, dates and variables, and what this person can do with it."""
    page = project_page(visit.database, visit.person, project_id)
    is_closed = page.project.state is ProjectState.CLOSED
    closeout = closeout_page(visit.database, page.project) if is_closed else None
    box = agreements_box(visit.database, visit.person, page.project)
    return visit.show("projects/project.html", page=page, closeout=closeout, agreements=box)


@router.get("/projects/{project_id}/variables")
def variables(visit: SignedIn, project_id: str, words: str = "") -> Response:
    """Show and search what a project was approved for."""
    page = project_page(visit.database, visit.person, project_id)
    found = search(page.dictionary, words)
    return visit.show("projects/variables.html", page=page, tables=found, words=words)


@router.get("/projects/{project_id}/twin.zip")
def twin(visit: SignedIn, project_id: str) -> Response:
    """Give the synthetic twin of what a project was approved for, to write code against outside."""
    page = project_page(visit.database, visit.person, project_id)
    content = make_twin(twin_tables(visit.database, page.dictionary))
    name = f"{page.project.id}-{LABEL.lower()}-twin.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)
