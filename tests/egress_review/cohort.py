"""A cut for the checks to compare with: of the real CIS cohort where it is present, else of a seeded synthetic one."""

import base64
import csv
import json
import os
import random
from pathlib import Path

import polars as pl

from egress_review.checks.cut import read_cut_facts
from egress_review.checks.models import CutFacts

REAL = (
    Path(os.environ.get("MYELIN_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "cis_cohort/cis_cohort.csv"
)
PEOPLE = 273
CODES = {
    "gender": {"1": "male", "2": "female"},
    "oligoclonal_bands": {"0": "negative", "1": "positive", "2": "unknown"},
    "spinal_cord_mri": {"0": "negative", "1": "positive"},
    "periventricular_mri": {"0": "negative", "1": "positive"},
    "converted": {"1": "converted", "2": "not converted"},
}
_COLUMNS = {
    "Gender": "gender", "Age": "age", "Schooling": "schooling", "Initial_Symptom": "initial_symptom",
    "Oligoclonal_Bands": "oligoclonal_bands", "VEP": "vep", "BAEP": "baep",
    "Periventricular_MRI": "periventricular_mri", "Cortical_MRI": "cortical_mri",
    "Infratentorial_MRI": "infratentorial_mri", "Spinal_Cord_MRI": "spinal_cord_mri", "Initial_EDSS": "initial_edss",
    "group": "converted",
}  # fmt: skip


def people() -> pl.DataFrame:
    """The cohort's rows under the names of its declaration, real or synthetic."""
    return _real() if REAL.exists() else synthetic()


def _real() -> pl.DataFrame:
    with REAL.open(newline="") as file:
        rows = [{new: _number(row[old]) for old, new in _COLUMNS.items()} for row in csv.DictReader(file)]
    return pl.DataFrame(rows, infer_schema_length=None)


def _number(cell: str) -> int | float | None:
    if not cell:
        return None
    return int(float(cell)) if float(cell).is_integer() else float(cell)


def synthetic(seed: int = 2023) -> pl.DataFrame:
    """A cohort of the same declaration, drawn by a seed."""
    draw = random.Random(seed)
    rows = []
    for _ in range(PEOPLE):
        converted = 1 if draw.random() < 0.46 else 2
        row = {
            "gender": draw.choice([1, 2, 2]), "age": int(min(77, max(15, draw.gauss(33, 11)))),
            "schooling": draw.randint(0, 25), "initial_symptom": draw.randint(1, 15),
            "oligoclonal_bands": draw.choice([0, 1, 2, 2]), "vep": int(draw.random() < 0.3),
            "baep": int(draw.random() < 0.07), "periventricular_mri": int(draw.random() < 0.5),
            "cortical_mri": int(draw.random() < 0.5), "infratentorial_mri": int(draw.random() < 0.35),
            "spinal_cord_mri": int(draw.random() < (0.4 if converted == 1 else 0.25)),
            "initial_edss": draw.choice([1.0, 2.0, 3.0]) if converted == 1 else None, "converted": converted,
        }  # fmt: skip
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def pseudonyms(number: int, seed: int = 7) -> list[str]:
    """So many pseudonyms of the cut's grammar."""
    draw = random.Random(seed)
    return [f"P{base64.b32encode(draw.randbytes(10)).decode()}" for _ in range(number)]


def write_cut(folder: Path, rows: pl.DataFrame | None = None) -> CutFacts:
    """Write a cut as the catalogue makes it: Parquet sorted by pseudonym, and the dictionary."""
    rows = people() if rows is None else rows
    rows = rows.sample(fraction=1.0, shuffle=True, seed=3)
    named = rows.insert_column(0, pl.Series("pseudonym", sorted(pseudonyms(rows.height))))
    (folder / "cis_cohort").mkdir(parents=True)
    named.write_parquet(folder / "cis_cohort" / "patients.parquet")
    variables = [
        {"name": name, "label": name, "type": "integer", "codes": CODES.get(name, {})} for name in named.columns
    ]
    table = {"dataset": "cis_cohort", "table": "patients", "rows": named.height, "variables": variables}
    (folder / "dictionary.json").write_text(json.dumps({"project": "cis-spinal", "tables": [table]}))
    return read_cut_facts(folder)


def rows_of(cut: CutFacts) -> pl.DataFrame:
    """The cut's rows with their pseudonyms."""
    return pl.read_parquet(cut.tables[0].path)
