"""Nothing a project was not approved for is anywhere its container reaches: not one byte of it.

Sentinels are planted in every unapproved variable, in every row outside the filter, in every identifier, in a table
and in a dataset the project does not have. Approved values of approved rows carry a mark of their own, which the
search must find where it finds no sentinel: so a search that finds nothing has looked.
"""

import csv
import json
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.database import Database, metadata
from core.files import ensure_folder
from core.people.models import Person
from core.settings import Settings
from data_catalog.service import ingest_dataset
from hub.container import RESEARCHER, Mount, mounts_of
from hub.folders import ensure_workspace
from hub.views import make_views
from projects.access import check_access
from projects.service import activate_project
from tests.attacks import sentinel_search
from tests.attacks.sentinel_search import search
from tests.support.catalog import application_file, approved_project, no_network

NUMBER_MARK, DATE_MARK = "7340912", "7349-"
TEXT_MARK = f"sentinel-{NUMBER_MARK}"
CONTROL_MARK = "5512043"
SENTINELS = [NUMBER_MARK, DATE_MARK, TEXT_MARK]

PEOPLE, IN_FILTER = 600, 300

Value = Callable[[str, int], str]
SENTINEL: dict[str, Value] = {
    "text": lambda name, row: f"{TEXT_MARK}-{name}-{row}",
    "integer": lambda name, row: f"{NUMBER_MARK}{len(name)}{row:04}",
    "decimal": lambda name, row: f"{NUMBER_MARK}.{len(name)}{row:04}5",
    "date": lambda name, row: f"{DATE_MARK}{1 + len(name) % 12:02}-{1 + row % 28:02}",
    "code": lambda name, row: f"{NUMBER_MARK}{row % 3}",
}
SENTINEL["identifier"] = SENTINEL["text"]
PLAIN: dict[str, Value] = {
    "text": lambda name, row: f"{CONTROL_MARK}-{name}",
    "integer": lambda name, row: f"{CONTROL_MARK}{row % 7}",
    "decimal": lambda name, row: f"{CONTROL_MARK}.{row % 7}5",
    "date": lambda name, row: f"2006-05-{1 + row % 28:02}",
    "code": lambda name, row: "1",
}

IDENTIFIERS = {"person_id": "identifier", "full_name": "text"}
FILTERED_BY = {"keep": "code"}
APPROVED = {f"approved_{kind}": kind for kind in PLAIN}
HIDDEN = {f"hidden_{kind}": kind for kind in PLAIN}
VARIABLES = {**IDENTIFIERS, **FILTERED_BY, **APPROVED, **HIDDEN}

CODES = {
    "keep": "{ yes = 'in', no = 'out' }",
    "approved_code": "{ 1 = 'plain' }",  # the codes of an approved variable are for its dictionary
    "hidden_code": "{ " + ", ".join(f"{SENTINEL['code']('', n)} = '{TEXT_MARK}-label'" for n in range(3)) + " }",
}


def declare(path: Path, dataset_id: str, *tables: str) -> Path:
    """Declare a dataset whose tables are all alike."""
    lines = [f'id = "{dataset_id}"', 'label = "Sentinels"', 'source = "a test"', 'licence = "CC0"']
    for table in tables:
        lines += ["[[tables]]", f'name = "{table}"', 'label = "A table"', f'file = "{table}.csv"']
        lines.append('person = "person_id"')
        for name, kind in VARIABLES.items():
            sensitivity = "identifier" if name in IDENTIFIERS else "sensitive"
            lines += ["[[tables.variables]]", f'name = "{name}"', f'column = "{name}"', f'label = "{name}"']
            lines += [f'type = "{kind}"', f'sensitivity = "{sensitivity}"']
            if kind == "code":
                lines.append(f"codes = {CODES[name]}")
    path.write_text("\n".join(lines))
    return path


def plant(path: Path, plain_rows: int) -> set[str]:
    """Write a table whose first rows pass the filter with plain approved values; return the sentinels: all else."""
    planted: set[str] = set()

    def value(name: str, kind: str, row: int) -> str:
        if name in FILTERED_BY:
            return "yes" if row < plain_rows else "no"
        if name == "approved_code" or (name in APPROVED and row < plain_rows):
            return PLAIN[kind](name, row)
        planted.add(SENTINEL[kind](name, row))
        return SENTINEL[kind](name, row)

    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(VARIABLES)
        writer.writerows([value(name, kind, row) for name, kind in VARIABLES.items()] for row in range(PEOPLE))
    return planted


@pytest.fixture
def planted(tmp_path: Path, database: Database, settings: Settings, people: dict[str, Person]) -> set[str]:
    """Two datasets full of sentinels, published."""
    sources = ensure_folder(tmp_path / "sources")
    planted = (
        plant(sources / "people.csv", IN_FILTER) | plant(sources / "scans.csv", 0) | plant(sources / "other.csv", 0)
    )
    for dataset_id, tables in (("planted", ("people", "scans")), ("elsewhere", ("other",))):
        declaration = declare(tmp_path / f"{dataset_id}.toml", dataset_id, *tables)
        ingest_dataset(database, settings, people["dana"], declaration, sources)
    return planted


