"""NIfTI-1 and gzip as bytes: what they say, and the one normal form we write them in.

The header is that of https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h, gzip that of RFC 1952.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

HEADER = np.dtype(
    [
        ("sizeof_hdr", "i4"), ("data_type", "S10"), ("db_name", "S18"), ("extents", "i4"), ("session_error", "i2"),
        ("regular", "S1"), ("dim_info", "u1"), ("dim", "i2", 8), ("intent_p", "f4", 3), ("intent_code", "i2"),
        ("datatype", "i2"), ("bitpix", "i2"), ("slice_start", "i2"), ("pixdim", "f4", 8), ("vox_offset", "f4"),
        ("scl_slope", "f4"), ("scl_inter", "f4"), ("slice_end", "i2"), ("slice_code", "u1"), ("xyzt_units", "u1"),
        ("cal_max", "f4"), ("cal_min", "f4"), ("slice_duration", "f4"), ("toffset", "f4"), ("glmax", "i4"),
        ("glmin", "i4"), ("descrip", "S80"), ("aux_file", "S24"), ("qform_code", "i2"), ("sform_code", "i2"),
        ("quatern", "f4", 3), ("qoffset", "f4", 3), ("srow", "f4", 12), ("intent_name", "S16"), ("magic", "S4"),
    ]
)  # fmt: skip
"""Fields of a NIfTI-1 header in their order; the first five but one are left from ANALYZE."""

TEXTS = ("data_type", "db_name", "descrip", "aux_file", "intent_name")
"""Header fields that hold text, or held it in ANALYZE."""

VOXELS_AT = 352
"""Where voxels begin in a file without extensions: the header and four bytes that say there are none."""

VOXEL_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
"""Datatype codes we take; colours, complex numbers and 128-bit floats are no anatomical scan."""

_KEPT = ("datatype", "bitpix", "scl_slope", "scl_inter", "qform_code", "sform_code", "quatern", "qoffset", "srow")
_ORDERS: Mapping[str, "np.dtype[Any]"] = {order: HEADER.newbyteorder(order) for order in "<>"}  # type: ignore[arg-type]
_SPATIAL_UNITS = 0b111
_DIMENSIONS = 3

GZIP_HEADER = bytes.fromhex("1f8b08000000000000ff")
"""The gzip header we write: no name, comment, extra field or time, no word on the system."""

GZIP_LEVEL = 6
_GZIP_BYTES = 10
_FIELDS_OF_GZIP = {1: "is marked as text", 2: "has a checksum of its header", 4: "has an extra field", 8: "has a name",
                   16: "has a comment"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """A header as it was read, in its own byte order."""

    order: str
    fields: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The declared dimensions."""
        return tuple(int(size) for size in self.fields["dim"][1 : 1 + max(0, min(int(self.fields["dim"][0]), 7))])

    @property
    def voxel_type(self) -> str:
        """NumPy's name of the voxels' type without its byte order; empty for a type we don't take."""
        return VOXEL_TYPES.get(int(self.fields["datatype"]), "")

    @property
    def voxel_bytes(self) -> int:
        """How many bytes the voxels take, as declared."""
        return math.prod(self.shape) * (int(self.voxel_type[1]) if self.voxel_type else 0)


def parse_header(content: bytes) -> Header | None:
    """Read the first 348 bytes of a file, in either byte order; None where they are no NIfTI-1 header."""
    if len(content) < HEADER.itemsize:
        return None
    for order, layout in _ORDERS.items():
        fields = np.frombuffer(content, layout, 1)[0]
        if fields["sizeof_hdr"] == HEADER.itemsize:
            return Header(order, fields)
    return None


def normal_header(header: Header) -> bytes:
    """Return the 352 bytes we write for a header: shape, type, scaling, spatial transform, and nothing else."""
    normal = np.zeros(1, _ORDERS["<"])
    new, old = normal[0], header.fields
    for name in _KEPT:
        new[name] = old[name]
    new["sizeof_hdr"], new["vox_offset"], new["magic"] = HEADER.itemsize, VOXELS_AT, b"n+1"
    new["dim"] = 1
    new["dim"][: 1 + _DIMENSIONS] = _DIMENSIONS, *header.shape[:_DIMENSIONS]
    new["pixdim"][: 1 + _DIMENSIONS] = old["pixdim"][: 1 + _DIMENSIONS]
    new["xyzt_units"] = int(old["xyzt_units"]) & _SPATIAL_UNITS
    return normal.tobytes() + bytes(VOXELS_AT - HEADER.itemsize)


def normal_voxels(header: Header, voxels: bytes) -> bytes:
    """Return voxels with the lowest byte first."""
    if header.order == "<" or header.voxel_type.endswith("1"):
        return voxels
    return np.frombuffer(voxels, f">{header.voxel_type}").astype(f"<{header.voxel_type}").tobytes()


def gzip_problems(content: bytes) -> list[str]:
    """Say what a gzip header tells beside the compressed bytes."""
    if len(content) < _GZIP_BYTES or content[:3] != GZIP_HEADER[:3]:
        return ["is not gzip"]
    flags = content[3]
    problems = [f"the gzip header {words}" for bit, words in _FIELDS_OF_GZIP.items() if flags & bit]
    if flags >> 5:
        problems.append("the gzip header has reserved bits")
    if any(content[4:8]):
        problems.append("the gzip header has a time")
    return problems


def compress(content: bytes, level: int = GZIP_LEVEL) -> bytes:
    """Return gzip with the header we write; equal bytes give equal bytes with one version of zlib."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    end = zlib.crc32(content).to_bytes(4, "little") + (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
    return GZIP_HEADER + deflate.compress(content) + deflate.flush() + end
