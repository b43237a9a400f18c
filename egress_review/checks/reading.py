"""Taking a held file apart, kind by kind, under limits; what can't be read becomes a fault, never silence."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from egress_review.checks import structured, tables
from egress_review.checks.decoding import hidden_in, inflated
from egress_review.checks.document import Document, Output, Picture, Text
from egress_review.checks.kinds import kind_by_content, kind_by_name, settled
from egress_review.checks.limits import MAX_DECODED_BYTES, MAX_DEPTH, MAX_OUTPUTS, MAX_TABLES
from egress_review.checks.markup import read_markup
from egress_review.checks.models import HeldFile
from egress_review.checks.pictures import picture_facts
from egress_review.checks.structured import literals, strings, tables_in_value
from egress_review.checks.tables import Table, delimited, delimiter, tables_in_text
from egress_review.checks.text import decode, quote

_TO_ASCII = bytes(byte if byte < 128 else 0x20 for byte in range(256))
PICTURE_MIMES = frozenset({"image/png", "image/jpeg"})


def read_document(file: HeldFile) -> Document:
    """Take a file apart; a reader that stops leaves its fault and what was found before."""
    named, content = kind_by_name(file.name), kind_by_content(file.content)
    document = Document(file, settled(named, content), named, content)
    reading = _Reading(document)
    reading.raw("the file's name", file.name.encode("utf-8", "replace"))
    reading.raw("the file", file.content)
    for read in (reading.by_kind, reading.decode_everything):
        try:
            read()
        except Exception as error:  # noqa: BLE001 - a hostile file may raise anything; what it raised is the fault
            reason = quote(str(error), 100)
            document.faults.append(f"the {document.kind.label} can't be read whole: {type(error).__name__} {reason}")
    return document


class _Reading:
    """One reading of one file: fills the document and keeps to the budget of decoded bytes."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._budget = MAX_DECODED_BYTES
        self._pictures: set[bytes] = set()
        self._readers: Mapping[str, Callable[[str, bytes], None]] = {
            "csv": self._csv, "tsv": self._tsv, "text": self._text, "code": self._code, "json": self._json,
            "notebook": self._notebook, "html": self._markup, "svg": self._markup,
            "png": self._picture, "jpeg": self._picture,
        }  # fmt: skip

    def by_kind(self) -> None:
        """Read the file as what it is; kinds that are only held are searched as bytes."""
        reader = self._readers.get(self.document.kind.name)
        if reader is not None:
            reader("the file", self.document.file.content)

    def raw(self, where: str, content: bytes) -> None:
        """Take bytes as text twice: as they are, and without the zeros of UTF-16 and UTF-32."""
        self.text(where, _ascii(content))
        if b"\0" in content:
            self.text(where, _ascii(content.replace(b"\0", b"")))

    def text(self, where: str, content: str) -> None:
        if content.strip():
            self.document.texts.append(Text(where, content))

    def tables(self, tables: Iterable[Table]) -> None:
        for found in tables:
            if len(self.document.tables) >= MAX_TABLES:
                self.document.faults.append(f"more than {MAX_TABLES} tables: the rest was not read")
                return
            self.document.tables.append(found)

    def decode_everything(self) -> None:
        """Search every text for encoded content, and that content again, down to MAX_DEPTH."""
        waiting = [(text.where, text.content, 1) for text in self.document.texts]
        seen: set[str] = set()
        while waiting:
            where, content, depth = waiting.pop()
            found = self._hidden_in(where, content)
            if found and found not in seen:
                seen.add(found)
                self.text(f"{where}, encoded", found)
                waiting.extend([(where, found, depth + 1)] if depth < MAX_DEPTH else [])

    def _hidden_in(self, where: str, content: str) -> str:
        """Decode what a text hides into one text of its own, within the budget of the whole file."""
        pieces: list[bytes] = []
        for piece in hidden_in(content):
            if not self._afford(len(piece)):
                break
            if kind_by_content(piece[:16]).name in ("png", "jpeg"):
                self._picture(f"{where}, encoded", piece)
            else:
                pieces.append(piece + inflated(piece))
        return _ascii(b"\n".join(pieces).replace(b"\0", b""))

    def _afford(self, size: int) -> bool:
        if self._budget < 0:
            return False
        self._budget -= size
        if self._budget < 0:
            self.document.faults.append(f"more than {MAX_DECODED_BYTES:,} bytes of encoded content: not all was read")
        return self._budget >= 0

    def _decoded(self, where: str, content: bytes) -> str:
        decoded = decode(content)
        if decoded is None:
            raise ValueError("it is not text")
        if not decoded.encoding.startswith("utf-8"):
            self.document.faults.append(f"{where} is not UTF-8: read as {decoded.encoding}")
        if not decoded.content.isascii() or decoded.encoding == "utf-16":
            self.text(where, decoded.content)
        return decoded.content

    def _csv(self, where: str, content: bytes) -> None:
        text = self._decoded(where, content)
        self._delimited(where, text, delimiter(text))

    def _tsv(self, where: str, content: bytes) -> None:
        self._delimited(where, self._decoded(where, content), "\t")

    def _delimited(self, where: str, text: str, mark: str) -> None:
        found, faults = delimited(where, text, mark)
        self.document.faults.extend(faults)
        self.tables([found] if found else [])

    def _text(self, where: str, content: bytes) -> None:
        text = self._decoded(where, content)
        self.drawn(where, text)
        self.markup(where, text)  # Markdown, and a log may be opened as a page

    def drawn(self, where: str, text: str) -> None:
        """Read the tables of running text, and note whether anything stands outside them."""
        self.tables(tables_in_text(where, text))
        self.outside(where, tables.is_all_tables(text))

    def outside(self, where: str, is_all_tables: bool) -> None:
        if not is_all_tables:
            self.document.outside.append(where)

    def _code(self, where: str, content: bytes) -> None:
        self.source(where, self._decoded(where, content))

    def source(self, where: str, source: str) -> None:
        """Read code: the tables written into it as literals, or, where it isn't Python, drawn in it."""
        try:
            found = list(literals(source))
        except (SyntaxError, ValueError):
            found = [source]
        for literal in found:
            self.text(where, "\n".join(strings(literal)))
            tables = tables_in_text(where, literal) if isinstance(literal, str) else tables_in_value(where, literal)
            self.tables(replace(table, is_output=False) for table in tables)

    def _json(self, where: str, content: bytes) -> None:
        self.value(where, json.loads(self._decoded(where, content)))

    def value(self, where: str, value: object) -> None:
        """Read a JSON value: each of its strings, and the tables its shape makes."""
        self.text(where, "\n".join(strings(value)))
        self.tables(tables_in_value(where, value))
        self.outside(where, structured.is_all_tables(value))
        if '"bdata"' in json.dumps(value, default=str):
            self.document.faults.append(f"{where} holds numbers as encoded bytes (Plotly's bdata): they were not read")

    def _markup(self, where: str, content: bytes) -> None:
        self.outside(where, self.markup(where, self._decoded(where, content)))

    def markup(self, where: str, source: str) -> bool:
        """Read HTML or SVG: its text, its tables, what would run and be fetched; say if all its text is in tables."""
        found = read_markup(where, source)
        self.text(where, "\n".join(found.text + found.attributes))
        self.tables(found.tables)
        self.document.active.extend(f"{where}: {thing}" for thing in found.active)
        self.document.remote.extend(f"{where}: {address}" for address in found.remote)
        return found.is_all_tables

    def _picture(self, where: str, content: bytes) -> None:
        if content in self._pictures:
            return
        self._pictures.add(content)
        self.document.pictures.append(Picture(where, content))
        for name, body in picture_facts(content).metadata.items():
            self.raw(f"{where}, {name}", body)

    def _notebook(self, where: str, content: bytes) -> None:
        notebook = json.loads(self._decoded(where, content))
        self.text(where, "\n".join(text for text in strings(notebook) if not is_picture(text)))
        if not isinstance(notebook["cells"], list):
            raise ValueError("its cells are not a list")
        for number, cell in enumerate(notebook["cells"], 1):
            self._cell(f"cell {number}", cell)

    def _cell(self, where: str, cell: Mapping[str, Any]) -> None:
        source = joined(cell.get("source", ""))
        self.outside(where, not source.strip())
        if cell.get("cell_type") == "code":
            self.source(where, source)
        else:
            self.markup(where, source)
            self.tables(tables_in_text(where, source))
        for name, bundle in (cell.get("attachments") or {}).items():
            self._bundle(f"{where}, attachment {name}", bundle)
        for number, output in enumerate(cell.get("outputs") or (), 1):
            self._bundle(f"{where}, output {number}", output_bundle(output))

    def _bundle(self, where: str, bundle: Mapping[str, Any]) -> None:
        for mime, value in bundle.items():
            if len(self.document.outputs) >= MAX_OUTPUTS:
                raise ValueError(f"more than {MAX_OUTPUTS} outputs: the rest was not read")
            self.document.outputs.append(Output(where, mime))
            self._representation(f"{where} ({mime})", mime, value)

    def _picture_value(self, where: str, value: object) -> None:
        try:
            self._picture(where, picture_in(value))
        except ValueError:
            self.document.faults.append(f"{where} is not the picture it says, or not only: it was read as text")

    def _representation(self, where: str, mime: str, value: object) -> None:
        if not isinstance(value, str | list):
            self.value(where, value)
        elif mime in PICTURE_MIMES:
            self._picture_value(where, value)
        elif mime in ("text/html", "image/svg+xml", "text/markdown"):
            self.outside(where, self.markup(where, joined(value)))
        else:
            self.drawn(where, joined(value))


def picture_in(value: object) -> bytes:
    """Decode the base64 of a PNG or JPEG; raise ValueError where there is anything else in it, or after it."""
    content = base64.b64decode("".join(joined(value).split()), validate=True)
    if kind_by_content(content[:16]).name not in ("png", "jpeg"):
        raise ValueError("it is not a picture")
    return content


def is_picture(value: object) -> bool:
    """Ask whether a value is a picture's base64 and nothing else, so that it need not be read as text."""
    if not joined(value).lstrip().startswith(("iVBORw0KGgo", "/9j/")):  # the signatures of PNG and JPEG
        return False
    try:
        return bool(picture_in(value))
    except ValueError:
        return False


def _ascii(content: bytes) -> str:
    return content.translate(_TO_ASCII).decode("ascii")


def joined(value: object) -> str:
    """Join the lines of a multi-line string of the notebook format."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def output_bundle(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give an output of any type as its representations by MIME type."""
    if output.get("output_type") == "stream":
        return {"text/plain": output.get("text", "")}
    if output.get("output_type") == "error":
        return {"text/plain": [str(output.get("evalue", "")), "\n", *output.get("traceback", ())]}
    return dict(output.get("data", {}))
