"""Projects as they are kept: rows in, values out."""

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from core.database import Transaction
from core.errors import NotFound
from projects import tables
from projects.committee.tables import vote as dac_vote
from projects.models import (
    Amendment,
    AmendmentState,
    ApprovedTable,
    Cut,
    Fee,
    Membership,
    Project,
    ProjectInUse,
    ProjectState,
    TeamRole,
)
from projects.policy import Action


def find_project(connection: Connection, project_id: str) -> Project:
    """Return a project as it stands in this transaction; raises NotFound."""
    in_use = _in_use(connection, project_id)
    asked = _asked(connection, project_id)
    amendments = tuple(
        Amendment(**{**one, "state": AmendmentState(one["state"])}, tables=asked.get(one["number"], ()))
        for one in _rows(connection, tables.amendment, project_id, "number")
    )
    voters = frozenset(row["username"] for row in _rows(connection, dac_vote, project_id, "voted_at"))
    return Project(**in_use, first_tables=asked.get(0, ()), amendments=amendments, voters=voters)


def find_project_in_use(connection: Connection, project_id: str) -> ProjectInUse:
    """Return what deciding on the use of a project needs of it, in three statements; raises NotFound."""
    return ProjectInUse(**_in_use(connection, project_id))


def _in_use(connection: Connection, project_id: str) -> dict[str, Any]:
    row = connection.execute(select(tables.project).where(tables.project.c.id == project_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no project {project_id}.", "`myelin project list` shows those there are.")
    return {
        **row,
        "state": ProjectState(row["state"]),
        "fee": Fee(row["fee"]),
        "subnet": IPv4Network(row["subnet"]) if row["subnet"] else None,
        "memberships": tuple(
            Membership(**{**member, "role": TeamRole(member["role"])})
            for member in _rows(connection, tables.membership, project_id, "joined_at", "username")
        ),
        "cuts": tuple(Cut(**cut) for cut in _rows(connection, tables.cut, project_id, "number")),
    }


def _asked(connection: Connection, project_id: str) -> dict[int, tuple[ApprovedTable, ...]]:
    """Return what was ever asked of the data, by the number of the amendment; 0 is what the project began with."""
    variables: dict[tuple[int, str, str], dict[str, str]] = {}
    for row in _rows(connection, tables.approved_variable, project_id, "variable"):
        variables.setdefault(_table_key(row), {})[row["variable"]] = row["generalisation"]
    asked: dict[int, tuple[ApprovedTable, ...]] = {}
    for row in _rows(connection, tables.approved_table, project_id, "dataset_id", "table_id"):
        table = _approved_table(row, variables[_table_key(row)])
        asked[row["amendment"]] = (*asked.get(row["amendment"], ()), table)
    return asked


def _table_key(row: Mapping[str, Any]) -> tuple[int, str, str]:
    return row["amendment"], row["dataset_id"], row["table_id"]


def _approved_table(row: Mapping[str, Any], variables: Mapping[str, str]) -> ApprovedTable:
    return ApprovedTable(
        dataset_id=row["dataset_id"],
        edition=row["edition"],
        table_id=row["table_id"],
        row_filter=row["row_filter"],
        cohort=row["cohort"],
        scans=json.loads(row["scans"]) if row["scans"] else None,
        variables=tuple(variables),
        generalise={name: json.loads(rule) for name, rule in variables.items() if rule},
    )


def _rows(connection: Connection, table: Table, project_id: str, *order: str) -> list[dict[str, Any]]:
    statement = select(table).where(table.c.project_id == project_id).order_by(*(table.c[name] for name in order))
    return [dict(row) for row in connection.execute(statement).mappings()]


def insert_member(tx: Transaction, project_id: str, username: str, role: TeamRole) -> None:
    """Take somebody into a team; the caller records it."""
    key = {"project_id": project_id, "username": username, "joined_at": tx.now}
    tx.execute(insert(tables.membership).values(**key, role=role))


def end_membership(tx: Transaction, project_id: str, username: str) -> None:
    """Take somebody out of a team; the caller records it."""
    of = tables.membership.c
    now_in = (of.project_id == project_id, of.username == username, of.left_at.is_(None))
    tx.execute(update(tables.membership).where(*now_in).values(left_at=tx.now))


def change_state(tx: Transaction, project: Project, action: Action, to: ProjectState, **detail: Any) -> None:
    """Move a project to a state with its audit row; `detail` are further facts."""
    tx.execute(update(tables.project).where(tables.project.c.id == project.id).values(state=to))
    facts = {"from": project.state, "to": to, **detail}
    tx.record(f"projects:project:{action}", f"project:{project.id}", facts)
