"""Which SDTM domain a file holds: told from its content, for senders call and split their files as they like.

The variable DOMAIN of the first record says it; of supplemental qualifiers RDOMAIN does; a dataset that has neither
(RELREC) is known by its name. Rules of names and splitting: SDTM Implementation Guide 3.4, sections 4.1.7 and 8.4.
"""

import csv
from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from data_catalog.sources import readers
from data_catalog.sources.files import FileSpec, Format
from data_catalog.sources.parsers import Parsers

ALL_QUALIFIERS = "SUPPQUAL"
"""One dataset of the qualifiers of every domain."""

_SUPPLEMENTAL = "SUPP"
_UNNAMED = ("", "DATASET")
"""What writers put where a transport file names its dataset, and nobody named it."""
_CODE = 2
"""Letters of a domain's code; the name of a part of a split domain begins with it."""
_ANALYSIS = "AD"
"""Analysis datasets (ADaM) begin so, and may keep the DOMAIN of what they were derived from."""
_LONGEST_LINE = 1 << 20

Record = Mapping[str, str]
"""The variables of a dataset, in capitals, and what its first record says."""

BY_CONTENT = frozenset({*readers.BINARY, Format.CSV, Format.PARQUET})
"""Formats whose first record is looked at."""


def domain_of(path: Path, spec: FileSpec, known: Collection[str], parsers: Parsers) -> str:
    """Return the domain a file holds, or the name of its dataset; raises ValueError where these contradict each other.

    `spec` says how it is written, `known` are the domains a mapping reads. What a reader of the format raises goes on.
    """
    name, record = _read_first(path, spec, parsers)
    name = path.stem.upper() if name.upper() in _UNNAMED else name.upper()
    found = _said(name, record)
    if _is_analysis(name, found):
        return name
    if found != name and name[:_CODE] in known and name[:_CODE] != found[:_CODE]:
        raise ValueError(f"the dataset is called {name}, and its first record is of domain {found}")
    return found


def wanted(found: str, domain: str) -> bool:
    """Tell whether a file that holds `found` is read where a mapping asks for a domain."""
    return found == domain or (found == ALL_QUALIFIERS and domain.startswith(_SUPPLEMENTAL))


def _said(name: str, record: Record) -> str:
    if {"RDOMAIN", "QNAM"} <= set(record):
        of = record["RDOMAIN"].upper() or name.removeprefix(_SUPPLEMENTAL)[:_CODE]
        return ALL_QUALIFIERS if name == ALL_QUALIFIERS else _SUPPLEMENTAL + of
    return record.get("DOMAIN", "").upper() or name


def _is_analysis(name: str, found: str) -> bool:
    return name.startswith(_ANALYSIS) and len(name) > _CODE and not found.startswith(_ANALYSIS)


def _read_first(path: Path, spec: FileSpec, parsers: Parsers) -> tuple[str, Record]:
    """Return the name a file gives its dataset, if its format has one, and its first record."""
    if spec.format in readers.BINARY:
        name, frame = parsers.first_row(path, spec.format)
        return name, _record(frame)
    if spec.format is Format.PARQUET:
        return "", _record(pl.scan_parquet(path).head(1).collect())
    return "", _first_of_csv(path, spec)


def _record(frame: pl.DataFrame) -> Record:
    values = frame.row(0) if len(frame) else [None] * frame.width
    return {name.upper(): str(value or "").strip() for name, value in zip(frame.columns, values, strict=True)}


def _first_of_csv(path: Path, spec: FileSpec) -> Record:
    with path.open(encoding=spec.encoding, newline="") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), "")
        rows = csv.reader(lines, delimiter=spec.delimiter, quotechar=spec.quote)
        names = next(rows, [])
        values = next(rows, [""] * len(names))
    return {name.strip().upper(): value.strip() for name, value in zip(names, values, strict=False)}
