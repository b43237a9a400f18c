"""What people see of a request, put together from its rows and the words held beside them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.people.models import Person
from egress_review import records
from egress_review.checks.models import Finding, Status
from egress_review.models import Action, Comment, ReleaseRequest, State, Vote
from egress_review.policy import as_seen_by, possible_actions, sees_reviews, team_sees
from egress_review.records import RoundRow
from egress_review.store import ContentStore
from egress_review.tables import release_request


@dataclass(frozen=True)
class QueueItem:
    """One line of a checker's queue; `findings` counts them by status, `actions` is what this checker can do now."""

    request: ReleaseRequest
    findings: Mapping[Status, int]
    actions: frozenset[Action]


@dataclass(frozen=True)
class FileView:
    """One file as a checker sees it, with the votes and comments that are theirs to see."""

    number: int
    sha256: str
    bytes: int
    name: str
    context: str
    code: str
    statbarn: str | None
    findings: tuple[Finding, ...]
    votes: tuple[Vote, ...]
    comments: tuple[Comment, ...]


@dataclass(frozen=True)
class RoundView:
    """One round as a checker sees it; `comments` are those on the whole of it."""

    number: int
    submitted_at: datetime
    cut_sha256: str
    appetite_version: str
    description: str
    files: tuple[FileView, ...]
    comments: tuple[Comment, ...]


@dataclass(frozen=True)
class NamedFile:
    """A file by its name, hash and size."""

    number: int
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Released:
    """A request of the same project that was released."""

    id: str
    released_at: datetime
    description: str
    files: tuple[NamedFile, ...]


@dataclass(frozen=True)
class ReviewPage:
    """Everything a checker needs to judge a request; `version` goes back with what they decide."""

    request: ReleaseRequest
    version: str
    actions: frozenset[Action]
    rounds: tuple[RoundView, ...]
    earlier: tuple[Released, ...]


@dataclass(frozen=True)
class OutsideRequest:
    """What the outside knows of a request: size, time and state, and names only once it is released."""

    id: str
    state: State
    round: int
    author: str
    submitted_at: datetime
    file_count: int
    bytes: int
    files: tuple[NamedFile, ...]


@dataclass(frozen=True)
class InsideRequest:
    """What the team sees of a request in its own containers; comments once it is decided."""

    id: str
    state: State
    round: int
    author: str
    submitted_at: datetime
    description: str
    files: tuple[NamedFile, ...]
    comments: tuple[Comment, ...]


def queue_item(connection: Connection, request: ReleaseRequest, checker: Person) -> QueueItem:
    """Return a request as a line of this checker's queue."""
    findings = records.findings_of(connection, request.id, request.round)
    counts = Counter(found.status for found in findings)
    return QueueItem(as_seen_by(request, checker), counts, possible_actions(request, checker))


def outside_request(store: ContentStore, request: ReleaseRequest) -> OutsideRequest:
    """Return a request as its team sees it outside the containers."""
    return OutsideRequest(
        id=request.id,
        state=request.state,
        round=request.round,
        author=request.author,
        submitted_at=request.submitted_at,
        file_count=len(request.files),
        bytes=request.bytes,
        files=named_files(store, request) if request.state is State.RELEASED else (),
    )


def named_files(store: ContentStore, request: ReleaseRequest) -> tuple[NamedFile, ...]:
    """Return the current round's files with their names."""
    notes = store.get_note(request.text_ref)["files"]
    return tuple(
        NamedFile(file.number, note["name"], file.sha256, file.bytes)
        for file, note in zip(request.files, notes, strict=True)
    )


@dataclass(frozen=True)
class RequestReader:
    """Reads one request with its words, in one transaction."""

    connection: Connection
    store: ContentStore
    request: ReleaseRequest

    def inside(self) -> InsideRequest:
        """Return the request as its team sees it in its containers."""
        return InsideRequest(
            id=self.request.id,
            state=self.request.state,
            round=self.request.round,
            author=self.request.author,
            submitted_at=self.request.submitted_at,
            description=self.store.get_note(self.request.text_ref)["description"],
            files=named_files(self.store, self.request),
            comments=tuple(one for one in self._comments() if team_sees(self.request, one)),
        )

    def page(self, checker: Person) -> ReviewPage:
        """Return everything this checker may see of the request."""
        rounds = records.rounds_of(self.connection, self.request.id)
        return ReviewPage(
            request=as_seen_by(self.request, checker),
            version=self.request.version,
            actions=possible_actions(self.request, checker),
            rounds=tuple(self._round(row, checker) for row in rounds),
            earlier=self._earlier(),
        )

    def _round(self, row: RoundRow, checker: Person) -> RoundView:
        text = self.store.get_note(row.text_ref)
        files = records.files_of(self.connection, self.request.id, row.round)
        findings = self._findings(row.round)
        votes = [
            vote
            for vote in records.votes_of(self.connection, self.request.id, row.round)
            if sees_reviews(self.request, checker.username, vote.checker, row.round)
        ]
        comments = [
            one
            for one in self._comments()
            if one.round == row.round and sees_reviews(self.request, checker.username, one.author, row.round)
        ]
        return RoundView(
            number=row.round,
            submitted_at=row.submitted_at,
            cut_sha256=row.cut_sha256,
            appetite_version=row.appetite_version,
            description=text["description"],
            files=tuple(
                FileView(
                    **file.__dict__,
                    **note,
                    findings=tuple(findings.get(file.number, ())),
                    votes=tuple(vote for vote in votes if vote.file_number == file.number),
                    comments=tuple(one for one in comments if one.file_number == file.number),
                )
                for file, note in zip(files, text["files"], strict=True)
            ),
            comments=tuple(one for one in comments if one.file_number is None),
        )

    def _findings(self, round_: int) -> dict[int, list[Finding]]:
        found: dict[int, list[Finding]] = {}
        words: dict[str, list[dict[str, Any]]] = {}
        for row in records.findings_of(self.connection, self.request.id, round_):
            if row.text_ref not in words:
                words[row.text_ref] = self.store.get_note(row.text_ref)["findings"]
            said = words[row.text_ref][row.number]
            full = Finding(row.check_name, row.risk, row.status, said["message"], tuple(said["details"]))
            found.setdefault(row.file_number, []).append(full)
        return found

    def _comments(self) -> list[Comment]:
        return [
            Comment(
                id=row.id,
                round=row.round,
                file_number=row.file_number,
                author=row.author,
                audience=row.audience,
                at=row.at,
                text=self.store.get_note(row.text_ref)["text"],
            )
            for row in records.comments_of(self.connection, self.request.id)
        ]

    def _earlier(self) -> tuple[Released, ...]:
        same_project = release_request.c.project_id == self.request.project_id
        other = (release_request.c.state == State.RELEASED, release_request.c.id != self.request.id)
        return tuple(
            Released(
                id=one.id,
                released_at=records.released_at(self.connection, one.id),
                description=self.store.get_note(one.text_ref)["description"],
                files=named_files(self.store, one),
            )
            for one in records.find_requests(self.connection, same_project, *other)
        )
