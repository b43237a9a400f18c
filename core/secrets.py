"""Secrets of an installation: one file each under `keys`, made at first need, readable by the service only."""

import os
import secrets
from hashlib import sha256
from pathlib import Path

from core.errors import IntegrityBroken, Unavailable
from core.files import ensure_folder, sync_folder
from core.settings import Settings


def ensure_secret(settings: Settings, name: str, length: int = 32) -> bytes:
    """Return a secret's bytes, drawn and kept at first need; raises IntegrityBroken where its file is damaged."""
    ensure_folder(settings.keys, 0o700)
    path = settings.keys / name
    if not path.exists():
        _create(path, secrets.token_bytes(length))
    secret = bytes.fromhex(path.read_text())
    if len(secret) != length:
        raise IntegrityBroken(f"The secret {name} has {len(secret)} bytes, not {length}.", "Restore it from backup.")
    return secret


def given_secret(settings: Settings, name: str) -> str:
    """Return a secret that was given from outside, such as a server's password; raises Unavailable where it is not."""
    try:
        return (settings.keys / name).read_text().strip()
    except OSError as error:
        hint = f"Put it in the file {name} of the folder keys, readable by the service only."
        raise Unavailable(f"The secret {name} has not been given.", hint) from error


def fingerprint(settings: Settings, name: str) -> str | None:
    """Return what tells a secret from others and gives none of it away (half a SHA-256); None where it is gone."""
    path = settings.keys / name
    return sha256(b"myelin/secret\n" + bytes.fromhex(path.read_text())).hexdigest()[:32] if path.exists() else None


def destroy_secret(settings: Settings, name: str) -> None:
    """Delete a secret; what was made with it can not be made again. One that is gone already stays gone."""
    if settings.keys.exists():
        (settings.keys / name).unlink(missing_ok=True)
        sync_folder(settings.keys)


def _create(path: Path, secret: bytes) -> None:
    """Write the secret under a temporary name and link it: of two first callers one wins, both read the winner's."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret.hex())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    sync_folder(path.parent)
