"""Whatever could tell who somebody is, or is not what it says, is found in the bytes of a scan."""

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from data_catalog.imaging.checks import LARGEST_RATIO, LARGEST_SCAN, check_scan
from data_catalog.imaging.nifti import GZIP_HEADER, HEADER, TEXTS, VOXELS_AT, compress
from data_catalog.imaging.normalise import normalised

SECRET = b"Maria Novak 1.3.1980"
NIBABEL_DATA = Path(nibabel.__file__).parent / "tests" / "data"


def plain(order: str = "<", kind: str = "i2", shape: tuple[int, ...] = (4, 5, 6), **fields: object) -> bytes:
    """Return a NIfTI-1 file as nibabel writes it, with some fields of the header set by hand."""
    voxels = np.arange(np.prod(shape)).reshape(shape).astype(order + kind)
    image = nibabel.Nifti1Image(voxels, np.diag([1.5, 1.5, 3, 1]), nibabel.Nifti1Header(endianness=order))
    image.header.set_data_dtype(voxels.dtype)
    content = bytearray(image.to_bytes())
    header = np.frombuffer(content, HEADER.newbyteorder(order), 1)[0]
    for name, value in fields.items():
        header[name] = value
    return bytes(content)


def insert(content: bytes, at: int, more: bytes, offset: float) -> bytes:
    """Put bytes between header and voxels, and let the header say where the voxels are."""
    return content[:108] + struct.pack("<f", offset) + content[112:at] + more + content[at:]


def with_gzip_field(flag: int, field: bytes) -> bytes:
    packed = compress(plain())
    return packed[:3] + bytes([flag]) + packed[4:10] + field + packed[10:]


EXTENSION = struct.pack("<ii", 32, 6) + SECRET.ljust(24, b"\0")

PLAIN = {
    **{f"the header's {name} holds text that is not on the list": plain(**{name: SECRET[:9]}) for name in TEXTS},
    "has header extensions": insert(plain()[:348] + b"\1\0\0\0" + plain()[352:], 352, EXTENSION, 384),
    "has bytes between header and voxels": insert(plain(), 352, SECRET.ljust(32), 384),
    "has bytes after its voxels": plain() + SECRET,
    "is cut short: it has fewer voxels than its header says": plain()[:-1],
    "is no NIfTI-1 file": b"DICM" * 200,
    "is one of two files": plain(magic=b"ni1"),
    "has no usable spatial transform": plain(srow=[np.nan] * 12),
    "a step of zero": plain(pixdim=[1, 0, 1, 1, 0, 0, 0, 0]),
    "is not one volume of three dimensions": plain(dim=[4, 4, 5, 3, 2, 1, 1, 1]),
    "has a negative dimension": plain(dim=[3, -4, 5, 6, 1, 1, 1, 1]),
    "has voxels of a type that is not taken": plain(datatype=128, bitpix=24),
    "says two things of its type": plain(bitpix=32),
    f"has more than {LARGEST_SCAN:,} bytes of voxels": plain(dim=[3, 32767, 32767, 32767, 1, 1, 1, 1]),
    f"would grow more than {LARGEST_RATIO} times when unpacked": plain(dim=[3, 400, 400, 400, 1, 1, 1, 1]),
}
SAID_AS = {
    "is one of two files": "is not one NIfTI-1 file with header and voxels",
    "a step of zero": "has no usable spatial transform",
    "has a negative dimension": "is not one volume of three dimensions",
    "says two things of its type": "has voxels of a type that is not taken",
}

PACKED = {
    "the gzip header has a name": with_gzip_field(8, SECRET + b"\0"),
    "the gzip header has a comment": with_gzip_field(16, SECRET + b"\0"),
    "the gzip header has an extra field": with_gzip_field(4, struct.pack("<H", len(SECRET)) + SECRET),
    "the gzip header has a checksum of its header": with_gzip_field(2, b"\0\0"),
    "the gzip header has reserved bits": with_gzip_field(32, b""),
    "the gzip header has a time": gzip.compress(plain(), mtime=1),
    "is not gzip": plain(),
    "can not be unpacked: its gzip is damaged": compress(plain())[:-8] + b"\0" * 8,
    "has bytes after its voxels": compress(plain()) + SECRET,
    "has a second member": compress(plain()) + compress(SECRET),
    "has a longer member": compress(plain() + SECRET),
    "has no end": compress(plain())[:-8],
    "is cut short: it has fewer voxels than its header says": compress(plain())[:-20],
}
SAID_AS |= dict.fromkeys(("has a second member", "has a longer member", "has no end"), "has bytes after its voxels")


