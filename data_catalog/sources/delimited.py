"""CSV and its relatives into a table of texts: any delimiter and encoding, every row kept or named.

DuckDB reads UTF-8 alone. Any other text is decoded by Python's codecs first, piece by piece, and what can't be
decoded is named with its line. How lines end is read from the bytes, because DuckDB drops rows silently when told
wrong (docs/adr/0007); a second count of the rows is the caller's.
"""

import codecs
import csv
import io
import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from data_catalog.engine import identifier, literal
from data_catalog.report import SHOWN_PER_RULE, Finding, Violation

_CHUNK = 1 << 20
_LONGEST_HEADER = 1 << 16
BLANKS = " \t\r\n"
_UTF8 = {"utf-8", "utf-8-sig", "ascii"}


def as_utf8(label: str, path: Path, encoding: str, work: Path) -> tuple[Path, list[Finding]]:
    """Return a file in UTF-8, itself or a copy in `work`, and what of it can't be decoded."""
    if codecs.lookup(encoding).name in _UTF8:
        return path, []
    if len("é".encode(encoding, errors="replace")) == 1 and _is_utf8(path):
        rule = f"{path.name} is UTF-8, and not {encoding}: say so in the mapping"
        return path, [Finding(label, "–", rule, 1)]
    target = Path(tempfile.mkdtemp(dir=work)) / path.name  # two files may be called alike, or one be read twice
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as copy:
        try:
            while chunk := source.read(_CHUNK):
                text = decoder.decode(chunk)
                lines += text.count("\n")
                copy.write(text)
            copy.write(decoder.decode(b"", final=True))
        except UnicodeError:
            rule = f"{path.name} is not in the encoding {encoding}, some way after line {lines:,}"
            return path, [Finding(label, "–", rule, 1)]
    return target, []


def line_ends(label: str, path: Path) -> tuple[str, list[Finding]]:
    """Tell how lines end (DuckDB drops rows silently when told wrong), and refuse NUL bytes and mixed line ends."""
    nul = feeds = returns = pairs = 0
    last = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            nul += chunk.count(b"\0")
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            if returns:  # most files have none, and are read once less
                pairs += (last + chunk).count(b"\r\n")
            last = chunk[-1:] if chunk.endswith(b"\r") else b""
    problems = []
    if nul:
        problems.append(Finding(label, "–", f"{path.name} has NUL bytes and is no text file in UTF-8", nul))
    if returns not in (0, pairs) or (returns and feeds != pairs):
        rule = f"{path.name} must end its lines all with LF or all with CR LF, and use neither otherwise"
        problems.append(Finding(label, "–", rule, 1))
    return ("\\r\\n" if returns else "\\n"), problems


def header(path: Path, delimiter: str = ",", quote: str = '"') -> list[str]:
    """Return the names in the first line of a file in UTF-8."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_HEADER)
    text = first.decode("utf-8-sig", errors="replace")
    return next(csv.reader(io.StringIO(text), delimiter=delimiter, quotechar=quote), [])


def load(
    connection: duckdb.DuckDBPyConnection,
    label: str,
    path: Path,
    table: str,
    columns: Mapping[str, str],
    *,
    newline: str,
    delimiter: str = ",",
    quote: str = '"',
) -> list[Finding]:
    """Read a file in UTF-8 into a table: `_row` from 1, then a text for each of its columns, missing where blank.

    `columns` gives every column of the header its name in the table, in the order of the header; `table` is quoted.
    """
    kinds = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns.values())
    options = (
        f"columns = {{{kinds}}}, auto_detect = false, header = true, delim = {literal(delimiter)}, "
        f"quote = {literal(quote)}, escape = {literal(quote)}, "
        f"new_line = '{newline}', encoding = 'utf-8', store_rejects = true, rejects_limit = 0"
    )
    try:
        texts = ", ".join(map(_unless_blank, columns.values()))
        connection.execute(
            f"CREATE TABLE {table} AS SELECT row_number() OVER () AS _row, {texts} "
            f"FROM read_csv({literal(str(path))}, {options})"
        )
    except duckdb.Error:
        rule = f"{path.name} is no CSV file: {delimiter!r} between, {quote!r} around"
        return [Finding(label, "–", rule, 1)]
    return _rejects(connection, label)


def _unless_blank(name: str) -> str:
    """Return SQL of a column that is missing where nothing but blanks stands in it.

    Nearly every text begins with a letter or digit: that is seen at its first byte, and only the rest is trimmed.
    """
    column = identifier(name)
    trimmed = f"trim({column}, {literal(BLANKS)})"
    return f"CASE WHEN {column} >= '!' THEN {column} WHEN {trimmed} <> '' THEN {column} END AS {column}"


def count_rows(path: Path, columns: list[str], delimiter: str = ",", quote: str = '"') -> int | None:
    """Count the rows of a file in UTF-8 with a parser that is not DuckDB's; None where it can't read them."""
    parsing = pa.csv.ParseOptions(newlines_in_values=True, delimiter=delimiter, quote_char=quote)
    converting = pa.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.binary()))
    try:
        with pa.csv.open_csv(path, parse_options=parsing, convert_options=converting) as batches:
            return int(sum(batch.num_rows for batch in batches))
    except pa.ArrowInvalid:
        return None


def count_decoded_rows(path: Path, encoding: str, delimiter: str, quote: str) -> int:
    """Count the rows below the header with Python's own parser, whatever the encoding; raises ValueError."""
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(file, delimiter=delimiter, quotechar=quote, strict=True)
        is_narrow = len(next(rows, [])) == 1
        return sum(1 for row in rows if row or is_narrow)  # a blank line is a missing value, where a row has but one


def _is_utf8(path: Path) -> bool:
    """Tell whether a file is UTF-8 with letters beyond ASCII: read as a one-byte encoding they would turn to others."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    beyond = False
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                beyond = beyond or not decoder.decode(chunk).isascii()
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return beyond


def _rejects(connection: duckdb.DuckDBPyConnection, label: str) -> list[Finding]:
    """Turn the rows DuckDB could not take into findings, and empty its list for the next file."""
    totals = connection.execute(
        "SELECT error_type, count(*), list(line ORDER BY line) FROM reject_errors GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    connection.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
    return [
        Finding(
            label,
            "–",
            f"{_FORM_RULES.get(kind, kind.lower())}; rows here count the header as 1",
            total,
            tuple(Violation(line, None) for line in lines[:SHOWN_PER_RULE]),
        )
        for kind, total, lines in totals
    ]


_FORM_RULES = {
    "MISSING COLUMNS": "fewer values than the header has columns",
    "TOO MANY COLUMNS": "more values than the header has columns",
    "UNQUOTED VALUE": "a quotation mark that is not closed, or stands in the middle of a value",
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": "a line of over two million bytes",
}
