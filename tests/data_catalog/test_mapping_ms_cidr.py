"""The mapping of MS CIDR against the trials it is for: columns that are there, codes that are listed, rows that fit."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyreadstat
import pytest
import sqlglot
from sqlglot import exp

import data_catalog
from data_catalog.synth import trials as synth

MAPPING = Path(data_catalog.__file__).parent / "mappings" / "ms_cidr.toml"
PEOPLE, VISITS, SCANS = 420, 6400, 1670
SEED = 8  # with deaths in trials of both forms

Spec = dict[str, Any]


def load() -> Spec:
    return tomllib.loads(MAPPING.read_text(encoding="utf-8"))


SPEC = load()
BLOCKS = [pytest.param(block, id=f"{number}-{block['table']}") for number, block in enumerate(SPEC["tables"])]


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trials") / "ms_cidr"
    synth.write_trials(folder, people=PEOPLE, visits=VISITS, scans=SCANS, seed=SEED)
    return folder


@pytest.fixture(scope="module")
def raw(delivery: Path) -> dict[str, list[pl.DataFrame]]:
    """Every file of the mapping as it arrives: its parts, all values text and blank missing."""
    return {name: [as_text(path) for path in sorted(delivery.glob(pattern(file)))] for name, file in files()}


@pytest.fixture(scope="module")
def database(raw: dict[str, list[pl.DataFrame]]) -> duckdb.DuckDBPyConnection:
    """The mapping's files as tables, with supplemental values merged back and rows chosen."""
    connection = duckdb.connect()
    for name, file in files():
        rows = pl.concat(raw[name], how="diagonal")
        if "supplemental" in file:
            rows = merged(rows, pl.concat(raw[file["supplemental"]], how="diagonal"))
        absent = [pl.lit(None, pl.String).alias(name) for name in file.get("columns", []) if name not in rows.columns]
        connection.register("arriving", rows.with_columns(absent))
        where = f"WHERE {file['where']}" if "where" in file else ""
        connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM arriving {where}')
    return connection


def files() -> Iterator[tuple[str, Spec]]:
    return iter(SPEC["files"].items())


def pattern(file: Spec) -> str:
    """Return where the trials that are drawn keep a file: a domain's under its name."""
    return file["path"] if "path" in file else f"*/{file['domain'].lower()}.xpt"


