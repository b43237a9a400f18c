"""What people do with the audit log: export it, checkpoint it, verify it."""

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from core.audit import merkle
from core.audit.checkpoint import Checkpoint, open_note, sign
from core.audit.log import Entry, entries, newest_entries
from core.audit.tables import audit_event
from core.audit.verify import Verified, verify
from core.database import Database
from core.errors import IntegrityBroken
from core.files import ensure_folder, write_durably
from core.notes import PUBLIC_KEY, public_pem, read_public_key
from core.people.models import Person
from core.people.permissions import AUDIT_READ
from core.permissions import check_may
from core.secrets import ensure_secret
from core.settings import Settings

ORIGIN = "myelin/audit"


def export(database: Database, actor: Person) -> Iterator[bytes]:
    """Return the log's lines for somebody who may read it."""
    check_may(actor, AUDIT_READ)
    return log_lines(database)


def newest(database: Database, actor: Person, most: int, *, subject: str | None = None) -> list[Entry]:
    """Return the newest entries for somebody who may read the log, newest first, of one subject or of all."""
    check_may(actor, AUDIT_READ)
    with database.read() as connection:
        return newest_entries(connection, most, subject=subject)


def checkpoint(database: Database, settings: Settings, actor: Person) -> Path:
    """Sign the log as it stands for somebody who may read it, and return the checkpoint's file."""
    check_may(actor, AUDIT_READ)
    return write_checkpoint(database, settings)


def log_lines(database: Database) -> Iterator[bytes]:
    """Yield the log, one canonical line an entry, to parts of the system.

    Raises IntegrityBroken where an entry no longer has the hash it was stored with.
    """
    with database.read() as connection:
        for entry, stored in entries(connection):
            if entry.hash != stored:
                raise IntegrityBroken(f"Entry {entry.seq} was changed after it was written.")
            yield entry.to_bytes() + b"\n"


def write_checkpoint(database: Database, settings: Settings) -> Path:
    """Sign the log as it stands into the checkpoints folder and return the file.

    Where nothing was appended since the newest checkpoint, that one is returned and the log is not read.
    """
    folder = ensure_folder(settings.checkpoints, 0o755)
    noted = _notes(folder)
    if noted and int(noted[-1].name.partition("-")[0]) == _size(database):
        return noted[-1]
    leaves = [merkle.leaf_hash(line.rstrip(b"\n")) for line in log_lines(database)]
    now = Checkpoint(ORIGIN, len(leaves), merkle.root(leaves))
    path = folder / f"{now.size:012d}-{now.root.hex()[:12]}.txt"
    key = checkpoint_key(settings)
    write_durably(folder / PUBLIC_KEY, public_pem(key), 0o644)
    write_durably(path, sign(now, key).encode(), 0o644)
    return path


def verify_log(lines: Iterator[bytes], checkpoints: Path, key_file: Path | None = None) -> Verified:
    """Verify exported lines against every checkpoint in a folder.

    The key is the one in `key_file`, kept elsewhere; when left out, the one beside the checkpoints, which proves
    less: whoever can write that folder can put their own key and checkpoints there. Raises IntegrityBroken where the
    log is not what a checkpoint says, and where there is no checkpoint or no key.
    """
    notes = _notes(checkpoints)
    if not notes:
        raise IntegrityBroken("There is no checkpoint to verify against.", "Run `myelin audit checkpoint` first.")
    key = read_public_key(key_file or checkpoints / PUBLIC_KEY)
    return verify(lines, (open_note(note.read_text(), ORIGIN, key) for note in notes))


def checkpoint_key(settings: Settings) -> Ed25519PrivateKey:
    """Return the key checkpoints are signed with.

    It is the worker's, who signs every minute: whoever is the worker's user can sign any log. A copy of checkpoints
    and public key held by a witness elsewhere is what shows a log that was cut off or written anew.
    """
    return Ed25519PrivateKey.from_private_bytes(ensure_secret(settings, "audit-checkpoint", 32))


def _notes(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"))


def _size(database: Database) -> int:
    with database.read() as connection:
        last: int | None = connection.execute(select(func.max(audit_event.c.seq))).scalar_one()
    return 0 if last is None else last + 1
