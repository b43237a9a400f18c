"""The project's cut, as the checks need it: its tables, its variables, its pseudonyms."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from core.errors import IntegrityBroken
from egress_review.checks.models import CutFacts, CutTable

PSEUDONYM = "pseudonym"


class CutUnreadable(IntegrityBroken):
    """The cut is not where it should be, or not what it should be, so nothing can be compared with it."""


def read_cut_facts(path: Path, *, forbids_drug_comparison: bool = False) -> CutFacts:
    """Read which tables and variables a cut holds, from its Parquet schemas and its dictionary."""
    codes = _codes(path / "dictionary.json")
    try:
        tables = tuple(
            CutTable(
                dataset=file.parent.name,
                name=file.stem,
                path=file,
                variables=tuple(pl.read_parquet_schema(file)),
                codes=codes.get((file.parent.name, file.stem), {}),
            )
            for file in sorted(path.glob("*/*.parquet"))
        )
        return CutFacts(path, tables, forbids_drug_comparison)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise CutUnreadable("The project's cut can't be read.", "Make the cut again.") from error


def _codes(dictionary: Path) -> Mapping[tuple[str, str], Mapping[str, Mapping[str, str]]]:
    if not dictionary.exists():
        return {}
    try:
        tables: list[dict[str, Any]] = json.loads(dictionary.read_bytes())["tables"]
        return {
            (table["dataset"], table["table"]): {
                variable["name"]: {str(code): str(label) for code, label in variable["codes"].items()}
                for variable in table["variables"]
                if variable.get("codes")
            }
            for table in tables
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CutUnreadable("The cut's dictionary can't be read.", "Make the cut again.") from error


def variables(cut: CutFacts) -> dict[str, frozenset[str]]:
    """Name every variable of the cut, in lower case, with its codes where it has a list of them."""
    named: dict[str, frozenset[str]] = {}
    for table in cut.tables:
        for variable in table.variables:
            named[variable.casefold()] = frozenset(table.codes.get(variable, {}))
    return named


def terms(cut: CutFacts) -> frozenset[str]:
    """Name every variable of the cut and every label of its codes, in lower case."""
    labels = (label for table in cut.tables for codes in table.codes.values() for label in codes.values())
    return frozenset(term.casefold() for term in (*labels, *variables(cut)))


def most_rows(cut: CutFacts) -> int:
    """Count the rows of the cut's largest table: no group of people in it is larger."""
    return max(int(pl.scan_parquet(table.path).select(pl.len()).collect().item()) for table in cut.tables)


def pseudonyms(cut: CutFacts) -> frozenset[str]:
    """Read every pseudonym of the cut."""
    found: set[str] = set()
    for table in cut.tables:
        if PSEUDONYM in table.variables:
            found.update(pl.read_parquet(table.path, columns=[PSEUDONYM])[PSEUDONYM].drop_nulls().cast(pl.String))
    return frozenset(found)
