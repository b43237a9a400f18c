"""A delivery and its manifest: what the sender says was sent, against what arrived.

An XPT file cut at the end of a record reads as a shorter file without an error, so a delivery without a manifest is
not taken. It is made where the files come from (`myelin source manifest`) and names, for every file, its SHA-256, its
bytes, and its rows as another parser than the reader's counted them.
"""

import codecs
import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core import canonical
from core.errors import InvalidInput
from core.files import ensure_folder, sha256_file, write_durably
from data_catalog.report import SHOWN_PER_RULE, Finding
from data_catalog.sources import binary, delimited, domains, readers, workbook
from data_catalog.sources.files import FileSpec, Format, check_inside
from data_catalog.sources.parsers import Parsers
from data_catalog.synthetic import LABEL, is_synthetic

MANIFEST = "delivery.json"
WHOLE = "the delivery"
"""What a finding is about that is not about one table."""

DOCUMENT: Literal["document"] = "document"
_DOCUMENTS = frozenset(
    (
        "css",
        "doc",
        "docx",
        "dtd",
        "htm",
        "html",
        "jpg",
        "log",
        "lst",
        "md",
        "pdf",
        "png",
        "rtf",
        "sas",
        "xml",
        "xsd",
        "xsl",
    )
)
"""Endings of what comes with data (define.xml, a guide for reviewers): held against the manifest, and not read."""

_CHUNK = 1 << 20
_DELIMITERS = ",;\t|"
_ENCODINGS = ("utf-8", "windows-1252", "windows-1250", "iso-8859-1")
"""Tried in order; the last has a letter for every byte. That a guess is right, a person sees in the draft."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeliveredFile(_Kept):
    """One file as it was sent; a document has no rows and is never read."""

    path: str
    format: Format | Literal["document"]
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)
    rows: int = Field(ge=0)

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        return check_inside(path)


class Delivery(_Kept):
    """Everything that was sent together."""

    made_by: str = Field(max_length=200)
    made_at: datetime
    synthetic: bool
    files: tuple[DeliveredFile, ...]

    @field_validator("files")
    @classmethod
    def _has_each_once(cls, files: tuple[DeliveredFile, ...]) -> tuple[DeliveredFile, ...]:
        if len({file.path for file in files}) < len(files):
            raise ValueError("names a file twice: its rows would be read twice")
        return files

    def file(self, path: str) -> DeliveredFile | None:
        """Return a file by its path, or None."""
        return next((file for file in self.files if file.path == path), None)


@dataclass(frozen=True)
class TakenFile:
    """A delivered file's own copy, which nobody else can change while it is read."""

    sent: DeliveredFile
    copy: Path


@dataclass(frozen=True)
class Taken:
    """A delivery held against its manifest: what each name of the mapping reads, what differs, and what is not read."""

    files: Mapping[str, Sequence[TakenFile]]
    problems: Sequence[Finding]
    unused: Sequence[Finding]


def make_delivery(
    folder: Path, made_by: str, made_at: datetime, specs: Mapping[str, FileSpec] | None = None
) -> Delivery:
    """Write the manifest of a folder of files and return it.

    `specs` says how the files are written, as a mapping does; else it is told from their names. Raises InvalidInput for
    a file that can not be read or that nobody knows how to read.
    """
    files = tuple(_describe(folder, path, specs or {}) for path in _paths(folder))
    if not files:
        raise InvalidInput(f"There is no file in {folder}.")
    delivery = Delivery(made_by=made_by, made_at=made_at, synthetic=is_synthetic(folder), files=files)
    write_durably(folder / MANIFEST, canonical.dumps(delivery.model_dump(mode="json")) + b"\n", 0o644)
    return delivery


