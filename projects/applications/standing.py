"""What is on record beside what an application says: exemptions, contracts, and where its people work."""

from datetime import datetime

from sqlalchemy import Connection

from projects.applications.checking import Standing
from projects.applications.models import Application


def standing_of(connection: Connection, application: Application, at: datetime) -> Standing:
    """Return what is known of an application beside what it says, as things stand in this transaction."""
    return Standing(at=at, is_amendment=application.number > 0, exempt=application.exempt)
