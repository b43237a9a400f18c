"""Publications and reports as they are kept: rows in, values out."""

from datetime import date

from sqlalchemy import Connection, insert, select

from core.database import Transaction
from core.errors import NotFound
from projects.closeout.records import closing_of
from projects.models import Project, ProjectState
from projects.publications.models import Obligation, Publication, PublicationKind, PublicationState, Report
from projects.publications.policy import obligations
from projects.publications.tables import publication, report, used_output
from projects.resource_rules.models import AskedOfTeams
from projects.resource_rules.service import rules_by_hash


def publications_of(connection: Connection, project_id: str) -> list[Publication]:
    """Return the publications of a project, in order of number."""
    outputs: dict[int, tuple[str, ...]] = {}
    named = select(used_output).where(used_output.c.project_id == project_id)
    for row in connection.execute(named.order_by(used_output.c.named_at, used_output.c.request_id)):
        outputs[row.number] = (*outputs.get(row.number, ()), row.request_id)
    query = select(publication).where(publication.c.project_id == project_id).order_by(publication.c.number)
    return [
        Publication(
            **{**row, "kind": PublicationKind(row["kind"]), "state": PublicationState(row["state"])},
            outputs=outputs.get(row["number"], ()),
        )
        for row in connection.execute(query).mappings().all()
    ]


def find_publication(connection: Connection, project_id: str, number: int) -> Publication:
    """Return a publication; raises NotFound."""
    found = next((one for one in publications_of(connection, project_id) if one.number == number), None)
    if found is None:
        raise NotFound(f"{project_id} has no publication {number}.", "Its page lists those it has.")
    return found


def reports_of(connection: Connection, project_id: str) -> list[Report]:
    """Return the reports of a project, oldest first."""
    query = select(report).where(report.c.project_id == project_id).order_by(report.c.number)
    return [Report(**row) for row in connection.execute(query).mappings().all()]


def asked_of(connection: Connection, project: Project) -> AskedOfTeams:
    """Return what its resource asks of a project's team; nothing of one from before there were rules."""
    rules = rules_by_hash(connection, project.rules_sha256) if project.rules_sha256 else None
    return rules.teams if rules else AskedOfTeams()


def obligations_of(connection: Connection, project: Project) -> tuple[Obligation, ...]:
    """Return what the team of a project owes its resource, the first day first."""
    said = publications_of(connection, project.id), reports_of(connection, project.id)
    return obligations(project, _over(connection, project), *said, asked_of(connection, project))


def insert_output(tx: Transaction, of: Publication, request_id: str, username: str) -> None:
    """Put on record that a publication uses the outputs of a release request; the caller records it."""
    key = {"project_id": of.project_id, "number": of.number, "request_id": request_id}
    tx.execute(insert(used_output).values(**key, named_by=username, named_at=tx.now))


def _over(connection: Connection, project: Project) -> date:
    closed = project.state is ProjectState.CLOSED
    return min(project.ends, closing_of(connection, project.id).at.date()) if closed else project.ends