@pytest.mark.parametrize("rule", PLAIN)
def test_a_plain_file_is_refused(rule: str) -> None:
    assert SAID_AS.get(rule, rule) in check_scan(PLAIN[rule], compressed=False).problems
    assert SAID_AS.get(rule, rule) in check_scan(compress(PLAIN[rule]), compressed=True).problems


@pytest.mark.parametrize("rule", PACKED)
def test_a_packed_file_is_refused(rule: str) -> None:
    assert SAID_AS.get(rule, rule) in check_scan(PACKED[rule], compressed=True).problems


@pytest.mark.parametrize("name", TEXTS)
def test_text_after_a_zero_byte_is_found(name: str) -> None:
    assert check_scan(plain(**{name: b"\0Maria"}), compressed=False).problems


HIDING: dict[str, Callable[[], bytes]] = {
    "header text": lambda: compress(plain(descrip=SECRET)),
    "extension": lambda: compress(PLAIN["has header extensions"]),
    "after the voxels": lambda: compress(plain() + SECRET),
    "gzip name": lambda: PACKED["the gzip header has a name"],
}


@pytest.mark.parametrize("place", HIDING)
def test_what_hides_there_would_pass_a_reader_unseen(place: str) -> None:
    """Without the check: nibabel reads the scan without a word, and the name is in the file."""
    content = HIDING[place]()
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(content))
    assert np.asarray(image.dataobj).shape == (4, 5, 6)
    assert SECRET in content + gzip.decompress(content)
    assert check_scan(content, compressed=True).problems


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the limits it takes a thousand times its size; with them, its header is all that is unpacked."""
    bomb = compress(plain(dim=[3, 1000, 1000, 100, 1, 1, 1, 1])[:VOXELS_AT] + bytes(100_000_000 * 2))
    assert len(zlib.decompress(bomb, 31)) > 900 * len(bomb)
    unpacked = []

    class Counting:
        def __init__(self, bits: int) -> None:
            self._real = make(bits)

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

        def decompress(self, content: bytes, most: int) -> bytes:
            part = self._real.decompress(content, most)
            unpacked.append(len(part))
            return part

    make = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", Counting)
    assert check_scan(bomb, compressed=True).problems == (f"would grow more than {LARGEST_RATIO} times when unpacked",)
    assert sum(unpacked) == VOXELS_AT


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8", "i1", "u2", "u4"])
def test_either_byte_order_gives_one_normal_file(kind: str) -> None:
    little, big = (check_scan(plain(order, kind), compressed=False) for order in "<>")
    assert not little.problems
    assert (little.header, little.voxels) == (big.header, big.voxels)
    assert little.voxels_sha256 == big.voxels_sha256


def test_the_normal_file_has_voxels_and_place_and_nothing_else() -> None:
    source = plain(
        kind="f4", descrip=b"FSL5.0", aux_file=b"none", glmax=19800301, extents=16384, toffset=7.0, cal_max=3
    )
    content = check_scan(source, compressed=False)
    normal = normalised(source, content)
    image, before = (nibabel.Nifti1Image.from_bytes(b) for b in (gzip.decompress(normal), source))
    assert np.array_equal(image.get_fdata(), before.get_fdata())
    assert np.array_equal(image.affine, before.affine)
    assert image.header.get_zooms() == before.header.get_zooms()
    for name in ("descrip", "aux_file", "glmax", "extents", "toffset", "cal_max"):
        assert not image.header.structarr[name]
    assert normal.startswith(GZIP_HEADER)


def test_normal_form_is_kept_and_made_again_the_same() -> None:
    content = check_scan(plain(), compressed=False)
    assert not content.is_normal
    normal = normalised(plain(), content)
    assert normal == normalised(plain(), content)
    again = check_scan(normal, compressed=True)
    assert again.is_normal
    other_deflate = compress(gzip.decompress(normal), level=1)
    assert other_deflate != normal
    assert normalised(other_deflate, check_scan(other_deflate, compressed=True)) == other_deflate


@pytest.mark.parametrize("name", ["anatomical.nii", "example4d.nii.gz", "example_nifti2.nii.gz"])
def test_real_files_of_nibabel(name: str) -> None:
    """`anatomical.nii` has a word of SPM in its header; the others are no single NIfTI-1 volume."""
    path = NIBABEL_DATA / name
    if not path.exists():
        pytest.skip("nibabel is installed without its test data")
    content = path.read_bytes()
    assert check_scan(content, compressed=name.endswith(".gz")).problems
    if name == "anatomical.nii":
        cleared = content[:148] + bytes(80) + content[228:]
        read = check_scan(cleared, compressed=False)
        assert not read.problems
        image = nibabel.Nifti1Image.from_bytes(gzip.decompress(normalised(cleared, read)))
        assert np.array_equal(image.get_fdata(), nibabel.load(path).get_fdata())
        assert np.array_equal(image.affine, nibabel.load(path).affine)
