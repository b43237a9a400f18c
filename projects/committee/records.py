"""The committee's words as they are kept: rows in, values out."""

from typing import Any

from sqlalchemy import Connection, Table, select

from projects.applications.models import Application, ApplicationState
from projects.committee import tables
from projects.committee.models import BodyDecision, Deliberation, Interest, Round, Vote, Word


def current_round(application: Application) -> Round:
    """Return the round an application is in, or was in last; round 0 before anything was submitted."""
    is_appeal = application.state in (ApplicationState.APPEALED, ApplicationState.UPHELD)
    return Round(len(application.submissions), is_appeal)


def deliberation_on(connection: Connection, application: Application, round_: Round | None = None) -> Deliberation:
    """Return where the committee stands with an application, in its current round or another."""
    this = round_ or current_round(application)
    votes = _votes(connection, application, this)
    earlier = _votes(connection, application, Round(this.submission, False)) if this.is_appeal else ()
    decisions = _rows(connection, tables.body_decision, application, this, "decided_at")
    return Deliberation(
        round=this,
        interests=_interests(connection, application),
        votes=votes,
        decisions=tuple(
            BodyDecision(row["body"], row["approved"], row["decided_at"], row["lapsed"]) for row in decisions
        ),
        return_note=_reason(connection, tables.return_note, application, this),
        appeal=_reason(connection, tables.appeal, application, this),
        earlier_voters=frozenset(vote.username for vote in earlier),
    )


def seats_of(connection: Connection, resource: str, body: str) -> frozenset[str]:
    """Return who sits on a body now."""
    columns = tables.seat.c
    now = (columns.resource == resource, columns.body == body, columns.ended_at.is_(None))
    return frozenset(connection.execute(select(columns.username).where(*now)).scalars())


def _votes(connection: Connection, application: Application, round_: Round) -> tuple[Vote, ...]:
    declined: dict[tuple[str, str], dict[str, str]] = {}
    for row in _rows(connection, tables.declined_variable, application, round_, "variable"):
        declined.setdefault((row["body"], row["username"]), {})[row["variable"]] = row["reason"]
    return tuple(
        Vote(
            body=row["body"],
            username=row["username"],
            word=Word(row["word"]),
            reason=row["reason"],
            conditions=row["conditions"],
            voted_at=row["voted_at"],
            declined=declined.get((row["body"], row["username"]), {}),
        )
        for row in _rows(connection, tables.vote, application, round_, "voted_at")
    )


def _interests(connection: Connection, application: Application) -> dict[str, Interest]:
    columns = tables.interest.c
    this = (columns.project_id == application.project_id, columns.number == application.number)
    rows = connection.execute(select(tables.interest).where(*this).order_by(columns.declared_at)).mappings()
    return {
        row["username"]: Interest(row["username"], row["conflict"], row["words"], row["declared_at"])
        for row in rows.all()
    }


def _reason(connection: Connection, table: Table, application: Application, round_: Round) -> str:
    columns = table.c
    this = (columns.project_id == application.project_id, columns.number == application.number)
    found = connection.execute(select(columns.reason).where(*this, columns.round == round_.submission)).scalar()
    return str(found or "")


def _rows(
    connection: Connection, table: Table, application: Application, round_: Round, order: str
) -> list[dict[str, Any]]:
    columns = table.c
    this = (columns.project_id == application.project_id, columns.number == application.number)
    in_round = (columns.round == round_.submission, columns.is_appeal == round_.is_appeal)
    rows = connection.execute(select(table).where(*this, *in_round).order_by(columns[order])).mappings()
    return [dict(row) for row in rows]
