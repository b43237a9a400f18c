"""Applications as they are kept: rows in, values out."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select, update

from core.database import Transaction
from core.errors import NotFound
from projects.applications import tables
from projects.applications.approved import approved_file
from projects.applications.models import (
    Answer,
    Application,
    ApplicationFile,
    ApplicationKey,
    ApplicationState,
    Exemption,
    ExemptionWord,
    Submission,
)
from projects.applications.policy import ApplicationAction
from projects.records import find_project
from projects.resource_rules.models import RuleId, Verdict, Weight


def find_application(connection: Connection, project_id: str, number: int = 0) -> Application:
    """Return an application as it stands in this transaction; raises NotFound."""
    this = (tables.application.c.project_id == project_id, tables.application.c.number == number)
    row = connection.execute(select(tables.application).where(*this)).mappings().first()
    if row is None:
        raise not_found(project_id)
    answers = [
        Answer(**_without_key(answer)) for answer in _rows(connection, tables.draft_answer, project_id, number, "field")
    ]
    amended = find_project(connection, project_id) if number else None
    return Application(
        **{
            **row,
            "state": ApplicationState(row["state"]),
            "answers": {answer.field: answer for answer in answers},
            "submissions": tuple(
                _submission(one) for one in _rows(connection, tables.submission, project_id, number, "round")
            ),
            "exemptions": _exemptions(connection, project_id, number),
            "before": approved_file(connection, amended, number, row["created_at"]) if amended else None,
            "members": amended.memberships if amended else (),
        }
    )


def all_applications(connection: Connection) -> list[Application]:
    """Return every application, the one longest in its state first."""
    key = (tables.application.c.project_id, tables.application.c.number)
    keys = connection.execute(select(*key).order_by(tables.application.c.state_since, *key)).all()
    return [find_application(connection, project_id, number) for project_id, number in keys]


def applications_of(connection: Connection, project_id: str) -> list[Application]:
    """Return every application of a project, the one that began it first."""
    numbers = select(tables.application.c.number).where(tables.application.c.project_id == project_id)
    found = connection.execute(numbers.order_by(tables.application.c.number)).scalars().all()
    return [find_application(connection, project_id, number) for number in found]


def approved_application(connection: Connection, project_id: str) -> Application:
    """Return the newest approved application of a project, under which it runs; raises NotFound."""
    of = tables.application.c
    approved = (of.project_id == project_id, of.state == ApplicationState.APPROVED)
    number = connection.execute(select(func.max(of.number)).where(*approved)).scalar()
    return find_application(connection, project_id, number or 0)


def key_of(name: str) -> ApplicationKey:
    """Return which application a name is of; raises NotFound where it can be none's."""
    key = ApplicationKey.parse(name)
    if key is None:
        raise not_found(name)
    return key


def change_state(
    tx: Transaction, application: Application, action: ApplicationAction, to: ApplicationState, **detail: Any
) -> None:
    """Move an application to a state with its audit row; `detail` are further facts."""
    this = (
        tables.application.c.project_id == application.project_id,
        tables.application.c.number == application.number,
    )
    tx.execute(update(tables.application).where(*this).values(state=to, state_since=tx.now))
    facts = {"from": application.state, "to": to, **detail}
    tx.record(f"projects:application:{action}", f"application:{application.id}", facts)


def not_found(project_id: str) -> NotFound:
    """Return the one answer for an application that is not there and one of others."""
    return NotFound(f"There is no application {project_id} here for you.", "Yours are on the applications page.")


def verdicts_to_text(verdicts: tuple[Verdict, ...]) -> str:
    """Write verdicts as they are kept."""
    return json.dumps([verdict.__dict__ for verdict in verdicts], sort_keys=True, ensure_ascii=False)


def _exemptions(connection: Connection, project_id: str, number: int) -> tuple[Exemption, ...]:
    words: dict[str, list[ExemptionWord]] = {}
    for row in _rows(connection, tables.exemption_word, project_id, number, "said_at"):
        said = ExemptionWord(row["username"], row["granted"], row["reason"], row["said_at"])
        words.setdefault(row["rule"], []).append(said)
    return tuple(
        Exemption(
            RuleId(row["rule"]), row["reason"], row["asked_by"], row["asked_at"], tuple(words.get(row["rule"], ()))
        )
        for row in _rows(connection, tables.exemption_request, project_id, number, "asked_at")
    )


def _submission(row: Mapping[str, Any]) -> Submission:
    at: datetime = row["submitted_at"]
    return Submission(
        number=row["round"],
        file=ApplicationFile.model_validate_json(row["content"]),
        sha256=row["sha256"],
        rules_sha256=row["rules_sha256"],
        verdicts=tuple(_verdict(one) for one in json.loads(row["verdicts"])),
        submitted_by=row["submitted_by"],
        submitted_at=at,
    )


def _verdict(fields: Mapping[str, Any]) -> Verdict:
    return Verdict(**{**fields, "rule": RuleId(fields["rule"]), "weight": Weight(fields["weight"])})


def _rows(connection: Connection, table: Table, project_id: str, number: int, order: str) -> list[dict[str, Any]]:
    this = (table.c.project_id == project_id, table.c.number == number)
    return [dict(row) for row in connection.execute(select(table).where(*this).order_by(table.c[order])).mappings()]


def _without_key(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("project_id", "number")}
