"""Release requests as they are kept: rows in, values out. Texts stay in the hold; here are their hashes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from core.database import Transaction
from core.people.models import Role
from core.people.service import find_person
from egress_review import tables
from egress_review.checks.models import Status
from egress_review.errors import no_such_request
from egress_review.models import (
    HELD_FOR_REVIEW,
    Action,
    Audience,
    ReleaseRequest,
    RequestFile,
    State,
    Verdict,
    Verdicts,
    Vote,
)
from projects.tables import membership

_LABEL = re.compile(r"[a-z][a-z0-9 _-]{0,39}")


@dataclass(frozen=True)
class RoundRow:
    """One round as it was submitted: when, against which cut and thresholds, and where its words are held."""

    round: int
    submitted_at: datetime
    cut_sha256: str
    appetite_version: str
    appetite_sha256: str
    text_ref: str


@dataclass(frozen=True)
class FindingRow:
    """What a check said of a file, without the words: they are entry `number` of the held text.

    Check and risk are names of ours; anything that could be a quotation is refused here.
    """

    file_number: int
    number: int
    check_name: str
    risk: str
    status: Status
    text_ref: str

    def __post_init__(self) -> None:
        if not (_LABEL.fullmatch(self.check_name) and _LABEL.fullmatch(self.risk)):
            raise ValueError("A check and its risk are named by a few plain words of ours.")


@dataclass(frozen=True)
class CommentRow:
    """A comment without its words."""

    id: str
    round: int
    file_number: int | None
    author: str
    audience: Audience
    at: datetime
    text_ref: str


def find_request(connection: Connection, request_id: str) -> ReleaseRequest:
    """Return a request as it stands in this transaction; raises NotFound."""
    found = find_requests(connection, tables.release_request.c.id == request_id)
    if not found:
        raise no_such_request()
    return found[0]


def find_requests(connection: Connection, *conditions: ColumnElement[bool]) -> list[ReleaseRequest]:
    """Return the requests that meet these conditions, oldest first."""
    requests, rounds = tables.release_request, tables.release_round
    current = requests.join(rounds, (rounds.c.request_id == requests.c.id) & (rounds.c.round == requests.c.round))
    columns = (requests, rounds.c.submitted_at, rounds.c.text_ref)
    statement = select(*columns).select_from(current).where(*conditions).order_by(rounds.c.submitted_at, requests.c.id)
    return [_to_request(connection, row._mapping) for row in connection.execute(statement).all()]


def rounds_of(connection: Connection, request_id: str) -> list[RoundRow]:
    """Return every round of a request, in order."""
    table = tables.release_round
    rows = connection.execute(select(table).where(table.c.request_id == request_id).order_by(table.c.round))
    return [RoundRow(**_without(row, "request_id")) for row in rows]


def files_of(connection: Connection, request_id: str, round_: int) -> tuple[RequestFile, ...]:
    """Return the files of one round, in order."""
    rows = _of_round(connection, tables.request_file, request_id, round_, "number")
    return tuple(RequestFile(**_without(row, "request_id", "round")) for row in rows)


def votes_of(connection: Connection, request_id: str, round_: int) -> tuple[Vote, ...]:
    """Return what checkers said of one round, in order of file and time."""
    rows = _of_round(connection, tables.vote, request_id, round_, "file_number", "at", "checker")
    return tuple(Vote(**{**_without(row, "request_id"), "verdict": Verdict(row.verdict)}) for row in rows)


def findings_of(connection: Connection, request_id: str, round_: int) -> list[FindingRow]:
    """Return the findings of one round, in order of file and finding."""
    rows = _of_round(connection, tables.finding, request_id, round_, "file_number", "number")
    return [FindingRow(**_without(row, "request_id", "round")) for row in rows]


def comments_of(connection: Connection, request_id: str) -> list[CommentRow]:
    """Return every comment on a request, oldest first."""
    table = tables.comment
    rows = connection.execute(select(table).where(table.c.request_id == request_id).order_by(table.c.at, table.c.id))
    return [CommentRow(**{**_without(row, "request_id"), "audience": Audience(row.audience)}) for row in rows]


def released_at(connection: Connection, request_id: str) -> datetime:
    """Return when a released request was released."""
    table = tables.decision
    mine = (table.c.request_id == request_id, table.c.action == Action.RELEASE)
    moment: datetime = connection.execute(select(table.c.at).where(*mine)).scalar_one()
    return moment


def held_by_project(connection: Connection, project_id: str, since: datetime) -> tuple[int, int]:
    """Return how many requests of a project wait for its checkers, and the bytes it submitted since a moment."""
    requests, rounds, files = tables.release_request, tables.release_round, tables.request_file
    mine = requests.c.project_id == project_id
    waiting = select(func.count()).where(mine, requests.c.state.in_(HELD_FOR_REVIEW))
    per_file = files.join(rounds, (rounds.c.request_id == files.c.request_id) & (rounds.c.round == files.c.round)).join(
        requests, requests.c.id == files.c.request_id
    )
    size = select(func.coalesce(func.sum(files.c.bytes), 0)).select_from(per_file)
    size = size.where(mine, rounds.c.submitted_at >= since)
    return connection.execute(waiting).scalar_one(), connection.execute(size).scalar_one()


def insert_request(tx: Transaction, request_id: str, project_id: str, author: str) -> None:
    """Begin a request as draft; nobody sees it before its transaction has submitted it."""
    values = {"id": request_id, "project_id": project_id, "author": author}
    started = {"state": State.DRAFT, "round": 1, "created_at": tx.now}
    tx.execute(insert(tables.release_request).values(**values, **started))


def insert_round(
    tx: Transaction,
    request_id: str,
    row: RoundRow,
    files: Sequence[RequestFile],
    findings: Sequence[FindingRow],
) -> None:
    """Write down a round with its files and findings."""
    key = {"request_id": request_id, "round": row.round}
    tx.execute(insert(tables.release_round), [{**row.__dict__, **key}])
    tx.execute(insert(tables.request_file), [{**file.__dict__, **key} for file in files])
    tx.execute(insert(tables.finding), [{**finding.__dict__, **key} for finding in findings])


def insert_votes(tx: Transaction, request: ReleaseRequest, checker: str, verdicts: Verdicts) -> None:
    """Write down one checker's word on every file."""
    key = {"request_id": request.id, "round": request.round, "checker": checker, "at": tx.now}
    votes = [{**key, "file_number": number, "verdict": verdict} for number, verdict in sorted(verdicts.items())]
    tx.execute(insert(tables.vote), votes)


