"""Pictures and notebooks that show one thing and carry another: every page shows the same as without the rider."""

import base64
import io
import json
import zlib

from PIL import Image

from tests.egress_review.hostile import notebook, picture
from tests.egress_review.test_identifiers import chunk

RIDER = b"P2ZSTEALTHY1,34,female;" * 9
_HEAD = 33  # bytes of a PNG's signature and header


def png_with_more_data() -> bytes:
    """Data after the stream of the image data: decoders stop where the picture is whole."""
    return picture()[:-12] + chunk(b"IDAT", RIDER) + picture()[-12:]


def png_with_a_large_gamma() -> bytes:
    return _png_with(chunk(b"gAMA", (45455).to_bytes(4, "big") + RIDER))


def png_with_an_unused_palette() -> bytes:
    return _png_with(chunk(b"PLTE", RIDER))


def _png_with(inserted: bytes) -> bytes:
    return picture()[:_HEAD] + inserted + picture()[_HEAD:]


def png_under_transparency() -> bytes:
    """A white picture whose pixels, all transparent, have the rider as their colours."""
    colours = b"".join(RIDER[at : at + 3].ljust(3, b"\0") + b"\0" for at in range(0, len(RIDER), 3))
    written = io.BytesIO()
    Image.frombytes("RGBA", (len(colours) // 4, 1), colours).save(written, "PNG")
    return written.getvalue()


def jpeg_with_a_comment() -> bytes:
    content = picture("JPEG")
    return content[:2] + b"\xff\xfe" + (len(RIDER) + 2).to_bytes(2, "big") + RIDER + content[2:] + RIDER


def carries(content: bytes) -> bool:
    """Ask whether a picture carries the rider: in its bytes, or in the colours of its pixels."""
    inflated = zlib.decompressobj().decompress(content[content.find(b"IDAT") + 4 :]) if b"IDAT" in content else b""
    pixels = Image.open(io.BytesIO(content)).convert("RGBA").convert("RGB").tobytes()
    return any(RIDER[:12] in seen for seen in (content, inflated, pixels))


PICTURES = {
    "more.png": png_with_more_data(),
    "gamma.png": png_with_a_large_gamma(),
    "palette.png": png_with_an_unused_palette(),
    "transparent.png": png_under_transparency(),
    "comment.jpg": jpeg_with_a_comment(),
}


def in_a_notebook(content: bytes, mime: str = "image/png") -> bytes:
    return notebook({mime: base64.encodebytes(content).decode()})


def notebook_with_text_after_a_picture() -> bytes:
    """A lenient decoder ends at the padding and never sees the rest."""
    padded = next(base64.b64encode(picture(colour=c)).decode() for c in COLOURS if len(picture(colour=c)) % 3)
    return notebook({"image/png": padded + RIDER.decode()})


COLOURS = ("red", "green", "blue", "#123456", "#654321", "#abcdef")


def notebook_with_a_repeated_name() -> bytes:
    """A reader of JSON keeps the last value of a name: the first vanishes."""
    (cell,) = json.loads(notebook({"text/plain": "40"}))["cells"]
    twice = json.dumps(cell).replace('"source":', f'"source": "{RIDER.decode()}", "source":')
    return f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": [{twice}]}}'.encode()
