"""The way out: copy what two checkers approved to the released files, and say so; `read.download` hands them out."""

from core.database import Database
from core.people.models import Person
from core.permissions import check_may
from core.settings import Settings
from egress_review import mails, permissions, records
from egress_review.errors import HeldFileChanged
from egress_review.models import Action, ReleaseRequest, State
from egress_review.policy import check_act, check_look, check_version
from egress_review.store import ContentStore


def release(database: Database, settings: Settings, checker: Person, request_id: str, version: str) -> ReleaseRequest:
    """Hash every approved file once more, copy it to the released ones, and only then say it is released.

    Safe to call again after any failure; a released request stays as it is. Raises HeldFileChanged, and releases
    nothing, where a held file is not what was submitted.
    """
    check_may(checker, permissions.RELEASE)
    with database.read() as connection:
        request = records.find_request(connection, request_id)
    if request.state is State.RELEASED:
        check_look(request, checker)
        return request
    check_act(request, checker, Action.RELEASE)
    check_version(request, version)
    _copy_files(database, settings, checker, request)
    with database.write(checker) as tx:
        request = records.find_request(tx.connection, request_id)
        state = check_act(request, checker, Action.RELEASE)
        check_version(request, version)
        records.insert_decision(tx, request, Action.RELEASE)
        records.move(tx, request.id, state, request.round)
        seen = {"round": request.round, "state": state, "version": request.version, "files": len(request.files)}
        tx.record("egress_review:request:release", f"request:{request.id}", seen)
        released = records.find_request(tx.connection, request.id)
        mails.tell(tx, released)
        return released


def _copy_files(database: Database, settings: Settings, checker: Person, request: ReleaseRequest) -> None:
    hold, released = ContentStore(settings.hold), ContentStore(settings.released)
    for file in request.files:
        try:
            released.put(hold.get(file.sha256))
        except HeldFileChanged:
            with database.write(checker) as tx:
                broken = {"round": request.round, "file": file.number}
                tx.record("egress_review:release:refuse", f"request:{request.id}", broken)
            raise
