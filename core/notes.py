"""Texts with a signature: C2SP signed notes, Ed25519 (https://c2sp.org/signed-note, signature type 0x01)."""

import base64
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from core.errors import IntegrityBroken

PUBLIC_KEY = "public-key.pem"
"""What the public key is called that lies beside the notes it is for."""

_ED25519 = b"\x01"


def sign_note(text: str, origin: str, key: Ed25519PrivateKey) -> str:
    """Return a text, which ends with a newline, as a note signed with this key under the name of its origin."""
    blob = _key_id(origin, key.public_key()) + key.sign(text.encode())
    return f"{text}\n— {origin} {base64.b64encode(blob).decode()}\n"


def read_note(note: str, origin: str, key: Ed25519PublicKey) -> str:
    """Return the text of a signed note; raises IntegrityBroken where this key has not signed it for this origin."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    expected = _key_id(origin, key)
    for line in signatures.splitlines():
        blob = _signature_of(line, origin)
        if blob[:4] == expected:
            try:
                key.verify(blob[4:], text.encode())
            except InvalidSignature:
                break
            return text
    raise IntegrityBroken(f"A note of {origin} is not signed by its key.")


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """Return the public key as it is kept beside the notes."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_public_key(file: Path) -> Ed25519PublicKey:
    """Return the key in a PEM file; raises IntegrityBroken where there is none of this kind."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise IntegrityBroken("The public key can not be read.", f"It is expected in {file}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise IntegrityBroken("The public key is not an Ed25519 key.")
    return key


def _signature_of(line: str, origin: str) -> bytes:
    """Return the key's id and the signature in a line; nothing where it is of another origin or written otherwise."""
    prefix = f"— {origin} "
    written = line.removeprefix(prefix)
    try:
        blob = base64.b64decode(written, validate=True) if line.startswith(prefix) else b""
    except ValueError:
        return b""
    return blob if base64.b64encode(blob).decode() == written else b""  # spare bits say nothing, and are zero


def _key_id(origin: str, key: Ed25519PublicKey) -> bytes:
    return sha256(origin.encode() + b"\n" + _ED25519 + key.public_bytes_raw()).digest()[:4]
