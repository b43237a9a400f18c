"""The checks of a held file beside a bare DuckDB scan of the cut it is compared with: `python -m benchmarks.egress`."""

import argparse
import io
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter

import polars as pl
from PIL import Image

from benchmarks.cut import KEY, VARIABLES, no_views
from benchmarks.data import PERSON_BY_PERSON, cache_folder, vault_table
from benchmarks.harness import in_turns, show
from core.files import ensure_folder
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest
from data_catalog.editions import MANIFEST
from data_catalog.engine import engine, identifier, literal
from egress_review.appetite import load_appetite
from egress_review.checks.cut import read_cut_facts
from egress_review.checks.engine import CHECKS, examine
from egress_review.checks.limits import PROCESSOR_SECONDS
from egress_review.checks.models import HeldFile
from egress_review.checks.reading import read_document

COPIED = 5_000
MOST_SECONDS, MOST_SECONDS_OF_ROWS, MOST_BYTES = 20, PROCESSOR_SECONDS, 2 << 30
FLOOR = "bare DuckDB scan"


def cut_folder(rows: int) -> Path:
    """Return a cut of 12 columns and all rows, made at first need."""
    folder = cache_folder() / f"cut-{rows}"
    if not (folder / MANIFEST).exists():
        shutil.rmtree(folder, ignore_errors=True)
        ensure_folder(folder)
        table = vault_table(rows, VARIABLES, "", PERSON_BY_PERSON)
        request = CutRequest("benchmark", 1, datetime(2026, 1, 1, tzinfo=UTC), KEY, (table,))
        make_cut(request, folder, table.folder, no_views)
    return folder


