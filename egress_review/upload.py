"""Receive a submission over HTTP: limited while it streams, kept in nameless files that vanish with their process."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from core.errors import InvalidInput
from core.files import ensure_folder
from core.settings import Settings
from egress_review.errors import TooLarge
from egress_review.manifest import Manifest, parse_manifest

MANIFEST_BYTES = 8 << 20
"""Size of what is said about the files, their code included."""

RECEIVE_SECONDS = 120
"""How long a submission may take to arrive."""

_CHUNK = 1 << 20
_FRAMING_BYTES = 64 << 10


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, told not to spill: what it reads has been spooled and measured already."""

    spool_max_size = 1 << 40


async def receive(request: Request, settings: Settings) -> tuple[Manifest, tuple[bytes, ...]]:
    """Return what was submitted, the files in the order the manifest names them.

    Raises TooLarge as soon as that is certain, InvalidInput for anything but the two fields there are.
    """
    limit = settings.submission_max_bytes + MANIFEST_BYTES + _FRAMING_BYTES
    _check_announced(request.headers, limit)
    with tempfile.TemporaryFile(dir=ensure_folder(settings.state / "incoming", 0o700)) as spool:
        try:
            async with asyncio.timeout(RECEIVE_SECONDS):
                await _spool(request, spool, limit)
        except TimeoutError as error:
            raise InvalidInput(
                f"The submission took longer than {RECEIVE_SECONDS} s to arrive.", "Send less."
            ) from error
        form = await _parse(request.headers, spool, settings.submission_max_files)
    return await run_in_threadpool(_read_form, form)


def _check_announced(headers: Headers, limit: int) -> None:
    if not headers.get("content-type", "").startswith("multipart/form-data"):
        raise InvalidInput("A submission is sent as multipart/form-data.", "Use `myelin.request_release`.")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > limit:
        raise _too_large(limit)


async def _spool(request: Request, spool: BinaryIO, limit: int) -> None:
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            await run_in_threadpool(spool.write, chunk)
    except ClientDisconnect as error:
        raise InvalidInput("The submission ended before it was complete.", "Send it again.") from error


async def _parse(headers: Headers, spool: BinaryIO, max_files: int) -> FormData:
    async def chunks() -> AsyncGenerator[bytes, None]:
        spool.seek(0)
        while chunk := await run_in_threadpool(spool.read, _CHUNK):
            yield chunk

    parser = _InMemoryParser(headers, chunks(), max_files=max_files, max_fields=1, max_part_size=MANIFEST_BYTES)
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise InvalidInput(f"The submission can't be read: {error.message}", "Nothing was held.") from error


def _read_form(form: FormData) -> tuple[Manifest, tuple[bytes, ...]]:
    unknown = {name for name, value in form.multi_items() if (name, isinstance(value, str)) not in _FIELDS}
    texts = [value for value in form.getlist("manifest") if isinstance(value, str)]
    if unknown or len(texts) != 1:
        raise InvalidInput("A submission has the fields `manifest` and `files`, and no others.", "Nothing was held.")
    manifest = parse_manifest(texts[0])
    files = [value for value in form.getlist("files") if isinstance(value, UploadFile)]
    if [file.filename for file in files] != [note.name for note in manifest.files]:
        raise InvalidInput("The files sent are not those the manifest names, in its order.", "Nothing was held.")
    return manifest, tuple(file.file.read() for file in files)


_FIELDS = {("manifest", True), ("files", False)}
"""The fields there are, and whether each is text."""


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A submission has at most {limit} bytes, words included.", "Send summaries, not data.")
