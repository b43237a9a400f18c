"""Signed checkpoints of the log: C2SP tlog-checkpoint in a signed note, Ed25519.

https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note (signature type 0x01).
"""

import base64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import IntegrityBroken

_ED25519 = b"\x01"


@dataclass(frozen=True)
class Checkpoint:
    """What the log was at a moment: its name, how many entries, and their tree head (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> str:
        """Return the note's text, without signatures."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """Return the checkpoint as a note signed with this key under the log's own name."""
    text = checkpoint.to_text()
    blob = _key_id(checkpoint.origin, key.public_key()) + key.sign(text.encode())
    return f"{text}\n— {checkpoint.origin} {base64.b64encode(blob).decode()}\n"


def open_note(note: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """Return the checkpoint in a signed note.

    Raises IntegrityBroken where the note is malformed, of another log, or not signed by this key.
    """
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    _check_signature(text, signatures, origin, key)
    try:
        name, size, head, *_ = text.split("\n")
        checkpoint = Checkpoint(name, int(size), base64.b64decode(head, validate=True))
    except ValueError as error:
        raise IntegrityBroken("A checkpoint can not be read.") from error
    if checkpoint.origin != origin:
        raise IntegrityBroken(f"A checkpoint is of another log ({checkpoint.origin}).")
    return checkpoint


def _check_signature(text: str, signatures: str, origin: str, key: Ed25519PublicKey) -> None:
    expected = _key_id(origin, key)
    for line in signatures.splitlines():
        blob = _signature_of(line, origin)
        if blob[:4] == expected:
            try:
                key.verify(blob[4:], text.encode())
            except InvalidSignature:
                break
            return
    raise IntegrityBroken("A checkpoint is not signed by this log's key.")


def _signature_of(line: str, origin: str) -> bytes:
    prefix = f"— {origin} "
    try:
        return base64.b64decode(line.removeprefix(prefix), validate=True) if line.startswith(prefix) else b""
    except ValueError:
        return b""


def _key_id(origin: str, key: Ed25519PublicKey) -> bytes:
    return sha256(origin.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]
