"""The common data model: declared in one TOML file per table beside this one, and the same for every source."""

import tomllib
from functools import cache
from pathlib import Path

from core.errors import NotFound
from data_catalog.models import Table

CDM_VERSION = "1"
"""Counts up when a table, a variable or a code changes its meaning or goes."""

_FOLDER = Path(__file__).parent

TABLE_NAMES = (
    "patient",
    "visit",
    "relapse",
    "treatment",
    "mri",
    "function_test",
    "patient_reported",
    "laboratory",
    "oct",
    "adverse_event",
    "pregnancy",
    "comorbidity",
    "vaccination",
    "related_record",
    "imaging",
)
"""Every table of the model, in the order people read it."""


@cache
def cdm_tables() -> tuple[Table, ...]:
    """Return every table of the common data model."""
    return tuple(_load(_FOLDER / f"{name}.toml") for name in TABLE_NAMES)


def cdm_table(name: str) -> Table:
    """Return one table by its name; raises NotFound."""
    for table in cdm_tables():
        if table.name == name:
            return table
    raise NotFound(f"The common data model has no table {name}.", f"It has: {', '.join(TABLE_NAMES)}.")


def _load(path: Path) -> Table:
    return Table.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