def read_delivery(folder: Path) -> Delivery:
    """Return a folder's manifest; raises InvalidInput where there is none, or none that can be read."""
    try:
        return Delivery.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        hint = "The sender makes it, where the files come from: myelin source manifest FOLDER"
        raise InvalidInput(f"There is no {MANIFEST} in {folder}.", hint) from error
    except (OSError, ValidationError) as error:
        raise InvalidInput(f"{folder / MANIFEST} is no manifest of a delivery.") from error


def take_delivery(folder: Path, delivery: Delivery, specs: Mapping[str, FileSpec], work: Path) -> Taken:
    """Copy what a mapping reads into a private folder, hashing on the way; say what differs, and what is not read.

    Files that no mapping reads are hashed where they are: a delivery is whole or it is not taken.
    """
    problems, unused = list(_strangers(folder, delivery)), dict[str, list[str]]()
    taken: dict[str, list[TakenFile]] = {name: [] for name in specs}
    with Parsers() as parsers:
        for number, sent in enumerate(delivery.files):
            one = _take_one(folder / sent.path, sent, specs, _place(work, number, sent.path), parsers)
            problems += [Finding(WHOLE, sent.path, one.problem, 1)] * bool(one.problem)
            for name in one.names:
                taken[name].append(TakenFile(sent, one.copy))
            if not one.names:
                unused.setdefault(one.holds or sent.format, []).append(sent.path)
                one.copy.unlink(missing_ok=True)
    for name, spec in specs.items():
        if not taken[name] and not spec.optional:
            problems.append(Finding(WHOLE, spec.named, "the mapping reads this, and the delivery is without it", 1))
    return Taken(taken, problems, list(_unused(unused)))


@dataclass(frozen=True)
class _One:
    """One file: who reads it, its copy if there is one, the domain it was found to hold, and what is wrong with it."""

    names: Sequence[str]
    copy: Path
    holds: str = ""
    problem: str = ""


def _take_one(source: Path, sent: DeliveredFile, specs: Mapping[str, FileSpec], copy: Path, parsers: Parsers) -> _One:
    names = [name for name, spec in specs.items() if spec.matches(sent.path)]
    searched = not names and sent.format in domains.BY_CONTENT and any(spec.domain for spec in specs.values())
    if problem := _problem_of(source, sent, copy if names or searched else None):
        return _One(names, copy, problem=problem)
    return _by_content(copy, specs, parsers) if searched else _One(names, copy)