def records(rows: int, number: int, seed: int = 5) -> pl.DataFrame:
    """Return some of the cut's rows without pseudonyms, from anywhere in it, in no order."""
    kept = pl.scan_parquet(_table(rows)).drop("pseudonym").with_row_index("row")
    step = max(rows // number, 1)
    taken = kept.filter(pl.col("row") % step == 0).drop("row").collect()
    return taken.sample(number, seed=seed, shuffle=True)


def counts(rows: int) -> pl.DataFrame:
    """Return counts of 20 groups."""
    by_group = pl.scan_parquet(_table(rows)).group_by("country", "course").len("patients").collect()
    return by_group.sort("country", "course").head(20)


def regression(rows: int) -> pl.DataFrame:
    """Return a regression table: coefficients that come from nobody's row alone."""
    names = ["age", "sex: male", "edss", "course: spms", "course: ppms", "drug: substance 3"]
    values = pl.DataFrame({"term": names, "coef": [0.012, -0.27, 0.31, 0.44, 0.51, -0.08]})
    return values.with_columns(se=pl.col("coef").abs() / 4, n=pl.lit(rows), p=pl.lit(0.03))


def figure(rows: int) -> bytes:
    """Return a figure as PNG: a curve that falls."""
    picture = Image.new("RGB", (800, 600), "white")
    for column in range(800):
        picture.putpixel((column, 100 + (column * column * (rows % 7 + 1) // 9000) % 400), (20, 60, 120))
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def notebook(rows: int) -> bytes:
    """Return a notebook with the tables of counts, regression and means in its outputs."""
    means = pl.scan_parquet(_table(rows)).group_by("region", "sex").agg(pl.len(), pl.col("edss").mean().round(2))
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {"text/html": _html(table)}}
        for table in (counts(rows), regression(rows), means.sort("region", "sex").collect())
    ]
    cell = {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "", "outputs": outputs}
    content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content).encode()


def _html(table: pl.DataFrame) -> str:
    lines = ["".join(f"<td>{cell}</td>" for cell in line) for line in table.iter_rows()]
    head = "".join(f"<th>{name}</th>" for name in table.columns)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _csv(table: pl.DataFrame) -> bytes:
    return table.write_csv().encode()


def _disguised(table: pl.DataFrame) -> pl.DataFrame:
    """Turn the columns' order, rename them, and round to one decimal."""
    rounded = table.with_columns(pl.col(pl.Float64).round(1))
    turned = rounded.select(reversed(rounded.columns))
    return turned.rename({name: f"v{number}" for number, name in enumerate(turned.columns)})


EXPORTS: Mapping[str, tuple[str, Callable[[int], bytes]]] = {
    "20 counts": ("a.csv", lambda rows: _csv(counts(rows))),
    "a regression table": ("a.csv", lambda rows: _csv(regression(rows))),
    "a figure": ("a.png", figure),
    "a notebook": ("a.ipynb", notebook),
    "5,000 rows": ("a.csv", lambda rows: _csv(records(rows, COPIED))),
    "5,000 rows, disguised": ("a.csv", lambda rows: _csv(_disguised(records(rows, COPIED)))),
    "5,000 rows, one column dropped": ("a.csv", lambda rows: _csv(records(rows, COPIED).drop("t2_volume"))),
    "5,000 rows of shuffled columns": ("a.csv", lambda rows: _csv(_shuffled(records(rows, COPIED)))),
    "200,000 rows": ("a.csv", lambda rows: _csv(records(rows, 200_000))),
}
"""What somebody may want to take out; of the last, the heading and 199,999 rows are read."""


def _shuffled(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(pl.col(name).shuffle(seed=number) for number, name in enumerate(table.columns))


def scan(rows: int, folder: Path) -> int:
    """Read every cell of the cut once, on one thread as the checks do."""
    columns = ", ".join(f"bit_xor(hash({identifier(name)}))" for name in VARIABLES)
    with engine(folder) as connection:
        connection.execute("SET threads = 1").fetchall()
        connection.execute(f"SELECT {columns} FROM {literal(str(_table(rows)))}").fetchall()
    return rows


def checks(rows: int, export: str, _folder: Path) -> int:
    """Run all checks of a file as the process apart does; return how many findings there are."""
    file = _file(rows, export)
    facts = {
        "name": file.name,
        "cut": str(cut_folder(rows)),
        "forbids_drug_comparison": True,
        "appetite": load_appetite().model_dump(mode="json"),
    }
    return sum(1 for _ in examine(facts, file.content))


def _file(rows: int, export: str) -> HeldFile:
    return HeldFile(EXPORTS[export][0], _content(rows, export).read_bytes())


def _content(rows: int, export: str) -> Path:
    """Return an export's file, made at first need, so that making it is not measured."""
    path = cache_folder() / f"exports-{rows}" / export.replace(",", "").replace(" ", "-")
    if not path.exists():
        ensure_folder(path.parent)
        path.write_bytes(EXPORTS[export][1](rows))
    return path


def _table(rows: int) -> Path:
    return cut_folder(rows) / "benchmark" / "visit.parquet"


def by_check(rows: int, export: str) -> Iterator[str]:
    """Run the checks of an export one by one, and say of each the seconds and the statuses of what it found."""
    document = read_document(_file(rows, export))
    cut, appetite = read_cut_facts(cut_folder(rows)), load_appetite()
    for name, check in CHECKS.items():
        started = perf_counter()
        statuses = {finding.status for finding in check(document, cut, appetite)}
        yield f"{name} {perf_counter() - started:.2f} ({', '.join(sorted(statuses)) or 'nothing'})"


def main() -> None:
    """Run it and say whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    for export in EXPORTS:
        _content(asked.rows, export)
    jobs = {FLOOR: partial(scan, asked.rows)} | {export: partial(checks, asked.rows, export) for export in EXPORTS}
    print(f"All checks of a file, against a cut of 12 columns and {asked.rows:,} synthetic rows; {asked.rounds} rounds")
    print(show(in_turns(jobs, asked.rounds), FLOOR))
    for export in EXPORTS:
        print(f"{export}: {'; '.join(by_check(asked.rows, export))}")
    most = f"{MOST_SECONDS} seconds ({MOST_SECONDS_OF_ROWS} for 200,000 rows) and below {MOST_BYTES >> 20:,} MiB"
    print(f"Targets: each file below {most}.")


if __name__ == "__main__":
    main()
