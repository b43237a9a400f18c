"""What rules ask of somebody through their projects."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from projects import tables
from projects.models import ProjectState
from projects.policy import RUNNING
from projects.resource_rules.models import ResourceRules
from projects.resource_rules.service import rules_by_hash

_ASKING = RUNNING | {ProjectState.APPROVED}


def rules_asking(connection: Connection, username: str) -> Iterator[tuple[ResourceRules, str]]:
    """Yield each project of somebody that runs or is to, by id, with the rules it was approved under before it."""
    joined = tables.project.join(tables.membership, tables.membership.c.project_id == tables.project.c.id)
    mine = (tables.membership.c.username == username, tables.membership.c.left_at.is_(None))
    columns = (tables.project.c.id, tables.project.c.rules_sha256)
    query = select(*columns).select_from(joined).where(*mine, tables.project.c.state.in_(_ASKING))
    for project_id, sha256 in connection.execute(query.order_by(tables.project.c.id)).all():
        if sha256:
            yield rules_by_hash(connection, sha256), project_id