def _unused(paths: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Yield what no name of the mapping reads, by the domain it holds, or its format."""
    for what, files in sorted(paths.items()):
        shown = ", ".join(files[:SHOWN_PER_RULE]) + ", …" * (len(files) > SHOWN_PER_RULE)
        yield Finding(WHOLE, what, f"no table is made of it: {shown}", len(files))


def _problem_of(source: Path, sent: DeliveredFile, copy: Path | None) -> str:
    """Copy a file, if it is to be copied; return in what it is not what was sent."""
    try:
        same = _copy(source, copy, sent.bytes) == sent.sha256
    except OSError as error:
        return f"in the manifest, and can not be read: {error.strerror}"
    return "" if same else "not what was sent: its size or SHA-256 differs from the manifest's"


def _by_content(copy: Path, specs: Mapping[str, FileSpec], parsers: Parsers) -> _One:
    """Find who reads a file by the domain it holds."""
    try:
        holds = _domain_of(copy, {spec.domain for spec in specs.values() if spec.domain}, parsers)
    except InvalidInput as error:
        return _One([], copy, problem=str(error))
    return _One([name for name, spec in specs.items() if domains.wanted(holds, spec.domain)], copy, holds)


def _domain_of(copy: Path, known: Collection[str], parsers: Parsers) -> str:
    try:
        return domains.domain_of(copy, guess(copy), known, parsers)
    except Exception as error:  # whatever a reader of any format raises, what the file holds can't be told
        raise InvalidInput(f"what it holds can not be told: {error}") from error


def _strangers(folder: Path, delivery: Delivery) -> Iterator[Finding]:
    for path in _paths(folder):
        if delivery.file(path) is None:
            yield Finding(WHOLE, path, "not in the manifest", 1)


def _paths(folder: Path) -> Iterator[str]:
    """Yield the path of every file of a delivery; raises InvalidInput for what is no plain file or folder."""
    for path in sorted(folder.rglob("*")):
        kind = path.lstat().st_mode
        relative = path.relative_to(folder).as_posix()
        if stat.S_ISREG(kind):
            if relative != MANIFEST and path.name != LABEL:
                yield relative
        elif not stat.S_ISDIR(kind):
            raise InvalidInput(f"{relative} is a link or a device.", "A delivery holds plain files alone.")


def _place(work: Path, number: int, path: str) -> Path:
    """Return where a copy goes: a folder of its own, under its own name without what DuckDB takes for a pattern."""
    folder = ensure_folder(work / str(number))
    return folder / PurePosixPath(path).name.translate(dict.fromkeys(map(ord, "*?[]"), "_"))


def _copy(source: Path, target: Path | None, size: int) -> str:
    """Copy a plain file, following no link, and return the SHA-256 of what was copied.

    Returns nothing for what is no plain file of this size: a sparse file of a terabyte takes no room where it is, and
    all of it where it is copied; a device has no end.
    """
    digest = hashlib.sha256()
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe nobody writes to would hold us
    with os.fdopen(descriptor, "rb") as file, (target or Path(os.devnull)).open("wb") as copy:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return ""
        left = size + 1  # of a file that grows meanwhile, no more than shows that it is another
        while chunk := file.read(min(_CHUNK, left)):
            digest.update(chunk)
            copy.write(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _describe(folder: Path, path: str, specs: Mapping[str, FileSpec]) -> DeliveredFile:
    file = folder / path
    spec = next((spec for spec in specs.values() if spec.matches(path)), None)
    if spec is None and file.suffix.lower().lstrip(".") in _DOCUMENTS:
        size = file.stat().st_size
        return DeliveredFile(path=path, format=DOCUMENT, sha256=sha256_file(file), bytes=size, rows=0)
    spec = spec or guess(file)
    try:
        rows = _count(file, spec)
    except Exception as error:  # whatever a reader of any format raises, the file can't be read
        raise InvalidInput(f"{path} can not be read as {spec.format}: {error}") from error
    return DeliveredFile(path=path, format=spec.format, sha256=sha256_file(file), bytes=file.stat().st_size, rows=rows)


def guess(file: Path) -> FileSpec:
    """Tell from its name, and a CSV file's first line, how a file is written; raises InvalidInput."""
    suffix = file.suffix.lower().lstrip(".")
    if suffix in ("txt", "tsv", "csv"):
        with file.open("rb") as opened:
            first = opened.readline(1 << 16)
        delimiter = max(_DELIMITERS, key=lambda one: first.count(one.encode()))
        return FileSpec(path=file.name, format=Format.CSV, delimiter=delimiter, encoding=_encoding(file, first))
    if suffix not in list(Format):
        raise InvalidInput(f"Nobody here knows how to read {file.name}.", f"Known: {', '.join(Format)}.")
    return FileSpec(path=file.name, format=Format(suffix))


def _encoding(file: Path, first: bytes) -> str:
    """Tell an encoding from its mark, or as the first that every byte of the file has a letter in."""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return next(encoding for encoding in _ENCODINGS if _is_encoded(file, encoding))


def _is_encoded(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _count(file: Path, spec: FileSpec) -> int:
    if spec.format in readers.BINARY:
        return binary.count_rows(file, spec.format, spec.overruled)
    if spec.format is Format.PARQUET:
        return workbook.count_parquet(file)
    if spec.format is Format.XLSX:
        return workbook.count_xlsx(file, spec.sheet)
    return delimited.count_decoded_rows(file, spec.encoding, spec.delimiter, spec.quote)
