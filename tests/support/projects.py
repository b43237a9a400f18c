"""A project without its story, for the tests of what runs, not of how it came to be: straight into the database."""

from datetime import date

from sqlalchemy import insert, update

from core.database import Transaction
from projects import tables
from projects.applications.models import ApplicationState
from projects.applications.tables import application, submission


def insert_project(
    tx: Transaction, project_id: str, applicant: str, approver: str, starts: date, ends: date, **more: object
) -> None:
    """Insert an approved project and the application its guards ask for, in the order they let it happen."""
    this = (application.c.project_id == project_id, application.c.number == 0)
    key = {"project_id": project_id, "number": 0}
    begun = {"state": ApplicationState.DRAFT, "state_since": tx.now, "created_by": applicant, "created_at": tx.now}
    tx.execute(insert(application).values(**key, resource="open", **begun))
    words = {"content": "{}", "sha256": "0" * 64, "rules_sha256": "", "verdicts": "[]"}
    tx.execute(insert(submission).values(**key, round=1, **words, submitted_by=applicant, submitted_at=tx.now))
    tx.execute(update(application).where(*this).values(state=ApplicationState.SUBMITTED, state_since=tx.now))
    approved = {"state": "approved", "approved_by": approver, "approved_at": tx.now}
    made = {"created_by": applicant, "created_at": tx.now, "starts": starts, "ends": ends, **approved}
    tx.execute(insert(tables.project).values(id=project_id, title=project_id, purpose="P", **made, **more))
    tx.execute(update(application).where(*this).values(state=ApplicationState.APPROVED, state_since=tx.now))
