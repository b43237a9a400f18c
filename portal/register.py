"""The public register, a page and JSON: which projects use the data, whose they are, and what left.

People whose data are used have a right to see this. It names organisations and no people, says what data a project
may see and no condition on them, of what left how many files and when, and what the team says it published.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from starlette.requests import Request

from core.database import Database
from core.web.visit import PerhapsSignedIn, show
from egress_review.read import Released, released_of
from projects.applications.records import approved_application
from projects.models import Project
from projects.publications.models import Publication
from projects.publications.pages import published_of
from projects.resource_rules.models import OPEN, open_label
from projects.resource_rules.service import all_in_force
from projects.service import all_projects

router = APIRouter()

NOTHING = Released(0, None)


@dataclass(frozen=True)
class RegisteredPublication:
    """What a project published, as everybody may see it."""

    title: str
    kind: str
    link: str
    day: date
    summary: str
    """In plain words; nothing where the team has not written it yet."""


@dataclass(frozen=True)
class RegisteredProject:
    """One project as everybody may see it."""

    id: str
    title: str
    summary: str
    """In plain words; nothing for a project from before there were applications."""
    purposes: tuple[str, ...]
    organisations: tuple[str, ...]
    resource: str
    data: Mapping[str, tuple[str, ...]]
    """Dataset → its tables."""
    variables: int
    starts: date
    ends: date
    state: str
    released: Released
    publications: tuple[RegisteredPublication, ...]
    synthetic: bool
    """Whether it has worked on data that are nobody's."""


def register(database: Database) -> list[RegisteredProject]:
    """Return every project that was ever approved, the newest first."""
    released = released_of(database)
    projects = [project for project in all_projects(database) if project.approved_at]
    projects.sort(key=lambda project: (project.approved_at, project.id), reverse=True)
    return [_entry(database, project, released.get(project.id, NOTHING)) for project in projects]


@router.get("/register")
def page(request: Request, visit: PerhapsSignedIn) -> Response:
    """Show the register to whoever asks."""
    site = request.app.state.site
    facts = {"entries": register(site.database), "labels": _labels(site.database), "visit": visit}
    return show(request, site, "portal/register.html", facts)


@router.get("/register.json")
def as_json(request: Request) -> Response:
    """Give the register to machines."""
    entries = [_plain(asdict(entry)) for entry in register(request.app.state.site.database)]
    return JSONResponse({"projects": entries})


def _entry(database: Database, project: Project, released: Released) -> RegisteredProject:
    with database.read() as connection:
        submission = approved_application(connection, project.id).submission
    file = submission.file if submission else None
    data: dict[str, tuple[str, ...]] = {}
    for table in project.tables:
        data[table.dataset_id] = (*data.get(table.dataset_id, ()), table.table_id)
    return RegisteredProject(
        id=project.id,
        title=project.title,
        summary=project.lay_summary,
        purposes=tuple(file.purposes) if file else (),
        organisations=tuple(sorted({member.organisation for member in file.team})) if file else (),
        resource=project.resource,
        data=data,
        variables=sum(len(table.variables) for table in project.tables),
        starts=project.starts,
        ends=project.ends,
        state=project.state,
        released=released,
        publications=tuple(_published(one) for one in published_of(database, project.id)),
        synthetic=project.synthetic,
    )


def _published(one: Publication) -> RegisteredPublication:
    assert one.link
    assert one.published_on
    return RegisteredPublication(one.title, one.kind, one.link, one.published_on, one.lay_summary or "")


def _labels(database: Database) -> dict[str, str]:
    with database.read() as connection:
        labels = {one.rules.resource: one.rules.label for one in all_in_force(connection)}
    return {OPEN: open_label(), **labels}


def _plain(value: Any) -> Any:
    """Return a value with its days as ISO 8601 text, all through."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
