"""How bytes are held: whole or not at all, under the name of their hash, and hashed again whenever they are read.

A name in here is never made from what a user says. Nothing that is held is ever deleted or overwritten.
"""

import json
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core import canonical
from core.files import ensure_folder, sha256_bytes, sync_folder, write_durably
from egress_review.errors import HeldFileChanged

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SALT_BYTES = 16
_ABANDONED_SECONDS = 3600


class ContentStore:
    """A folder of files by SHA-256, read-only once written (mode 0400)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Hold these bytes and return their SHA-256; they survive a crash from the moment this returns.

        Holding the same bytes twice costs one file. Raises HeldFileChanged where the file under that hash is damaged.
        """
        sha256 = sha256_bytes(content)
        path = self._path(sha256)
        if not self._folder.exists():
            ensure_folder(self._folder, 0o700)
            sync_folder(self._folder.parent)
        if path.exists():
            self.get(sha256)
            sync_folder(self._folder)  # its writer may have died between the rename and this
        else:
            write_durably(path, content, 0o400)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the bytes held under this hash; raises HeldFileChanged where they are gone or are not those."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise _changed(sha256, "is missing") from error
        if sha256_bytes(content) != sha256:
            raise _changed(sha256, "is not what was submitted")
        return content

    def put_note(self, fields: Mapping[str, Any]) -> str:
        """Hold a text with its fields as JSON, salted so that its hash confirms no guess, and return the hash."""
        return self.put(canonical.dumps({**fields, "salt": secrets.token_hex(_SALT_BYTES)}))

    def get_note(self, sha256: str) -> dict[str, Any]:
        """Return the fields of a held text."""
        fields: dict[str, Any] = json.loads(self.get(sha256))
        del fields["salt"]
        return fields

    def sweep(self) -> None:
        """Remove what writers that died have left half-written; one that lives finishes within the hour."""
        for temporary in self._folder.glob(".*.tmp"):
            with suppress(FileNotFoundError):
                if time.time() - temporary.stat().st_mtime > _ABANDONED_SECONDS:
                    temporary.unlink()

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256.")
        return self._folder / sha256


def _changed(sha256: str, how: str) -> HeldFileChanged:
    hint = "Nothing was released. Tell operations which request this is."
    return HeldFileChanged(f"A held file ({sha256[:12]}…) {how}.", hint)
