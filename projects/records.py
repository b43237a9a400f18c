"""Projects as they are kept: rows in, values out."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from sqlalchemy import Connection, Table, select, update

from core.database import Transaction
from core.errors import NotFound
from projects import tables
from projects.models import ApprovedTable, Cut, Membership, Project, ProjectState, TeamRole
from projects.policy import Action


def find_project(connection: Connection, project_id: str) -> Project:
    """Return a project as it stands in this transaction; raises NotFound."""
    row = connection.execute(select(tables.project).where(tables.project.c.id == project_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no project {project_id}.", "`myelin project list` shows those there are.")
    return Project(
        **{
            **row,
            "state": ProjectState(row["state"]),
            "subnet": IPv4Network(row["subnet"]) if row["subnet"] else None,
            "memberships": tuple(
                Membership(**{**member, "role": TeamRole(member["role"])})
                for member in _rows(connection, tables.membership, project_id, "joined_at", "username")
            ),
            "tables": _approved(connection, project_id),
            "cuts": tuple(Cut(**cut) for cut in _rows(connection, tables.cut, project_id, "number")),
        }
    )


def _approved(connection: Connection, project_id: str) -> tuple[ApprovedTable, ...]:
    variables: dict[tuple[str, str], dict[str, str]] = {}
    for row in _rows(connection, tables.approved_variable, project_id, "variable"):
        of_table = variables.setdefault((row["dataset_id"], row["table_id"]), {})
        of_table[row["variable"]] = row["generalisation"]
    return tuple(
        ApprovedTable(
            dataset_id=row["dataset_id"],
            edition=row["edition"],
            table_id=row["table_id"],
            row_filter=row["row_filter"],
            cohort=row["cohort"],
            scans=json.loads(row["scans"]) if row["scans"] else None,
            variables=tuple(variables[row["dataset_id"], row["table_id"]]),
            generalise={
                name: json.loads(rule) for name, rule in variables[row["dataset_id"], row["table_id"]].items() if rule
            },
        )
        for row in _rows(connection, tables.approved_table, project_id, "dataset_id", "table_id")
    )


def _rows(connection: Connection, table: Table, project_id: str, *order: str) -> list[dict[str, Any]]:
    statement = select(table).where(table.c.project_id == project_id).order_by(*(table.c[name] for name in order))
    return [dict(row) for row in connection.execute(statement).mappings()]


def change_state(
    tx: Transaction, project: Project, action: Action, to: ProjectState, *, values: Mapping[str, Any], **detail: Any
) -> None:
    """Move a project to a state with its audit row; `values` are further columns, `detail` further facts."""
    changed = update(tables.project).where(tables.project.c.id == project.id)
    tx.execute(changed.values(state=to, **values))
    facts = {"from": project.state, "to": to, **detail}
    tx.record(f"projects:project:{action}", f"project:{project.id}", facts)
