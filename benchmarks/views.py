"""Queries on a project's views beside the same queries on the vault's 40 columns: `python -m benchmarks.views`."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import duckdb

from benchmarks.cut import KEY, VARIABLES
from benchmarks.data import vault_table
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest
from data_catalog.engine import engine

CLIENT = Path(__file__).parents[1] / "images" / "notebook" / "client"
MOST = 1.05

QUERIES = {
    "count": "SELECT count(*) FROM {visits}",
    "group by": "SELECT course, sex, avg(edss), median(t25fw) FROM {visits} GROUP BY ALL",
    "filter": "SELECT count(*), avg(t2_volume) FROM {visits} WHERE visit_date >= DATE '2015-01-01' AND edss >= 4",
    "one person's rows": "SELECT visit_date, edss FROM {visits} WHERE {person} = '{somebody}' ORDER BY 1",
    "distinct people": "SELECT course, count(DISTINCT {person}) FROM {visits} GROUP BY ALL",
    "per person": "SELECT avg(n), max(worst) FROM (SELECT count(*) n, max(edss) worst FROM {visits} GROUP BY {person})",
    "join": (
        "WITH first AS (SELECT {person} AS who, min(visit_date) AS since FROM {visits} GROUP BY 1) "
        "SELECT avg(edss) FROM {visits} JOIN first ON who = {person} WHERE visit_date > since + 365"
    ),
}


def real_views(folder: Path) -> None:
    """Make the views with the image's own program, where the cut is."""
    environment = {**os.environ, "PYTHONPATH": str(CLIENT)}
    command = [sys.executable, "-m", "myelin.make_views", str(folder)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def compare(rows: int, rounds: int, folder: Path) -> dict[str, tuple[float, float, float]]:
    """Return, for each query, the median seconds on the vault and on the views, and the median ratio by round."""
    table = vault_table(rows, VARIABLES, "")
    (folder / "cut").mkdir()
    request = CutRequest("benchmark", 1, datetime(2026, 1, 1, tzinfo=UTC), KEY, (table,))
    make_cut(request, folder / "cut", folder, real_views)
    with engine(folder) as vault, duckdb.connect(folder / "cut" / "project.duckdb", read_only=True) as views:
        on_vault = _asked(vault, table.source, "patient_id")
        on_views = _asked(views, "benchmark.visit", "pseudonym")
        return {name: _timed(on_vault[name], on_views[name], rounds) for name in QUERIES}


def _asked(connection: duckdb.DuckDBPyConnection, visits: str, person: str) -> dict[str, Callable[[], list[object]]]:
    """Return the queries by name; the person asked for is the one with most rows, whatever the name here."""
    connection.execute("SET enable_progress_bar = false")
    most = f"SELECT {person} FROM {visits} GROUP BY 1 ORDER BY count(*) DESC, sum(hash(visit_date, edss)) LIMIT 1"
    ((somebody,),) = connection.execute(most).fetchall()
    filled = {name: q.format(visits=visits, person=person, somebody=somebody) for name, q in QUERIES.items()}
    return {name: lambda query=query: connection.execute(query).fetchall() for name, query in filled.items()}  # type: ignore[misc]


def _timed(
    vault: Callable[[], list[object]], views: Callable[[], list[object]], rounds: int
) -> tuple[float, float, float]:
    if len(vault()) != len(views()):  # warms both
        raise RuntimeError("The two do not answer the same.")
    times = []
    for _ in range(rounds):
        pair = []
        for query in (vault, views):
            started = perf_counter()
            query()
            pair.append(perf_counter() - started)
        times.append(pair)
    on_vault, on_views = (median(pair[side] for pair in times) for side in (0, 1))
    return on_vault, on_views, median(pair[1] / pair[0] for pair in times)


def main() -> None:
    """Run it and say whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="myelin-benchmark-") as folder:
        found = compare(asked.rows, asked.rounds, Path(folder))
    print(f"{asked.rows:,} synthetic rows; {asked.rounds} rounds; target: at most {MOST}")
    print(f"{'':<20} {'vault s':>9} {'views s':>9} {'ratio':>7}")
    for name, (vault, views, ratio) in found.items():
        print(f"{name:<20} {vault:>9.3f} {views:>9.3f} {ratio:>7.2f}")


if __name__ == "__main__":
    main()
