"""The deletion proof: looked for, put together, signed, kept, and verified off-line.

One signed note holds it in words for people and, as its last line, in canonical JSON for machines; every byte of both
is signed.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from core import canonical
from core.errors import IntegrityBroken
from core.files import ensure_folder, sha256_bytes, write_durably
from core.notes import PUBLIC_KEY, public_pem, read_note, read_public_key, sign_note
from core.secrets import ensure_secret
from core.settings import Settings
from projects.activation import key_name
from projects.closeout.errors import NotDeleted, ProofBroken
from projects.closeout.models import Proof, ProofFile
from projects.closeout.rendering import render

ORIGIN = "myelin/deletion"
KEY = "deletion-proof"


def check_gone(settings: Settings, project_id: str) -> None:
    """Look for everything a project had on disk; raises NotDeleted where any of it is there."""
    left = [what for what, path in _places(settings, project_id) if path.exists() or path.is_symlink()]
    if left:
        raise NotDeleted(f"Of {project_id} there still is: {', '.join(left)}.", "Look what puts it there.")


def _places(settings: Settings, project_id: str) -> Iterator[tuple[str, Path]]:
    yield "its key", settings.keys / key_name(project_id)
    yield "its cuts", settings.cuts / project_id
    yield "its home folders", settings.homes / project_id
    yield "its team folder", settings.teams / project_id


def write_proof(settings: Settings, proof: Proof) -> ProofFile:
    """Sign a proof and keep it, the public key beside it; one that no record speaks of is replaced."""
    folder = ensure_folder(settings.proofs, 0o755)
    key = Ed25519PrivateKey.from_private_bytes(ensure_secret(settings, KEY, 32))
    note = sign_note(_to_text(proof), ORIGIN, key).encode()
    write_durably(folder / PUBLIC_KEY, public_pem(key), 0o444)
    name = f"{proof.project}.txt"
    write_durably(folder / name, note, 0o444)
    return ProofFile(name=name, sha256=sha256_bytes(note))


def kept_proof(settings: Settings, kept: ProofFile) -> bytes:
    """Return a proof's bytes; raises ProofBroken where they are not those on record."""
    path = settings.proofs / kept.name
    content = path.read_bytes() if path.exists() else b""
    if sha256_bytes(content) != kept.sha256:
        raise ProofBroken(f"The proof {kept.name} is not the one on record.", "Restore it from backup.")
    return content


def verify_proof(file: Path, key_file: Path | None = None) -> Proof:
    """Return the proof in a file, of which every byte is signed; needs nothing but the file and the public key.

    The key is the one in `key_file`, kept elsewhere; when left out, the one beside the proof, which proves less:
    whoever can write there can put a key of their own. Raises ProofBroken.
    """
    try:
        return read_proof(file.read_bytes(), read_public_key(key_file or file.parent / PUBLIC_KEY))
    except OSError as error:
        raise ProofBroken(f"{file} can not be read.") from error


def read_proof(note: bytes, key: Ed25519PublicKey) -> Proof:
    """Return the proof in a signed note; raises ProofBroken where a byte of it is not what was signed."""
    try:
        written = note.decode()
        text = read_note(written, ORIGIN, key)
        _check_one_signature(written.removeprefix(f"{text}\n"))
        return Proof.model_validate_json(text.rstrip("\n").rpartition("\n")[2])
    except (IntegrityBroken, ValidationError, ValueError) as error:
        raise ProofBroken("This is no deletion proof, or not as it was signed.", "Ask for the file anew.") from error


def _check_one_signature(signatures: str) -> None:
    """Refuse what was put behind the one signature, which a signed note allows and nobody signed."""
    if signatures.count("\n") != 1 or not signatures.endswith("\n"):
        raise ValueError("a proof has one signature")


def _to_text(proof: Proof) -> str:
    fields = canonical.dumps(json.loads(proof.model_dump_json()))
    return f"{ORIGIN}\n{render(proof)}\n{fields.decode()}\n"
