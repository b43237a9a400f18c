"""Writing SDTM domains as SAS transport files of version 5, the same bytes for the same rows."""

from pathlib import Path

import polars as pl
import pyreadstat

from core.errors import IntegrityBroken
from data_catalog.synth.trials.frames import Domain, variable_label

_RECORD = 80
_OF_LIBRARY, _OF_MEMBER = 1, 5
_WRITTEN_AT = b"01JAN26:00:00:00"


def write_xpt(domain: Domain, folder: Path) -> Path:
    """Write a domain as `<name>.xpt` and return the path."""
    path = folder / f"{domain.name.lower()}.xpt"
    prefix = "FA" if domain.name == "FAMH" else domain.name
    pyreadstat.write_xport(
        domain.rows.with_columns(pl.col(pl.String).fill_null("")),
        path,
        file_label=f"Synthetic: {domain.label}"[:40],
        column_labels={name: variable_label(prefix, name) for name in domain.rows.columns},
        table_name=domain.name,
        file_format_version=5,
    )
    _fix_dates(path)
    return path


def _fix_dates(path: Path) -> None:
    """Put one moment in place of when the file was written, or no two runs would give the same bytes.

    Transport files say it in two pairs of 80-byte records: at the end of the library's and the member's own header,
    and at the start of the record after each.
    """
    with path.open("r+b") as file:
        for header in (_OF_LIBRARY, _OF_MEMBER):
            file.seek(header * _RECORD)
            if not file.read(_RECORD).startswith(b"SAS     "):
                raise IntegrityBroken(f"{path.name} is no transport file as pyreadstat writes them.")
            for place in ((header + 1) * _RECORD - len(_WRITTEN_AT), (header + 1) * _RECORD):
                file.seek(place)
                file.write(_WRITTEN_AT)