@pytest.fixture
def mounts(database: Database, settings: Settings, people: dict[str, Person], planted: set[str]) -> frozenset[Mount]:
    """What the hub mounts for a member of a project that was activated with the real image."""
    asked = {"planted": {"people": {"variables": list(APPROVED), "row_filter": "keep = 'yes'"}}}
    approved_project(database, people, application_file(datasets=asked))
    views = partial(make_views, settings)
    activate_project(database, settings, people["olga"], "cis-spinal", make_views=views, make_network=no_network)
    access = check_access(database, "rosa", "cis-spinal")
    ensure_workspace(access, settings)
    return mounts_of(access, settings)


def search_inside(mounts: frozenset[Mount], settings: Settings, marks: list[str], folders: list[str]) -> set[str]:
    """Run the search in a container with these mounts, as the user researchers are there."""
    options = ["--rm", "--interactive", "--network", "none", "--read-only", "--user", f"{RESEARCHER}:{RESEARCHER}"]
    for mount in mounts:
        read_only = ",readonly" if mount.read_only else ""
        options += ["--mount", f"type=bind,source={mount.source},target={mount.target}{read_only}"]
    command = ["docker", "run", *options, settings.notebook_image, "python", "-", ",".join(marks), *folders]
    program = Path(sentinel_search.__file__).read_text()
    done = subprocess.run(command, input=program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_no_sentinel_is_in_reach_of_the_container(
    mounts: frozenset[Mount], settings: Settings, planted: set[str]
) -> None:
    targets = [mount.target for mount in mounts]
    assert planted <= search(SENTINELS, [settings.vault]), "the search finds what the vault holds"
    assert search_inside(mounts, settings, [CONTROL_MARK], targets) != set(), "and what the container may see"

    assert search(SENTINELS, [mount.source for mount in mounts]) == set()
    assert search_inside(mounts, settings, SENTINELS, targets) == set()
    assert search_inside(mounts, settings, [TEXT_MARK], ["/"]) == set()


def test_the_file_of_views_holds_definitions_only(mounts: frozenset[Mount]) -> None:
    """No table, no free block, no block of rows: nowhere a value could stand that the search can't unpack."""
    (data,) = (mount.source for mount in mounts if mount.target == "/data")
    with duckdb.connect(data / "project.duckdb", read_only=True) as connection:
        assert connection.execute("FROM duckdb_tables()").fetchall() == []
        (blocks,) = connection.execute("SELECT (total_blocks, free_blocks) FROM pragma_database_size()").fetchall()
        (metadata_blocks,) = connection.execute("SELECT count(*) FROM pragma_metadata_info()").fetchall()
    assert blocks == ((metadata_blocks[0], 0),)


def test_rows_stay_in_the_vault(mounts: frozenset[Mount], settings: Settings, database: Database) -> None:
    """What is declared is in the control database; no value of anybody's is, nor in what work leaves behind."""
    labels = {sentinel for sentinel in search(SENTINELS, [settings.state]) if sentinel.endswith("label")}
    beside = [path for path in settings.state.iterdir() if path != settings.vault]
    assert search([TEXT_MARK, DATE_MARK], beside) <= labels
    with database.read() as connection:
        kept = str([connection.execute(table.select()).fetchall() for table in metadata.sorted_tables])
    assert set(re.findall(rf"{TEXT_MARK}[a-z0-9_-]*", kept)) == labels


def in_parquet(folder: Path, **options: object) -> None:
    column = {"column": [f"{TEXT_MARK}-{row}" for row in range(500)]}
    pq.write_table(pa.table(column), folder / "t.parquet", compression="zstd", **options)


def in_footer(folder: Path) -> None:
    schema = pa.schema([("column", pa.int64())], metadata={"note": f"{TEXT_MARK}-1"})
    pq.write_table(pa.table({"column": [1]}, schema=schema), folder / "t.parquet")


def in_free_pages(folder: Path) -> None:
    with duckdb.connect(folder / "t.duckdb") as connection:
        connection.execute("PRAGMA force_compression = 'uncompressed'")
        for table in ("gone", "kept"):  # the end of a file is cut off, so what goes must not stand there
            text = f"{TEXT_MARK}-" if table == "gone" else "nothing-"
            connection.execute(f"CREATE TABLE {table} AS SELECT '{text}' || x AS x FROM range(50_000) r(x)")
            connection.execute("CHECKPOINT")
        connection.execute("DROP TABLE gone; CHECKPOINT")


HIDING_PLACES: dict[str, Callable[[Path], object]] = {
    "pages with a dictionary": partial(in_parquet, use_dictionary=True),
    "plain pages": partial(in_parquet, use_dictionary=False),
    "pages of differences": partial(in_parquet, use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY"),
    "a footer": in_footer,
    "free pages of a DuckDB file": in_free_pages,
    "a file's name": lambda folder: (folder / f"{TEXT_MARK}-1").touch(),
    "a link's target": lambda folder: (folder / "link").symlink_to(f"/{TEXT_MARK}-1"),
}


@pytest.mark.parametrize("hide", HIDING_PLACES.values(), ids=HIDING_PLACES)
def test_the_search_finds_what_is_hidden_well(tmp_path: Path, hide: Callable[[Path], object]) -> None:
    hide(tmp_path)
    assert search([TEXT_MARK], [tmp_path]) != set()
