"""A cut of 12 of 40 columns beside a bare DuckDB COPY of the same columns and rows: `python -m benchmarks.cut`."""

import argparse
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.data import PERSON_BY_PERSON, VISIT_BY_VISIT, vault_table
from benchmarks.harness import in_turns, show
from data_catalog.cut import MEMORY, make_cut
from data_catalog.cut_request import CutRequest
from data_catalog.engine import engine, identifier, write_parquet
from data_catalog.pseudonyms import pseudonym

VARIABLES = (
    *("sex", "birth_date", "country", "course", "visit_date", "edss"),
    *("fs_pyramidal", "t25fw", "t2_volume", "drug", "sdmt", "region"),
)
COURSES, SINCE = ("ppms", "spms", "rrms"), date(2000, 1, 1)
FILTER = f"course in {COURSES} and visit_date >= '{SINCE}'"
KEY = bytes(range(32))
MOST, MOST_BYTES = 2.0, 2 << 30


def bare_copy(rows: int, order: str, folder: Path) -> int:
    """Copy the columns and rows as DuckDB does it: no pseudonyms, no order."""
    table = vault_table(rows, VARIABLES, FILTER, order)
    columns = ", ".join(map(identifier, VARIABLES))
    with engine(folder) as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        query = f"SELECT {columns} FROM {table.source} WHERE {table.condition}"
        return write_parquet(connection, query, folder / "copy.parquet")


def myelin_cut(rows: int, order: str, folder: Path) -> int:
    """Make the cut as a project's is made: pseudonyms, order, dictionary, manifest, hashes."""
    (folder / "cut").mkdir()
    request = CutRequest(
        "benchmark", 1, datetime(2026, 1, 1, tzinfo=UTC), KEY, (vault_table(rows, VARIABLES, FILTER, order),)
    )
    made = make_cut(request, folder / "cut", folder, no_views)
    return int(made.content["files"][0]["rows"])


def polars_cut(rows: int, order: str, folder: Path) -> int:
    """Make the same table with Polars: people, pseudonyms, join, sort, file."""
    path = _path(rows, order)
    kept = pl.scan_parquet(path).filter(pl.col("course").is_in(COURSES) & (pl.col("visit_date") >= SINCE))
    people = kept.select(pl.col("patient_id").unique()).collect().to_series().to_list()
    mapping = pl.DataFrame({"patient_id": people, "pseudonym": _pseudonyms(people)})
    cut = kept.select("patient_id", *VARIABLES).join(mapping.lazy(), on="patient_id")
    ordered = cut.select("pseudonym", *VARIABLES).sort("pseudonym", *VARIABLES)
    ordered.sink_parquet(folder / "cut.parquet", compression="zstd")
    return pq.read_metadata(folder / "cut.parquet").num_rows  # type: ignore[no-any-return]


def pyarrow_cut(rows: int, order: str, folder: Path) -> int:
    """Make the same table with PyArrow: people, pseudonyms, join, sort, file."""
    kept = pc.field("course").isin(COURSES) & (pc.field("visit_date") >= SINCE)
    found = ds.dataset(_path(rows, order)).to_table(columns=["patient_id", *VARIABLES], filter=kept)
    people = found["patient_id"].unique().to_pylist()
    mapping = pa.table({"patient_id": people, "pseudonym": _pseudonyms(people)})
    cut = found.join(mapping, "patient_id", join_type="inner").select(["pseudonym", *VARIABLES])
    ordered = cut.sort_by([(name, "ascending") for name in ("pseudonym", *VARIABLES)])
    pq.write_table(ordered, folder / "cut.parquet", compression="zstd")
    return int(ordered.num_rows)


def no_views(folder: Path) -> None:
    """Stand where the notebook image makes the views, which hold no rows."""
    duckdb.connect(folder / "project.duckdb").close()


def _path(rows: int, order: str) -> Path:
    return vault_table(rows, VARIABLES, FILTER, order).folder / "visit.parquet"


def _pseudonyms(people: list[str]) -> list[str]:
    return [pseudonym(KEY, "benchmark", person) for person in people]


def main() -> None:
    """Run it and say whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours-only", action="store_true", help="leave Polars and PyArrow out")
    parser.add_argument("--by-person", action="store_true", help="the vault's rows stand person by person")
    asked = parser.parse_args()
    order = PERSON_BY_PERSON if asked.by_person else VISIT_BY_VISIT
    vault_table(asked.rows, VARIABLES, FILTER, order)
    jobs = {"bare DuckDB COPY": bare_copy, "Myelin cut": myelin_cut}
    if not asked.ours_only:
        jobs |= {"the same with Polars": polars_cut, "the same with PyArrow": pyarrow_cut}
    runs = in_turns({name: partial(job, asked.rows, order) for name, job in jobs.items()}, asked.rounds)
    print(f"{len(VARIABLES)} of 40 columns of {asked.rows:,} synthetic rows where {FILTER}; {asked.rounds} rounds")
    print(show(runs, "bare DuckDB COPY"))
    print(f"Targets: the cut at most {MOST} times the copy, peak below {MOST_BYTES >> 20:,} MiB.")


if __name__ == "__main__":
    main()
