"""PNG and JPEG pictures: decoded under limits, and everything in them that isn't a pixel."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image, ImageOps

from egress_review.checks.limits import MAX_INFLATED_BYTES, MAX_PIXELS

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"cICP"}
)
_FRAME_CHUNKS = frozenset({b"acTL", b"fcTL", b"fdAT"})
_PLAIN_SEGMENTS = frozenset({0xDB, 0xDD, 0xDA}) | frozenset(range(0xC0, 0xD0))
_QUALITY = 95  # of a JPEG written again: the loss is not seen
_SHORT_SEGMENTS = {0xE0: 16, 0xEE: 14}  # JFIF and Adobe headers say how to read the pixels, in this many bytes


class Undecodable(ValueError):
    """The bytes are no picture of a size this host decodes."""


@dataclass
class PictureFacts:
    """What a picture file carries besides its pixels."""

    metadata: dict[str, bytes] = field(default_factory=dict)
    frames: int = 0
    after_the_end: bytes = b""


def clean_picture(content: bytes) -> bytes:
    """Decode a PNG or JPEG and write it again in its format, upright, opaque, nothing but pixels; raise Undecodable."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Undecodable(f"more than {MAX_PIXELS:,} pixels")
            kind = picture.format or "PNG"
            pixels = _on_white(ImageOps.exif_transpose(picture))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Undecodable(str(error) or "not a picture") from error
    written = io.BytesIO()
    Image.frombytes(pixels.mode, pixels.size, pixels.tobytes()).save(written, kind, quality=_QUALITY)
    return written.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    """Lay a picture on white paper: what is under full transparency is seen by nobody and goes."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def picture_facts(content: bytes) -> PictureFacts:
    """List a picture's metadata, its further frames and any bytes after its end, without decoding a pixel."""
    return _png_facts(content) if content.startswith(_PNG_SIGNATURE) else _jpeg_facts(content)


def _png_facts(content: bytes) -> PictureFacts:
    facts = PictureFacts()
    for name, body, end in _chunks(content):
        if name in _FRAME_CHUNKS:
            facts.frames += 1
        elif name not in _PIXEL_CHUNKS:
            facts.metadata[f"{name.decode('latin-1')} {_keyword(body)}".strip()] = _inflated(name, body)
        if name == b"IEND":
            facts.after_the_end = content[end:]
            break
    return facts


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    position = len(_PNG_SIGNATURE)
    while position + 12 <= len(content):
        length, name = struct.unpack(">I4s", content[position : position + 8])
        end = position + 12 + length
        yield name, content[position + 8 : end - 4], end
        position = end


def _keyword(body: bytes) -> str:
    return body[:80].split(b"\0")[0].decode("latin-1") if b"\0" in body[:80] else ""


def _inflated(name: bytes, body: bytes) -> bytes:
    """Give a text chunk's content, decompressed where it is compressed."""
    if name not in (b"zTXt", b"iTXt", b"iCCP"):
        return body
    start = next((at for at in range(len(body)) if body[at : at + 1] == b"\x78"), None)
    inflated = b"" if start is None else inflate(body[start:])
    return body + b"\n" + inflated


def inflate(content: bytes, bits: int = zlib.MAX_WBITS) -> bytes:
    """Decompress up to MAX_INFLATED_BYTES; what is not compressed gives nothing."""
    try:
        return zlib.decompressobj(bits).decompress(content, MAX_INFLATED_BYTES)
    except zlib.error:
        return b""


def _jpeg_facts(content: bytes) -> PictureFacts:
    facts = PictureFacts()
    position = 2
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        length = int.from_bytes(content[position + 2 : position + 4], "big")
        if marker not in _PLAIN_SEGMENTS and length > _SHORT_SEGMENTS.get(marker, 0):
            facts.metadata[f"segment {marker:02X} at {position}"] = content[position + 4 : position + 2 + length]
        position += 2 + length
        if marker == 0xDA:
            position = _end_of_scan(content, position)
            if content[position : position + 2] == b"\xff\xd9":
                facts.after_the_end = content[position + 2 :]
                break
    return facts


def _end_of_scan(content: bytes, position: int) -> int:
    """Find the next marker that is neither a stuffed byte nor a restart."""
    while (position := content.find(b"\xff", position)) != -1:
        following = content[position + 1 : position + 2]
        if following and following != b"\0" and not b"\xd0" <= following <= b"\xd7":
            return position
        position += 1
    return len(content)
