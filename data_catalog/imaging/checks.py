"""What of a scan's bytes could tell who somebody is, or is not what it says: facts in, problems out.

Nothing here opens a file, and nothing of the file is run. What can not be read is a problem, never a pass. Whether a
face can be seen, or a name was written into the voxels, no check here can tell.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from data_catalog.imaging.nifti import (
    GZIP_HEADER,
    TEXTS,
    VOXELS_AT,
    Header,
    gzip_problems,
    normal_header,
    normal_voxels,
    parse_header,
)
from data_catalog.imaging.sidecars import allowed

LARGEST_SCAN = 1 << 30
"""Bytes a scan's voxels may take; 0.5 mm isotropic of a whole head in 32-bit floats takes 0.5 GiB."""

LARGEST_RATIO = 200
"""Times a scan may grow when it is unpacked; deflate can do 1,032, an anatomical scan with much background some 20."""

_AXES = 3


@dataclass(frozen=True, slots=True)
class ScanContent:
    """A scan as it was read: its problems, and where there are none its normal header and voxels."""

    problems: tuple[str, ...]
    header: bytes = b""
    voxels: bytes = b""
    is_normal: bool = False

    @property
    def voxels_sha256(self) -> str:
        """The hash that two scans with the same voxels share, wherever in space they say they are."""
        shape_and_type = self.header[40:74]
        return sha256(shape_and_type + self.voxels).hexdigest()


def check_scan(content: bytes, *, compressed: bool) -> ScanContent:
    """Read a scan's bytes within the limits; everything that is wrong is listed."""
    problems = gzip_problems(content) if compressed else []
    if "is not gzip" in problems:
        return ScanContent(tuple(problems))
    stream = _Inflated(content) if compressed else _Plain(content)
    try:
        return _check_stream(stream, content, problems)
    except zlib.error:
        return ScanContent((*problems, "can not be unpacked: its gzip is damaged"))


def _check_stream(stream: "_Plain | _Inflated", content: bytes, problems: list[str]) -> ScanContent:
    head = stream.read(VOXELS_AT)
    header = parse_header(head)
    if header is None or len(head) < VOXELS_AT:
        return ScanContent((*problems, "is no NIfTI-1 file"))
    problems += _text_problems(header)
    shape = [*_form_problems(header, head), *_size_problems(header, len(content))]
    if shape:
        return ScanContent((*problems, *shape))
    voxels = stream.read(header.voxel_bytes)
    if len(voxels) < header.voxel_bytes:
        problems.append("is cut short: it has fewer voxels than its header says")
    elif not stream.is_at_end():
        problems.append("has bytes after its voxels")
    if problems:
        return ScanContent(tuple(problems))
    normal = normal_header(header)
    is_normal = normal == head and content.startswith(GZIP_HEADER)
    return ScanContent((), normal, normal_voxels(header, voxels), is_normal)


def _text_problems(header: Header) -> Iterator[str]:
    for name in TEXTS:
        if bytes(header.fields[name]).decode("latin-1") not in allowed().header_texts[name]:
            yield f"the header's {name} holds text that is not on the list"


def _form_problems(header: Header, head: bytes) -> Iterator[str]:
    fields = header.fields
    if fields["magic"] != b"n+1":
        yield "is not one NIfTI-1 file with header and voxels"
    if any(head[VOXELS_AT - 4 :]):
        yield "has header extensions"
    elif fields["vox_offset"] != VOXELS_AT:
        yield "has bytes between header and voxels"
    numbers = [fields[name].ravel() for name in ("scl_slope", "scl_inter", "quatern", "qoffset", "srow")]
    steps = fields["pixdim"][1 : 1 + _AXES]
    if not (np.isfinite(np.concatenate([*numbers, steps])).all() and (steps > 0).all()):
        yield "has no usable spatial transform"


def _size_problems(header: Header, size: int) -> Iterator[str]:
    shape = header.shape
    if len(shape) < _AXES or any(n < 1 for n in shape) or any(n > 1 for n in shape[_AXES:]):
        yield "is not one volume of three dimensions"
    elif not header.voxel_type or header.fields["bitpix"] != 8 * int(header.voxel_type[1]):
        yield "has voxels of a type that is not taken"
    elif header.voxel_bytes > LARGEST_SCAN:
        yield f"has more than {LARGEST_SCAN:,} bytes of voxels"
    elif header.voxel_bytes > LARGEST_RATIO * size:
        yield f"would grow more than {LARGEST_RATIO} times when unpacked"


class _Plain:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def read(self, count: int) -> bytes:
        self._at += count
        return self._content[self._at - count : self._at]

    def is_at_end(self) -> bool:
        return self._at == len(self._content)


class _Inflated:
    """Unpack no more than was asked for; one gzip member, and nothing after it."""

    def __init__(self, content: bytes) -> None:
        self._rest, self._inflate = content, zlib.decompressobj(16 + zlib.MAX_WBITS)

    def read(self, count: int) -> bytes:
        parts, missing = [], count
        while missing and not self._inflate.eof:
            part = self._inflate.decompress(self._rest, missing)
            used_up = len(self._inflate.unconsumed_tail) == 0
            self._rest = self._inflate.unconsumed_tail
            parts.append(part)
            missing -= len(part)
            if used_up and not part:
                break
        return b"".join(parts)

    def is_at_end(self) -> bool:
        more = b"" if self._inflate.eof else self._inflate.decompress(self._rest, 1)
        return not more and self._inflate.eof and not self._inflate.unused_data
