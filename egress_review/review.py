"""What checkers do: review file by file, comment, and decide once two of them have spoken."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from core.database import Database, Transaction
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from egress_review import mails, permissions, records
from egress_review.models import Action, Audience, ReleaseRequest, State, Verdicts
from egress_review.policy import check_act, check_comment, check_remark, check_verdicts, check_version
from egress_review.records import CommentRow
from egress_review.store import ContentStore


@dataclass(frozen=True)
class NewComment:
    """A comment to be made: on one file, or on the whole round (`file_number` None)."""

    text: str
    audience: Audience = Audience.TEAM
    file_number: int | None = None

    def __post_init__(self) -> None:
        check_comment(self.text)


def review(
    database: Database,
    settings: Settings,
    checker: Person,
    request_id: str,
    version: str,
    verdicts: Verdicts,
    comments: Sequence[NewComment] = (),
) -> ReleaseRequest:
    """Say approve, change or reject of every file; nobody else sees it before a second checker has spoken too."""
    check_may(checker, permissions.REVIEW)
    with database.write(checker) as tx:
        request, state = _act(tx, checker, request_id, version, Action.REVIEW)
        check_verdicts(request, verdicts)
        records.insert_votes(tx, request, checker.username, verdicts)
        _write_comments(tx, settings, checker, request, comments)
        return _move(tx, request, Action.REVIEW, state)


def comment(
    database: Database, settings: Settings, checker: Person, request_id: str, version: str, new: NewComment
) -> None:
    """Write a comment on a request that waits for its checkers."""
    check_may(checker, permissions.REVIEW)
    with database.write(checker) as tx:
        request = records.find_request(tx.connection, request_id)
        check_remark(request, checker, new.file_number)
        check_version(request, version)
        _write_comments(tx, settings, checker, request, [new])
        tx.record("egress_review:request:comment", f"request:{request.id}", {"round": request.round})


def approve(database: Database, settings: Settings, checker: Person, request_id: str, version: str) -> ReleaseRequest:
    """Approve a request whose every file two checkers approved."""
    return _decide(database, settings, checker, request_id, version, Action.APPROVE, ())


def return_to_team(
    database: Database, settings: Settings, checker: Person, request_id: str, version: str, reason: str
) -> ReleaseRequest:
    """Send a request back for a new round; the reason is for the team."""
    return _decide(database, settings, checker, request_id, version, Action.RETURN, [NewComment(reason)])


def reject(
    database: Database, settings: Settings, checker: Person, request_id: str, version: str, reason: str
) -> ReleaseRequest:
    """Refuse a request for good; the reason is for the team."""
    return _decide(database, settings, checker, request_id, version, Action.REJECT, [NewComment(reason)])


def _decide(
    database: Database,
    settings: Settings,
    checker: Person,
    request_id: str,
    version: str,
    action: Action,
    comments: Sequence[NewComment],
) -> ReleaseRequest:
    check_may(checker, permissions.DECIDE)
    with database.write(checker) as tx:
        request, state = _act(tx, checker, request_id, version, action)
        _write_comments(tx, settings, checker, request, comments)
        records.insert_decision(tx, request, action)
        return _move(tx, request, action, state)


def _act(
    tx: Transaction, checker: Person, request_id: str, version: str, action: Action
) -> tuple[ReleaseRequest, State]:
    request = records.find_request(tx.connection, request_id)
    state = check_act(request, checker, action)
    check_version(request, version)
    return request, state


def _move(tx: Transaction, request: ReleaseRequest, action: Action, state: State) -> ReleaseRequest:
    records.move(tx, request.id, state, request.round)
    seen = {"round": request.round, "state": state, "version": request.version}
    tx.record(f"egress_review:request:{action}", f"request:{request.id}", seen)
    moved = records.find_request(tx.connection, request.id)
    mails.tell(tx, moved)
    return moved


def _write_comments(
    tx: Transaction, settings: Settings, checker: Person, request: ReleaseRequest, comments: Sequence[NewComment]
) -> None:
    """Hold the words of comments, then write down that they were made."""
    for new in comments:
        check_remark(request, checker, new.file_number)
    store = ContentStore(settings.hold)
    rows = [
        CommentRow(
            id=secrets.token_hex(8),
            round=request.round,
            file_number=new.file_number,
            author=checker.username,
            audience=new.audience,
            at=tx.now,
            text_ref=store.put_note({"text": new.text}),
        )
        for new in comments
    ]
    records.insert_comments(tx, request.id, rows)
