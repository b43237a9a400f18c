"""The contents API without the largest files: the browser is for reading and writing code, not for moving data."""

from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import Integer


class SizeLimitedContents(AsyncLargeFileManager):  # type: ignore[misc]
    """Serve the home folder as JSON, refusing to read a file over the limit."""

    max_read_bytes = Integer(16 * 2**20, config=True, help="Bytes of the largest file that the browser may open.")

    async def _read_file(self, os_path: str, format: str | None, raw: bool = False) -> Any:  # noqa: A002 - its name there
        """Read a file as the parent does; every read of the contents API passes here."""
        path = Path(os_path)
        if path.is_file() and path.stat().st_size > self.max_read_bytes:
            limit = self.max_read_bytes // 2**20
            raise HTTPError(413, f"{path.name} is larger than {limit} MB: open it from a notebook, not the browser.")
        return await super()._read_file(os_path, format, raw)
