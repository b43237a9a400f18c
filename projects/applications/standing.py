"""What is on record beside what an application says: exemptions, contracts, and where its people work."""

from datetime import datetime

from sqlalchemy import Connection

from core.people.affiliations import affiliations_of
from projects.agreements.records import all_contracts
from projects.applications.checking import Standing
from projects.applications.models import Application
from projects.records import find_project
from projects.resource_rules.models import Contract


def standing_of(connection: Connection, application: Application, at: datetime) -> Standing:
    """Return what is known of an application beside what it says, as things stand in this transaction."""
    contracts = {
        one.id: Contract(one.id, one.resource, one.starts, one.ends, one.organisation)
        for one in all_contracts(connection)
    }
    amended = find_project(connection, application.project_id) if application.number else None
    known = affiliations_of(connection, application.applicants)
    return Standing(
        at=at,
        before=application.before,
        editions={table.dataset_id: table.edition for table in amended.tables} if amended else {},
        judges=amended.judges if amended else frozenset(),
        recorded_sectors={username: one.sector for username, one in known.items()},
        contracts=contracts,
        exempt=application.exempt,
    )
