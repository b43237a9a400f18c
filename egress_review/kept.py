"""What output checking keeps of a project that is over: what was released, and everything that was ever held."""

from core.database import Database
from core.settings import Settings
from egress_review import records
from egress_review.errors import HeldFileChanged
from egress_review.models import RequestFile, State
from egress_review.store import ContentStore
from egress_review.tables import release_request
from projects.closeout.models import ReleasedOutput
from projects.closeout.service import KeptOutputs


def kept_outputs(database: Database, settings: Settings, project_id: str) -> KeptOutputs:
    """Return each released file, its bytes hashed anew, and how much is held for review; never a name or a text."""
    with database.read() as connection:
        requests = records.find_requests(connection, release_request.c.project_id == project_id)
        held = {
            file.sha256: file.bytes
            for request in requests
            for row in records.rounds_of(connection, request.id)
            for file in records.files_of(connection, request.id, row.round)
        }
    store = ContentStore(settings.released)
    released = tuple(
        _released(store, request.id, file)
        for request in requests
        if request.state is State.RELEASED
        for file in request.files
    )
    return KeptOutputs(released, len(held), sum(held.values()))


def _released(store: ContentStore, request_id: str, file: RequestFile) -> ReleasedOutput:
    try:
        store.get(file.sha256)
    except HeldFileChanged:
        verified = False
    else:
        verified = True
    return ReleasedOutput(request=request_id, file=file.number, sha256=file.sha256, bytes=file.bytes, verified=verified)
