"""Where signed documents are kept, each by its SHA-256: a reader gets the bytes that were recorded, or none."""

from pathlib import Path

from core.errors import InvalidInput
from core.files import ensure_folder, sha256_bytes, write_durably
from core.settings import Settings
from projects.agreements.errors import DocumentDamaged


def keep(settings: Settings, content: bytes) -> str:
    """Keep a document, and return its SHA-256."""
    sha256 = sha256_bytes(content)
    write_durably(ensure_folder(settings.agreements, 0o700) / sha256, content)
    return sha256


def keep_file(settings: Settings, document: Path) -> str:
    """Keep a file's content as it is read once, and return its SHA-256; raises InvalidInput."""
    try:
        content = document.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{document} can not be read: {error.strerror}.") from error
    return keep(settings, content)


def kept(settings: Settings, sha256: str) -> bytes:
    """Return a kept document; raises DocumentDamaged where it is gone or not what was recorded."""
    try:
        content = (settings.agreements / sha256).read_bytes()
    except OSError as error:
        raise DocumentDamaged(f"The document {sha256[:12]}… can not be read.", _RESTORE) from error
    if sha256_bytes(content) != sha256:
        raise DocumentDamaged(f"The document {sha256[:12]}… is not the one that was recorded.", _RESTORE)
    return content


_RESTORE = "It is not served. Operations restore it from a backup; `myelin agreement verify` names every such document."
