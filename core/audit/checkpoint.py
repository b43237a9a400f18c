"""Signed checkpoints of the log: C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) in a signed note."""

import base64
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import IntegrityBroken
from core.notes import read_note, sign_note


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
    return sign_note(checkpoint.to_text(), checkpoint.origin, key)


def open_note(note: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """Return the checkpoint in a signed note.

    Raises IntegrityBroken where the note is malformed, of another log, or not signed by this key.
    """
    text = read_note(note, origin, key)
    try:
        name, size, head, *_ = text.split("\n")
        checkpoint = Checkpoint(name, int(size), base64.b64decode(head, validate=True))
    except ValueError as error:
        raise IntegrityBroken("A checkpoint can not be read.") from error
    if checkpoint.origin != origin:
        raise IntegrityBroken(f"A checkpoint is of another log ({checkpoint.origin}).")
    return checkpoint