def as_text(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        return pl.read_csv(path, infer_schema=False)
    rows = pyreadstat.read_xport(path, output_format="polars")[0]
    text = rows.with_columns(pl.all().cast(pl.String)).with_columns(pl.all().str.strip_suffix(".0"))
    return text.with_columns(pl.when(pl.all() != "").then(pl.all()))


def merged(rows: pl.DataFrame, supp: pl.DataFrame) -> pl.DataFrame:
    """Give a domain the columns its SUPP-- names, by person and, where there is one, by sequence number."""
    (by,) = set(supp["IDVAR"])
    keys = ["USUBJID"] if by is None else ["USUBJID", by]
    wide = supp.rename({"IDVARVAL": by or "IDVARVAL"}).pivot("QNAM", index=keys, values="QVAL", aggregate_function=None)
    return rows.join(wide, on=keys, how="left", validate="m:1" if by is None else "1:1")


def columns_of(sql: str) -> set[str]:
    """Return the columns an expression names, with their file where they say one."""
    found = sqlglot.parse_one(sql, read="duckdb").find_all(exp.Column)
    return {f"{column.table}.{column.name}" if column.table else column.name for column in found}


def named(block: Spec) -> set[str]:
    """Return every source column a block's variables use."""
    used: set[str] = set()
    for rule in block["variables"].values():
        if isinstance(rule, str):
            used.add(rule)
        elif "column" in rule:
            used.add(rule["column"])
        elif "derive" in rule:
            used |= columns_of(rule["derive"])
    return used


def source(block: Spec) -> str:
    """Return a query of a block's rows as its variables see them."""
    where = f"WHERE {block['where']}" if "where" in block else ""
    if "pivot" in block:
        pivot = block["pivot"]
        names = ", ".join(
            f"any_value({pivot['values'][0]}) FILTER (WHERE ({pivot['name']}) = '{name}') AS {name}, "
            f"count(*) FILTER (WHERE ({pivot['name']}) = '{name}') AS twice_{name}"
            for name in pivot["names"]
        )
        listed = ", ".join(f"'{name}'" for name in pivot["names"])
        chosen = f"SELECT * FROM {block['from']} {where}"
        named = f"FROM ({chosen}) WHERE ({pivot['name']}) IN ({listed})"
        return f"SELECT {', '.join(pivot['keys'])}, {names} {named} GROUP BY ALL"
    joins = " ".join(
        f"LEFT JOIN {join['file']} ON "
        + " AND ".join(f"{block['from']}.{mine} = {join['file']}.{theirs}" for mine, theirs in join["on"].items())
        for join in block.get("join", [])
    )
    joined = "".join(f", {join['file']}" for join in block.get("join", []))  # a row of each, as a struct
    return f"SELECT {block['from']}.*{joined} FROM {block['from']} {joins} {where}"


def value(rule: Any) -> str:
    """Return a variable's SQL over the block's rows, without codes, dates or units."""
    return rule if isinstance(rule, str) else rule.get("column") or rule.get("derive") or f"'{rule['value']}'"


def rows_of(database: duckdb.DuckDBPyConnection, block: Spec, *variables: str) -> list[tuple[Any, ...]]:
    chosen = ", ".join(value(block["variables"][name]) for name in variables)
    return database.execute(f"SELECT {chosen} FROM ({source(block)})").fetchall()


def blocks(table: str) -> list[Spec]:
    return [block for block in SPEC["tables"] if block["table"] == table]


# ---- columns and codes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
def test_every_column_a_block_names_is_there(database: duckdb.DuckDBPyConnection, block: Spec) -> None:
    there = {row[0] for row in database.execute(f"DESCRIBE {block['from']}").fetchall()}
    wanted = named(block)
    if "where" in block:
        assert columns_of(block["where"]) <= there
    if "pivot" in block:
        pivot = block["pivot"]
        assert {*pivot["keys"], *columns_of(pivot["name"]), *pivot["values"]} <= there
        there = {*pivot["keys"], *pivot["names"]}
    joined = {join["file"] for join in block.get("join", [])}
    for column in wanted:
        file, _, name = column.rpartition(".")
        if file:
            assert file in joined
            assert name in {row[0] for row in database.execute(f"DESCRIBE {file}").fetchall()}
        else:
            assert name in there, column


def test_every_column_a_block_uses_is_in_every_trial_or_may_be_absent(raw: dict[str, list[pl.DataFrame]]) -> None:
    for name, file in files():
        always = set.intersection(*(set(part.columns) for part in raw[name]))
        used = {c for block in SPEC["tables"] if block["from"] == name and "pivot" not in block for c in named(block)}
        assert {c for c in used if "." not in c} <= always | set(file.get("columns", [])), name


@pytest.mark.parametrize("block", BLOCKS)
def test_every_code_that_occurs_is_listed_and_every_list_is_of_use(
    database: duckdb.DuckDBPyConnection, block: Spec
) -> None:
    for name, rule in block["variables"].items():
        if isinstance(rule, dict) and "codes" in rule:
            found = {row[0] for row in rows_of(database, block, name)} - {None}
            assert found, name
            assert found <= set(rule["codes"]), name


def test_every_test_a_pivot_could_meet_has_its_name(database: duckdb.DuckDBPyConnection) -> None:
    pivoted = [block for block in SPEC["tables"] if "pivot" in block]
    for block in pivoted:
        found = database.execute(f"SELECT DISTINCT {block['pivot']['name']} FROM {block['from']}").fetchall()
        of_file = (other["pivot"]["names"] for other in pivoted if other["from"] == block["from"])
        assert {row[0] for row in found} == {name for names in of_file for name in names}


# ---- rows ------------------------------------------------------------------------------------------------------------

KEYS = {
    "patient": ("patient_id",),
    "visit": ("patient_id", "visit_date"),
    "relapse": ("patient_id", "relapse_date"),
    "mri": ("patient_id", "mri_date", "region"),
    "function_test": ("patient_id", "test_date"),
    "patient_reported": ("patient_id", "report_date"),
    "imaging": ("scan",),
}


@pytest.mark.parametrize("table", KEYS)
def test_a_table_has_each_of_its_keys_once(database: duckdb.DuckDBPyConnection, table: str) -> None:
    keys = [row for block in blocks(table) for row in rows_of(database, block, *KEYS[table])]
    full = [tuple(part if not str(part)[:4].isdigit() else f"{part}-01-01"[:10] for part in key) for key in keys]
    assert full
    assert len(set(full)) == len(full), "also where a date is known to the month or year alone"


@pytest.mark.parametrize(("table", "rows"), [("patient", PEOPLE), ("visit", VISITS), ("imaging", SCANS)])
def test_the_model_gets_exactly_what_the_delivery_holds(
    database: duckdb.DuckDBPyConnection, table: str, rows: int
) -> None:
    assert sum(len(rows_of(database, block, "patient_id")) for block in blocks(table)) == rows


def test_a_pivot_never_has_two_values_for_one_cell(database: duckdb.DuckDBPyConnection) -> None:
    for block in SPEC["tables"]:
        if "pivot" in block:
            most = ", ".join(f"twice_{name}" for name in block["pivot"]["names"])
            assert database.execute(f"SELECT max(greatest({most})) FROM ({source(block)})").fetchone() == (1,)


def test_without_the_merged_qualifier_a_pivot_would_have_two(database: duckdb.DuckDBPyConnection) -> None:
    for block in blocks("visit"):
        careless = {**block, "where": "true"}
        assert careless != block
        assert database.execute(f"SELECT max(twice_EDSS0101) FROM ({source(careless)})").fetchone() == (2,)


LIMITS = {
    ("visit", "edss"): (0, 10),
    ("visit", "fs_visual"): (0, 6),
    ("visit", "fs_brainstem"): (0, 5),
    ("visit", "fs_pyramidal"): (0, 6),
    ("visit", "fs_cerebellar"): (0, 5),
    ("visit", "fs_sensory"): (0, 6),
    ("visit", "fs_bowel_bladder"): (0, 6),
    ("visit", "fs_cerebral"): (0, 5),
    ("visit", "ambulation"): (0, 12),
    ("mri", "t2_volume"): (0, 250),
    ("mri", "brain_volume"): (1000, 2000),
    ("mri", "pbvc"): (-10, 5),
    ("mri", "cord_area"): (20, 130),
    ("function_test", "t25fw"): (1, 180),
    ("function_test", "sdmt"): (0, 110),
    ("function_test", "pasat"): (0, 60),
    ("patient_reported", "msis29_physical"): (1, 5),
    ("patient_reported", "msis29_psychological"): (1, 5),
    ("imaging", "field_strength"): (1.5, 3),
}


@pytest.mark.parametrize(("table", "variable"), LIMITS)
def test_values_in_the_models_unit_are_possible(database: duckdb.DuckDBPyConnection, table: str, variable: str) -> None:
    """The volumes of MO and NV come out alike only if their units were told apart."""
    for block in blocks(table):
        rule = block["variables"][variable]
        scale, offset = (rule.get("scale", 1), rule.get("offset", 0)) if isinstance(rule, dict) else (1, 0)
        values = [float(row[0]) * scale + offset for row in rows_of(database, block, variable) if row[0] is not None]
        low, high = LIMITS[table, variable]
        assert low <= min(values) <= max(values) <= high
        if variable == "t2_volume":
            assert 4 < sum(values) / len(values) < 20


def test_deaths_are_known_from_dm_or_from_ds(database: duckdb.DuckDBPyConnection) -> None:
    (block,) = blocks("patient")
    dated = [row[0] for row in rows_of(database, block, "death_date") if row[0]]
    in_dm = database.execute("SELECT count(DTHDTC) FROM dm").fetchone()
    in_ds = database.execute("SELECT count(*) FROM participation WHERE DSDECOD = 'DEATH'").fetchone()
    assert in_dm is not None
    assert in_ds is not None
    assert 0 < in_dm[0] < len(dated) == in_ds[0], "trials of the shorter form have DS alone"


# ---- what must not be told -------------------------------------------------------------------------------------------


def test_no_drug_can_be_told_from_another(database: duckdb.DuckDBPyConnection) -> None:
    exposure = next(block for block in blocks("treatment") if block["from"] == "ex")
    assert {row[0] for row in rows_of(database, exposure, "drug")} == {"study drug", "placebo"}
    assert "EXTRT" not in MAPPING.read_text(encoding="utf-8")
    suspected = {row[0] for row in rows_of(database, blocks("adverse_event")[0], "suspected_drug")}
    assert suspected == {"study medication", None}
    named_in_source = {row[0] for row in database.execute("SELECT DISTINCT EXTRT FROM ex").fetchall()}
    assert len(named_in_source) > 10, "the source would tell"
    told = {
        str(row[0]) for block in SPEC["tables"] for name in block["variables"] for row in rows_of(database, block, name)
    }
    assert not told & (named_in_source - {"PLACEBO"})
