"""How a registry writes the neutral tables: its files, columns, words, dates and decimal signs, and its faults.

A fault here is one the registry's mapping declares. What a mapping must refuse is made by `corrupt.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, Protocol
from zlib import crc32

import polars as pl


def roll(salt: str) -> pl.Expr:
    """Return a uniform number of each row, the same for the same salt, unrelated to another's."""
    return (pl.col("roll") * (1009 + crc32(salt.encode()) % 9000)) % 1


class Column(Protocol):
    """One column of a native file."""

    @property
    def name(self) -> str:
        """Its header."""

    def value(self) -> pl.Expr:
        """Return its values, made of a neutral table's columns."""


def _with_blanks(value: pl.Expr, lost: float, blank: str, salt: str) -> pl.Expr:
    """Leave a share of the values out, and write half of the missing ones as the registry's own word for that."""
    if lost:
        value = pl.when(roll(f"{salt} lost") >= lost).then(value)
    if not blank:
        return value
    return pl.when(value.is_null() & (roll(f"{salt} blank") < 0.5)).then(pl.lit(blank)).otherwise(value)


@dataclass(frozen=True)
class Plain:
    """Text or a number as it is, or divided by a scale: the mapping multiplies it again."""

    name: str
    of: str
    scale: float = 1
    decimals: int = 3
    blank: str = ""
    """What stands for half of the missing values; numbers are text then."""
    comma: bool = False
    """Whether that text has a decimal comma."""

    def value(self) -> pl.Expr:
        """Return the values in the registry's unit."""
        source = pl.col(self.of)
        if self.scale != 1:
            source = (source / self.scale).round(self.decimals)
        if not self.blank:
            return source
        text = source.cast(pl.String)
        return _with_blanks(text.str.replace(".", ",", literal=True) if self.comma else text, 0, self.blank, self.name)


@dataclass(frozen=True)
class Upper:
    """Text in capitals."""

    name: str
    of: str

    def value(self) -> pl.Expr:
        """Return the text in capitals."""
        return pl.col(self.of).str.to_uppercase()


@dataclass(frozen=True)
class Words:
    """Codes in the registry's words; some rows use another spelling."""

    name: str
    of: str
    words: Mapping[str, str]
    also: Mapping[str, str] = field(default_factory=dict)
    """Other spellings by the registry's usual word."""
    blank: str = ""
    share: float = 0.06
    lost: float = 0.0
    """The share of values the registry does not have."""

    def value(self) -> pl.Expr:
        """Return the registry's words."""
        word = pl.col(self.of).replace_strict(dict(self.words), return_dtype=pl.String)
        if self.also:
            word = pl.when(roll(self.name) < self.share).then(word.replace(dict(self.also))).otherwise(word)
        return _with_blanks(word, self.lost, self.blank, self.name)


@dataclass(frozen=True)
class Day:
    """A date in the registry's form; shares of the rows have another form or less precision."""

    name: str
    of: str
    form: str
    others: tuple[tuple[float, str], ...] = ()
    blank: str = ""
    lost: float = 0.0

    def value(self) -> pl.Expr:
        """Return the dates as text."""
        day, passed = pl.col(self.of), 0.0
        text = day.dt.to_string(self.form)
        for share, form in self.others:
            # Two figures name a year only if no other century can be meant.
            able = (day.dt.year() >= 2000) if "%y" in form else pl.lit(value=True)
            chosen = roll(self.name).is_between(passed, passed + share, closed="left") & able
            text = pl.when(chosen).then(day.dt.to_string(form)).otherwise(text)
            passed += share
        return _with_blanks(text, self.lost, self.blank, self.name)


@dataclass(frozen=True)
class Made:
    """A column made by an expression."""

    name: str
    made: pl.Expr

    def value(self) -> pl.Expr:
        """Return the expression."""
        return self.made


@dataclass(frozen=True)
class Dialect:
    """How a registry writes text files."""

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal_comma: bool = False


@dataclass(frozen=True)
class NativeFile:
    """One file of a registry's delivery."""

    path: str
    table: str
    columns: tuple[Column, ...]
    shape: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    """What is done to the table before its columns are written."""
    twice: float = 0.0
    """The share of rows that stand a second time."""
    dialect: Dialect | None = None
    """Where this file is written unlike the registry's others."""


@dataclass(frozen=True)
class Sheet:
    """A small table of a delivery that comes as a spreadsheet, the same for every draw."""

    path: str
    name: str
    rows: tuple[tuple[str, ...], ...]
    """The header and the rows."""


def native_rows(file: NativeFile, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a neutral table as the registry writes it."""
    if file.shape is not None:
        frame = file.shape(frame)
    rows = frame.select(column.value().alias(column.name) for column in file.columns)
    if file.twice:
        rows = pl.concat([rows, rows.filter(frame.select(roll("twice") < file.twice).to_series())])
    return rows


def write_rows(rows: pl.DataFrame, out: BinaryIO, dialect: Dialect, *, header: bool) -> None:
    """Append rows to an open file, in the registry's encoding."""
    buffer = BytesIO()
    rows.write_csv(buffer, include_header=header, separator=dialect.delimiter, decimal_comma=dialect.decimal_comma)
    out.write(transcode(buffer.getvalue(), dialect.encoding, first=header))


def transcode(data: bytes, encoding: str, *, first: bool) -> bytes:
    """Return UTF-8 in another encoding; a mark of the byte order stands before the first piece only."""
    if encoding == "utf-8":
        return data
    unmarked = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    mark = {"utf-16": b"\xff\xfe", "utf-8-sig": b"\xef\xbb\xbf"}.get(encoding, b"") if first else b""
    return mark + data.decode("utf-8").encode(unmarked)
