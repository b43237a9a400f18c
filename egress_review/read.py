"""Who looks at requests, and at what. Nothing here changes one; a look at held content is an event in the log."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.database import Database
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from egress_review import permissions, records
from egress_review.errors import no_such_request
from egress_review.models import HELD_FOR_REVIEW, Part, ReleaseRequest, State
from egress_review.policy import check_download, check_look, part_of
from egress_review.store import ContentStore
from egress_review.tables import release_request
from egress_review.views import (
    InsideRequest,
    OutsideRequest,
    QueueItem,
    RequestReader,
    ReviewPage,
    outside_request,
    queue_item,
)
from projects.models import Access
from projects.records import find_project


@dataclass(frozen=True)
class FileContent:
    """A file's name, hash and bytes."""

    name: str
    sha256: str
    content: bytes


@dataclass(frozen=True)
class Released:
    """What left a project, in numbers everybody may know: files, and the day of the last."""

    files: int
    last: date | None


@dataclass(frozen=True)
class ReleasedRequest:
    """A release request that was released: when, and of how many files."""

    id: str
    day: date
    files: int


def released_of(database: Database) -> dict[str, Released]:
    """Return what left each project that anything left; of what is in it nothing."""
    found: dict[str, Released] = {}
    with database.read() as connection:
        for request in records.find_requests(connection, release_request.c.state == State.RELEASED):
            so_far = found.get(request.project_id, Released(0, None))
            day = records.released_at(connection, request.id).date()
            last = max(day, so_far.last) if so_far.last else day
            found[request.project_id] = Released(so_far.files + len(request.files), last)
    return found


def released_requests(database: Database, project_id: str) -> tuple[ReleasedRequest, ...]:
    """Return the released requests of a project, oldest first: their ids, days and how many files, and no more."""
    mine = (release_request.c.project_id == project_id, release_request.c.state == State.RELEASED)
    with database.read() as connection:
        return tuple(
            ReleasedRequest(one.id, records.released_at(connection, one.id).date(), len(one.files))
            for one in records.find_requests(connection, *mine)
        )


def queue(database: Database, checker: Person) -> tuple[QueueItem, ...]:
    """Return the requests that wait for checkers and that this one may look at, oldest first."""
    check_may(checker, permissions.READ_HELD)
    with database.read() as connection:
        waiting = records.find_requests(connection, release_request.c.state.in_(HELD_FOR_REVIEW))
        mine = [request for request in waiting if part_of(checker, request) is Part.CHECKER]
        return tuple(queue_item(connection, request, checker) for request in mine)


def settled(database: Database, checker: Person, newest: int = 30) -> tuple[ReleaseRequest, ...]:
    """Return the newest requests that need nothing more from checkers, and that this one may look at."""
    check_may(checker, permissions.READ_HELD)
    with database.read() as connection:
        done = records.find_requests(connection, release_request.c.state.not_in({*HELD_FOR_REVIEW, State.DRAFT}))
    mine = [request for request in done if part_of(checker, request) is Part.CHECKER]
    return tuple(reversed(mine[-newest:]))


def review_page(database: Database, settings: Settings, checker: Person, request_id: str) -> ReviewPage:
    """Return everything a checker may see of a request, and write down that they looked."""
    check_may(checker, permissions.READ_HELD)
    with database.write(checker) as tx:
        request = records.find_request(tx.connection, request_id)
        check_look(request, checker)
        tx.record("egress_review:request:view", f"request:{request.id}", {"round": request.round})
    with database.read() as connection:
        request = records.find_request(connection, request_id)
        return RequestReader(connection, ContentStore(settings.hold), request).page(checker)


def held_file(
    database: Database, settings: Settings, checker: Person, request_id: str, round_: int, number: int
) -> FileContent:
    """Return one held file for a checker to look at, hashed anew, and write down that they did."""
    check_may(checker, permissions.READ_HELD)
    hold = ContentStore(settings.hold)
    with database.write(checker) as tx:
        request = records.find_request(tx.connection, request_id)
        check_look(request, checker)
        name, sha256 = _find_file(tx.connection, hold, request, round_, number)
        tx.record("egress_review:file:view", f"request:{request.id}", {"round": round_, "file": number})
    return FileContent(name, sha256, hold.get(sha256))


def download(database: Database, settings: Settings, person: Person, request_id: str, number: int) -> FileContent:
    """Return one released file to a member of its team, hashed anew, and write down that they have it."""
    with database.write(person) as tx:
        request = records.find_request(tx.connection, request_id)
        is_member = find_project(tx.connection, request.project_id).is_member(person.username)
        check_download(request, person, is_member=is_member)
        name, sha256 = _find_file(tx.connection, ContentStore(settings.hold), request, request.round, number)
        tx.record("egress_review:file:download", f"request:{request.id}", {"round": request.round, "file": number})
    return FileContent(name, sha256, ContentStore(settings.released).get(sha256))


def requests_of_project(
    database: Database, settings: Settings, person: Person, project_id: str
) -> tuple[OutsideRequest, ...]:
    """Return the requests of a project for its team, outside its containers, newest first."""
    with database.read() as connection:
        if not find_project(connection, project_id).is_member(person.username):
            raise no_such_request()
        requests = records.find_requests(connection, release_request.c.project_id == project_id)
    return tuple(outside_request(ContentStore(settings.hold), request) for request in reversed(requests))


def requests_inside(database: Database, settings: Settings, access: Access) -> tuple[InsideRequest, ...]:
    """Return the requests of a project as its containers see them, newest first."""
    store = ContentStore(settings.hold)
    with database.read() as connection:
        requests = records.find_requests(connection, release_request.c.project_id == access.project_id)
        return tuple(RequestReader(connection, store, request).inside() for request in reversed(requests))


def _find_file(
    connection: Connection, hold: ContentStore, request: ReleaseRequest, round_: int, number: int
) -> tuple[str, str]:
    """Return the name and hash of one file of one round; raises NotFound."""
    file = next((file for file in records.files_of(connection, request.id, round_) if file.number == number), None)
    if file is None:
        raise no_such_request()
    row = next(row for row in records.rounds_of(connection, request.id) if row.round == round_)
    name: str = hold.get_note(row.text_ref)["files"][number - 1]["name"]
    return name, file.sha256