def insert_comments(tx: Transaction, request_id: str, comments: Iterable[CommentRow]) -> None:
    """Write down comments whose words are held."""
    rows = [{**comment.__dict__, "request_id": request_id} for comment in comments]
    if rows:
        tx.execute(insert(tables.comment), rows)


def insert_decision(tx: Transaction, request: ReleaseRequest, action: Action) -> None:
    """Write down who settled a round, and how."""
    key = {"request_id": request.id, "round": request.round, "action": action}
    tx.execute(insert(tables.decision).values(**key, decided_by=tx.actor.audit_name, at=tx.now))


def move(tx: Transaction, request_id: str, state: State, round_: int) -> None:
    """Bring a request into a state; the guards refuse a step that is not in the table."""
    mine = tables.release_request.c.id == request_id
    tx.execute(update(tables.release_request).where(mine).values(state=state, round=round_))


def _to_request(connection: Connection, row: Any) -> ReleaseRequest:
    team = select(membership.c.username).where(membership.c.project_id == row["project_id"])
    votes = votes_of(connection, row["id"], row["round"])
    voters = [find_person(connection, username) for username in sorted({vote.checker for vote in votes})]
    return ReleaseRequest(
        id=row["id"],
        project_id=row["project_id"],
        author=row["author"],
        state=State(row["state"]),
        round=row["round"],
        submitted_at=row["submitted_at"],
        text_ref=row["text_ref"],
        files=files_of(connection, row["id"], row["round"]),
        votes=votes,
        team=frozenset(connection.execute(team).scalars()),
        checkers=frozenset(voter.username for voter in voters if voter.active and Role.CHECKER in voter.roles),
    )


def _of_round(connection: Connection, table: Any, request_id: str, round_: int, *order: str) -> Sequence[Any]:
    mine = (table.c.request_id == request_id, table.c.round == round_)
    return connection.execute(select(table).where(*mine).order_by(*(table.c[name] for name in order))).all()


def _without(row: Any, *names: str) -> dict[str, Any]:
    return {key: value for key, value in row._mapping.items() if key not in names}
