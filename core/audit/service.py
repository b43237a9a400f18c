"""What people do with the audit log: export it, checkpoint it, verify it."""

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from core.audit import merkle
from core.audit.checkpoint import Checkpoint, open_note, sign
from core.audit.log import entries
from core.audit.verify import Verified, verify
from core.database import Database
from core.errors import IntegrityBroken
from core.files import ensure_folder, write_durably
from core.secrets import ensure_secret
from core.settings import Settings

ORIGIN = "myelin/audit"


def export(database: Database) -> Iterator[bytes]:
    """Yield the log, one canonical line an entry.

    Raises IntegrityBroken where an entry no longer has the hash it was stored with.
    """
    with database.read() as connection:
        for entry, stored in entries(connection):
            if entry.hash != stored:
                raise IntegrityBroken(f"Entry {entry.seq} was changed after it was written.")
            yield entry.to_bytes() + b"\n"


def write_checkpoint(database: Database, settings: Settings) -> Path:
    """Sign the log as it stands into the checkpoints folder and return the file.

    The same state gives the same file, so writing one often costs nothing.
    """
    leaves = [merkle.leaf_hash(line.rstrip(b"\n")) for line in export(database)]
    checkpoint = Checkpoint(ORIGIN, len(leaves), merkle.root(leaves))
    folder = ensure_folder(settings.checkpoints, 0o755)
    path = folder / f"{checkpoint.size:012d}-{checkpoint.root.hex()[:12]}.txt"
    if not path.exists():
        key = checkpoint_key(settings)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        write_durably(folder / "public-key.pem", public, 0o644)
        write_durably(path, sign(checkpoint, key).encode(), 0o644)
    return path


def verify_log(lines: Iterator[bytes], checkpoints: Path) -> Verified:
    """Verify exported lines against every checkpoint in a folder, by the public key in it."""
    key_file = checkpoints / "public-key.pem"
    if not key_file.exists():
        raise IntegrityBroken("There is no checkpoint to verify against.", "Run `myelin audit checkpoint` first.")
    key = load_pem_public_key(key_file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise IntegrityBroken("The checkpoints' public key is not an Ed25519 key.")
    notes = sorted(checkpoints.glob("*.txt"))
    return verify(lines, (open_note(note.read_text(), ORIGIN, key) for note in notes))


def checkpoint_key(settings: Settings) -> Ed25519PrivateKey:
    """Return the key checkpoints are signed with; in production its file belongs to another owner."""
    return Ed25519PrivateKey.from_private_bytes(ensure_secret(settings, "audit-checkpoint", 32))
