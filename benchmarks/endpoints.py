"""Every standard endpoint over a registry of MSBase's size, and those pymsprog has too beside pymsprog.

    python -m benchmarks.endpoints [--people 122604] [--rounds 3] [--sample 200]

Ours reads an edition's tables, computes every endpoint and writes its table, as publishing does; at a quarter, half and
full size. pymsprog goes through people one by one: it gets a sample of the same people, and its time is scaled per
person in a straight line. Its start and the reading of its input are not counted.
"""

import argparse
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

import ops.house  # noqa: F401  (every table)
from benchmarks.data import cache_folder
from benchmarks.harness import Job, Run, in_turns, run_once, show
from benchmarks.sources import data_manager, open_installation
from core.files import ensure_folder
from core.settings import Settings
from data_catalog.editions import MANIFEST, EditionManifest, edition_folder, edition_sources
from data_catalog.endpoints.catalogue import standard_endpoints
from data_catalog.endpoints.compute import endpoint_tables
from data_catalog.endpoints.models import EndpointDefinition, EventDefinition, MilestoneDefinition
from data_catalog.engine import engine, identifier, literal
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.service import publish_source
from data_catalog.publication import write_tables
from data_catalog.sources.delivery import make_delivery
from data_catalog.synth.registries import REGISTRIES, write_registry
from data_catalog.synthetic import LABEL
from tests.support.oracle import arguments, ask

REGISTRY = "msbase"
SHARES = {"a quarter": 0.25, "a half": 0.5, "full size": 1.0}
READ = ("patient", "visit", "relapse", "mri", "treatment", "adverse_event")
SHARED: tuple[EventDefinition, ...] = tuple(one for one in standard_endpoints() if isinstance(one, EventDefinition))
"""First events: what pymsprog finds too."""

Sources = Mapping[str, str]
Days = dict[str, int]
"""By person: days from the first visit to the event."""


def main() -> None:
    """Print what it takes at three sizes, and both side by side for the sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=REGISTRIES[REGISTRY].people)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample", type=int, default=200)
    told = parser.parse_args()
    for name, share in SHARES.items():
        people = round(told.people * share)
        sources = published(people)
        jobs: dict[str, Job] = {
            f"every endpoint ({len(standard_endpoints())})": partial(ours, sources=sources, only=standard_endpoints()),
            f"those of pymsprog ({len(SHARED)})": partial(ours, sources=sources, only=SHARED),
        }
        runs = in_turns(jobs, told.rounds)
        every, shared = runs.values()
        print(f"\n{REGISTRY}, {name}: {people:,} people, {rows_read(sources):,} rows read")
        print(show(runs, next(iter(jobs))))
        print(f"{'':<34} {rows_read(sources) / median(run.seconds for run in every):>9,.0f} rows read per second")
    compare(sources, told.people, shared, told.sample, told.rounds)


def published(people: int) -> Sources:
    """Return the tables of an edition with so many people as DuckDB reads them, made at first need."""
    folder = cache_folder() / f"endpoints-{people}"
    made = edition_folder(Settings(mode="demo", state=folder / "state"), REGISTRY, 1)
    if not (made / MANIFEST).exists():
        shutil.rmtree(folder, ignore_errors=True)
        _publish(ensure_folder(folder), people)
    return edition_sources(EditionManifest.model_validate_json((made / MANIFEST).read_bytes()), made)


def _publish(folder: Path, people: int) -> None:
    mapping = MAPPINGS / f"{REGISTRY}.toml"
    with tempfile.TemporaryDirectory(prefix="myelin-benchmark-endpoints-") as temporary:
        raw = Path(temporary) / REGISTRY
        write_registry(REGISTRY, raw, people=people)
        shutil.copy(raw / LABEL, folder)
        make_delivery(raw, "benchmark", datetime.now(UTC), load_mapping(mapping).files)
        database, settings = open_installation(folder)
        publish_source(database, settings, data_manager(database), mapping, raw, lambda step: None)


def rows_read(sources: Sources) -> int:
    """Return how many rows the tables have that endpoints are computed from."""
    return sum(int(duckdb.execute(f"SELECT count(*) FROM {sources[name]}").fetchall()[0][0]) for name in READ)


def ours(folder: Path, *, sources: Sources, only: Sequence[EndpointDefinition]) -> int:
    """Compute endpoints and write their tables; return how many rows these have."""
    with engine(folder) as connection:
        made = endpoint_tables(connection, only, sources)
        tables = [each.table for each in made]
        written = write_tables(connection, tables, lambda table: f"FROM {identifier(table.name)}", folder)
    return sum(entry.rows for entry in written)


def compare(sources: Sources, people: int, whole: Sequence[Run], size: int, rounds: int) -> None:
    """Print pymsprog's time for a sample, per person and for all people, beside ours."""
    sample = _of_sample(sources, size)
    cohort = _cohort(sample)
    theirs, here, answers = [], [], []
    for _ in range(rounds):
        answered = ask({"sample": cohort}, [_question(one) for one in SHARED])
        seconds = answered["seconds"]
        theirs.append(Run(seconds, seconds, answered["peak_kilobytes"] << 10, 0))
        here.append(run_once(partial(ours, sources=sample, only=SHARED)))
        answers = answered["answers"]
    agreement = _agreement(_their_days(cohort, answers), _days(sample))
    print(f"\n{len(SHARED)} endpoints of {size:,} of these people: {agreement}")
    print(show({"pymsprog": theirs, "Myelin": here}, "Myelin"))
    a_person, measured = median(run.seconds for run in theirs) / size, median(run.seconds for run in whole)
    print(
        f"For {people:,} people: pymsprog {a_person * people / 3600:,.1f} hours in a straight line "
        f"({a_person * 1000:,.0f} ms a person), Myelin {measured:,.1f} seconds, measured: "
        f"{a_person * people / measured:,.0f} times as fast"
    )


