"""What a file is: by its content and by its name, which must agree."""

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from egress_review.checks.text import decode

Handling = Literal["read", "review", "held", "refused"]


@dataclass(frozen=True)
class Kind:
    """One kind of file: how it is called, the endings it may have, and what becomes of it."""

    name: str
    label: str
    endings: tuple[str, ...]
    handling: Handling


_KINDS = (
    Kind("csv", "CSV table", ("csv",), "read"),
    Kind("tsv", "TSV table", ("tsv", "tab"), "read"),
    Kind("text", "text", ("txt", "md", "log", "tex"), "read"),
    Kind("code", "code", ("py", "r", "sql", "jl", "do", "sas", "toml", "yaml", "yml"), "read"),
    Kind("json", "JSON", ("json",), "read"),
    Kind("notebook", "notebook", ("ipynb",), "read"),
    Kind("png", "PNG picture", ("png",), "read"),
    Kind("jpeg", "JPEG picture", ("jpg", "jpeg"), "read"),
    Kind("svg", "SVG picture", ("svg",), "review"),
    Kind("html", "HTML page", ("html", "htm"), "review"),
    Kind("parquet", "Parquet file", ("parquet",), "held"),
    Kind("arrow", "Arrow file", ("arrow", "feather"), "held"),
    Kind("office", "Office document", ("xlsx", "docx", "pptx", "ods", "odt", "xls", "doc"), "held"),
    Kind("pdf", "PDF document", ("pdf",), "held"),
    Kind("archive", "archive", ("zip", "gz", "bz2", "xz", "7z", "zst", "tar"), "held"),
    Kind("encrypted", "encrypted file", ("gpg", "pgp", "asc", "age", "enc"), "held"),
    Kind("database", "database", ("duckdb", "sqlite", "db"), "held"),
    Kind("array", "array of numbers", ("npy", "npz", "h5", "hdf5"), "held"),
    Kind("model", "model file", ("onnx", "safetensors", "pt", "pth"), "held"),
    Kind("statistics", "statistics package's data", ("rds", "rda", "rdata", "dta", "sav", "sas7bdat", "xpt"), "held"),
    Kind("gif", "GIF picture", ("gif",), "held"),
    Kind("nifti", "NIfTI image", ("nii",), "held"),
    Kind("dicom", "DICOM image", ("dcm",), "refused"),
    Kind("pickle", "pickle", ("pkl", "pickle", "joblib"), "refused"),
    Kind("program", "program", ("exe", "so", "dll", "whl"), "refused"),
    Kind("binary", "file of an unknown kind", (), "held"),
)
KINDS = {kind.name: kind for kind in _KINDS}
_BY_ENDING = {ending: kind for kind in _KINDS for ending in kind.endings}

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF8", "gif"),
    (0, b"%PDF-", "pdf"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1", "arrow"),
    (0, b"FEA1", "arrow"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ", "archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "archive"),
    (257, b"ustar", "archive"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
    (0, b"\x89HDF\r\n\x1a\n", "array"),
    (0, b"\x93NUMPY", "array"),
    (0, b"SQLite format 3\x00", "database"),
    (8, b"DUCK", "database"),
    (128, b"DICM", "dicom"),
    (344, b"n+1\x00", "nifti"),
    (344, b"ni1\x00", "nifti"),
    (0, b"\x7fELF", "program"),
    (0, b"MZ", "program"),
    (0, b"-----BEGIN PGP", "encrypted"),
    (0, b"age-encryption.org/", "encrypted"),
    (0, b"Salted__", "encrypted"),
    (0, b"<stata_dta>", "statistics"),
    (0, b"$FL2", "statistics"),
    (0, b"RDX", "statistics"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_SAFETENSORS = re.compile(rb".{6}\x00\x00\{\"", re.DOTALL)
_HTML = re.compile(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_SVG = re.compile(r"\s*(<\?xml[^>]*\?>|<!--.*?-->|<!doctype[^>]*>|\s)*<svg\b", re.IGNORECASE | re.DOTALL)
_PLAIN = {"text", "code", "csv", "tsv", "html"}  # text is these where the name says so: HTML may be a fragment


def kind_by_name(name: str) -> Kind | None:
    """Say what a file's ending promises, or None for an ending that isn't known."""
    return _BY_ENDING.get(PurePosixPath(name).suffix.removeprefix(".").casefold())


def kind_by_content(content: bytes) -> Kind:
    """Say what the bytes are; text without a mark of its own is `text`."""
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return KINDS[_zip_kind(content)]
    for offset, signature, name in _SIGNATURES:
        if content.startswith(signature, offset):
            return KINDS[name]
    if _PICKLE.match(content):
        return KINDS["pickle"]
    if _SAFETENSORS.match(content):
        return KINDS["model"]
    text = decode(content)
    return KINDS["binary"] if text is None else KINDS[_text_kind(text.content)]


def _zip_kind(content: bytes) -> str:
    if int.from_bytes(content[6:8], "little") & 1:
        return "encrypted"
    parts = {b"[Content_Types].xml": "office", b"mimetypeapplication/vnd.oasis": "office", b"data.pkl": "model"}
    return next((kind for mark, kind in parts.items() if mark in content[:4096]), "archive")


def _text_kind(text: str) -> str:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _json_kind(text)
    head = text[:4096]
    if _SVG.match(head):
        return "svg"
    return "html" if _HTML.match(head) else "text"


def _json_kind(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "text"
    return "notebook" if isinstance(value, dict) and "nbformat" in value and "cells" in value else "json"


def settled(named: Kind | None, content: Kind) -> Kind:
    """Choose the kind a file is read as: the content's, made finer by the name where the content is plain text."""
    return named if named is not None and content.name == "text" and named.name in _PLAIN else content
