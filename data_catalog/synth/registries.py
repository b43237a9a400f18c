"""The six registries of the BMSD network, synthetic: who they are, and how their deliveries are written."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

import polars as pl

from core.errors import NotFound
from core.files import ensure_folder
from data_catalog.synth import dmsr, msbase, ofsep, remus, rism, smsreg
from data_catalog.synth.course import Setting
from data_catalog.synth.native import Dialect, NativeFile, Sheet, native_rows, write_rows
from data_catalog.synth.neutral import Tables, chunks
from data_catalog.synth.spreadsheet import write_sheet
from data_catalog.synthetic import LABEL

SEED = 20260601

Progress = Callable[[str, int, int], None]
"""Told the registry, how many people are written, and how many there will be."""


@dataclass(frozen=True)
class Registry:
    """One registry: the facts published about it, and what its synthetic delivery is drawn with."""

    id: str
    label: str
    country: str
    prefix: str
    people: int
    as_of: str
    coverage_percent: int | None
    setting: Setting
    dialect: Dialect
    files: tuple[NativeFile, ...]
    sheets: tuple[Sheet, ...] = ()


_JUNE, _JULY, _AUGUST = date(2025, 6, 30), date(2025, 7, 31), date(2025, 8, 31)

REGISTRIES: dict[str, Registry] = {
    registry.id: registry
    for registry in (
        Registry(
            "remus",
            "ReMuS, Czech Republic",
            "Czech Republic",
            "SYN-CZ-",
            24_030,
            "June 2025",
            90,
            Setting(date(2013, 1, 1), _JUNE, visits=1.8, scans=0.8, reports=0, centres=remus.CENTRES),
            remus.DIALECT,
            remus.FILES,
            remus.SHEETS,
        ),
        Registry(
            "dmsr",
            "DMSR, Denmark",
            "Denmark",
            "SYN-DK-",
            34_720,
            "August 2025",
            95,
            Setting(date(1996, 1, 1), _AUGUST, visits=1.05, scans=0.4, reports=0.25, centres=13),
            dmsr.DIALECT,
            dmsr.FILES,
        ),
        Registry(
            "ofsep",
            "OFSEP, France",
            "France",
            "SYN-FR-",
            86_180,
            "August 2025",
            55,
            Setting(date(2001, 1, 1), _AUGUST, visits=1.1, reports=0.1, oct=0.04, ris=0.04, centres=40),
            ofsep.DIALECT,
            ofsep.FILES,
        ),
        Registry(
            "rism",
            "RISM, Italy",
            "Italy",
            "SYN-IT-",
            95_294,
            "July 2025",
            70,
            Setting(date(2001, 1, 1), _JULY, visits=1.2, reports=0, samples=0.15, centres=140),
            rism.DIALECT,
            rism.FILES,
        ),
        Registry(
            "smsreg",
            "SMSreg, Sweden",
            "Sweden",
            "SYN-SE-",
            24_780,
            "August 2025",
            90,
            Setting(date(2000, 1, 1), _AUGUST, visits=1.05, reports=0.8, tests=0.7, centres=64),
            smsreg.DIALECT,
            smsreg.FILES,
        ),
        Registry(
            "msbase",
            "MSBase, international",
            "international",
            "SYN-MSB-",
            122_604,
            "August 2025",
            None,
            Setting(date(1998, 1, 1), _AUGUST, visits=1.15, reports=0.08, oct=0.03, ris=0.01, centres=180),
            msbase.DIALECT,
            msbase.FILES,
        ),
    )
}


@dataclass(frozen=True)
class Written:
    """What was written: people, and rows by file."""

    people: int
    rows: dict[str, int]


def write_registry(
    registry: str, folder: Path, *, people: int | None = None, seed: int = SEED, progress: Progress | None = None
) -> Written:
    """Write a registry's synthetic delivery, by default with as many people as the real one; raises NotFound."""
    known = _registry(registry)
    total = known.people if people is None else people
    ensure_folder(folder, 0o755)
    (folder / LABEL).write_text(_label(known), encoding="utf-8")
    for sheet in known.sheets:
        write_sheet(folder, sheet)
    rows = dict.fromkeys((file.path for file in known.files), 0)
    with ExitStack() as open_files:
        outs = {file.path: open_files.enter_context((folder / file.path).open("wb")) for file in known.files}
        for first, tables in chunks(known.setting, total, (seed, crc32(registry.encode()))):
            for path, count in _write_chunk(known, first, tables, outs).items():
                rows[path] += count
            if progress is not None:
                progress(registry, first + len(tables["patient"]), total)
    return Written(total, rows)


def _write_chunk(registry: Registry, first: int, tables: Tables, outs: Mapping[str, BinaryIO]) -> dict[str, int]:
    ids = identifiers(registry, first, len(tables["patient"]))
    counts = {}
    for file in registry.files:
        neutral = tables[file.table].with_columns(patient_id=ids.gather(tables[file.table]["person"]))
        rows = native_rows(file, neutral)
        write_rows(rows, outs[file.path], file.dialect or registry.dialect, header=first == 0)
        counts[file.path] = len(rows)
    return counts


def identifiers(registry: Registry, first: int, size: int) -> pl.Series:
    """Return the names of a chunk's people: nobody can take them for a real person's number."""
    number = pl.int_range(first + 1, first + size + 1, eager=True).cast(pl.String).str.zfill(7)
    return registry.prefix + number


def _registry(registry: str) -> Registry:
    if registry not in REGISTRIES:
        raise NotFound(f"There is no synthetic registry {registry}.", f"There are: {', '.join(REGISTRIES)}.")
    return REGISTRIES[registry]


def _label(registry: Registry) -> str:
    return (
        "These files are synthetic: drawn at random by Myelin from published rates. They describe nobody.\n"
        f"They have the form of a delivery of {registry.label}, and are not from it.\n"
        "File names, column names and words are invented where the registry's own are not public "
        f"(see data_catalog/mappings/{registry.id}.toml).\n"
    )