def _of_sample(sources: Sources, size: int) -> Sources:
    """Return the tables of people drawn by a hash: with two scores, and relapses to the day as pymsprog takes them."""
    chosen = duckdb.execute(f"""
        SELECT patient_id FROM {sources["visit"]} WHERE visit_precision = 'day' AND edss IS NOT NULL
            AND patient_id NOT IN (SELECT patient_id FROM {sources["relapse"]} WHERE relapse_precision <> 'day')
        GROUP BY patient_id HAVING count(*) > 1 ORDER BY hash(patient_id) LIMIT {size:d}
    """).fetchall()
    listed = ", ".join(literal(person) for (person,) in chosen)
    return {name: f"(FROM {sources[name]} WHERE patient_id IN ({listed}))" for name in READ}


def _cohort(sample: Sources) -> dict[str, Any]:
    day = "- DATE '1970-01-01'"
    visits = f"SELECT patient_id, visit_date {day}, edss FROM {sample['visit']} WHERE visit_precision = 'day'"
    relapses = f"SELECT patient_id, relapse_date {day} FROM {sample['relapse']}"
    return {
        "visits": duckdb.execute(f"{visits} AND edss IS NOT NULL").fetchall(),
        "relapses": duckdb.execute(relapses).fetchall(),
    }


def _question(definition: EventDefinition) -> dict[str, Any]:
    rules = definition.parameters
    cut_off = getattr(rules, "half_step_from", None)
    return {"cohort": "sample", "arguments": arguments(rules), "half_step_from": cut_off}


def _their_days(cohort: dict[str, Any], answers: Sequence[Mapping[str, Any]]) -> list[Days]:
    first: Days = {}
    for person, day, _ in cohort["visits"]:
        first[person] = min(day, first.get(person, day))
    return [
        {
            person: int(event[0]) - (0 if isinstance(one, MilestoneDefinition) else first[person])
            for person, event in found.items()
        }
        for one, found in zip(SHARED, answers, strict=True)
    ]


def _days(sample: Sources) -> list[Days]:
    with duckdb.connect() as connection:
        made = endpoint_tables(connection, SHARED, sample)
        query = "SELECT patient_id, event_days FROM {} WHERE event = 'yes'"
        return [dict(connection.execute(query.format(each.table.name)).fetchall()) for each in made]


def _agreement(theirs: Sequence[Days], found: Sequence[Days]) -> str:
    pairs = [(a.get(p), b.get(p)) for a, b in zip(theirs, found, strict=True) for p in a.keys() | b.keys()]
    same = sum(a == b for a, b in pairs)
    return f"{same:,} of {len(pairs):,} events are the same"


if __name__ == "__main__":
    main()
