"""Texts of few values go through a cut as enums: the same values, faster, and none of rows that are left out."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.cut import FILTER, VARIABLES
from benchmarks.data import PERSON_BY_PERSON, VISIT_BY_VISIT, vault_table
from data_catalog.cut import make_cut
from data_catalog.cut_request import CutRequest, CutTable
from data_catalog.engine import write_parquet
from data_catalog.enums import MOST_VALUES, make_enums
from data_catalog.pseudonyms import pseudonym
from tests.support.catalog import empty_views

KEY = bytes(range(32))
ODD = ["", "it's", 'a "quoted" one', "žluť", "a\tb\0c", "x" * 300, None, "plain"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Rows 0 to 9,999 with a text of few values, one of as many as rows, and one that few rows have."""
    path = tmp_path / "source.parquet"
    rows = range(10_000)
    columns = {
        "row": list(rows),
        "few": [ODD[row % len(ODD)] for row in rows],
        "many": [f"text {row}" for row in rows],
        "rare": ["of a left-out row" if row >= 9_000 else None if row % 2 else "kept" for row in rows],
    }
    with duckdb.connect() as connection:
        connection.register("given", pa.table(columns))
        write_parquet(connection, "FROM given", path)
    return path


def query(source: Path, enums: dict[str, str], names: list[str], condition: str = "TRUE") -> str:
    read = ", ".join(f"{enums.get(name, name)} AS {name}" for name in names)
    return f"SELECT {read} FROM read_parquet('{source}') WHERE {condition} ORDER BY row"


def dictionary(path: Path, name: str) -> list[object]:
    """Return what the file's own dictionary of a column holds, used or not."""
    (chunk,) = pq.read_table(path, read_dictionary=[name])[name].chunks
    return chunk.dictionary.to_pylist()  # type: ignore[no-any-return]


def test_the_values_are_those_of_the_source(source: Path) -> None:
    with duckdb.connect() as connection:
        enums = make_enums(connection, "t", source, "TRUE", ["few", "many", "rare"])
        assert set(enums) == {"few", "rare"}
        names = ["few", "many", "rare"]
        read = connection.execute(query(source, enums, names)).fetchall()
        assert read == connection.execute(query(source, {}, names)).fetchall()
        kind = connection.execute(f"SELECT typeof(few) FROM ({query(source, enums, names)})").fetchone()
    assert kind is not None
    assert kind[0].startswith("ENUM")


def test_the_file_says_of_their_type_what_it_says_of_a_text(source: Path, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        enums = make_enums(connection, "t", source, "TRUE", ["few"])
        for name, read in (("enum", enums), ("text", {})):
            write_parquet(connection, query(source, read, ["few"]), tmp_path / name)
    assert pq.ParquetFile(tmp_path / "enum").schema.equals(pq.ParquetFile(tmp_path / "text").schema)


def test_the_dictionary_holds_no_value_of_a_row_that_is_left_out(source: Path, tmp_path: Path) -> None:
    """An enum goes into the file whole: one made of all rows has a place for what only left-out rows say."""
    path, kept = tmp_path / "cut.parquet", "row < 9000"
    found = []
    for of_rows in (kept, "TRUE"):
        with duckdb.connect() as connection:
            enums = make_enums(connection, "t", source, of_rows, ["rare"])
            write_parquet(connection, query(source, enums, ["rare"], kept), path)
        found.append(dictionary(path, "rare"))
    assert found[0] == ["kept"]
    assert len(found[1]) == 2


def test_the_values_stand_in_their_own_order_not_in_the_source_s(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.parquet"
    with duckdb.connect() as connection:
        enums = make_enums(connection, "t", source, "TRUE", ["few"])
        write_parquet(connection, query(source, enums, ["few"]), path)
    assert dictionary(path, "few") == sorted(text for text in ODD if text is not None)


def test_nothing_chosen_or_nothing_there_is_no_trouble(source: Path) -> None:
    with duckdb.connect() as connection:
        assert make_enums(connection, "t", source, "TRUE", []) == {}
        enums = make_enums(connection, "t", source, "row < 0", ["few"])
        assert connection.execute(query(source, enums, ["few"], "row < 0")).fetchall() == []


@pytest.mark.parametrize(("values", "is_enum"), [(MOST_VALUES, True), (MOST_VALUES + 1, False)])
def test_a_text_of_more_values_stays_a_text_also_where_no_row_group_has_as_many(
    tmp_path: Path, values: int, is_enum: bool
) -> None:
    path = tmp_path / "source.parquet"
    with duckdb.connect() as connection:
        made = f"SELECT 'value ' || i * {values} // 300000 AS value FROM range(300000) AS r(i)"
        write_parquet(connection, made, path)
        assert pq.ParquetFile(path).num_row_groups > 1
        assert bool(make_enums(connection, "t", path, "TRUE", ["value"])) is is_enum


def test_a_text_that_is_not_among_the_values_is_refused_and_never_lost(source: Path) -> None:
    with duckdb.connect() as connection:
        enums = make_enums(connection, "t", source, "row < 9000", ["rare"])
        with pytest.raises(duckdb.ConversionException):
            connection.execute(query(source, enums, ["rare"])).fetchall()


def cut_of(table: CutTable, folder: Path) -> Path:
    work = folder / "work"
    work.mkdir(parents=True)
    made = folder / "cut"
    made.mkdir()
    make_cut(CutRequest("registry", 1, datetime(2026, 6, 1, tzinfo=UTC), KEY, (table,)), made, work, empty_views)
    return made / "benchmark" / "visit.parquet"


def test_a_cut_of_them_has_the_vault_s_values_and_the_same_bytes_from_either_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve variables of a registry, five of them such texts, where rows stand visit by visit and person by person."""
    monkeypatch.setenv("MYELIN_BENCHMARKS", str(tmp_path / "records"))
    tables = [vault_table(20_000, VARIABLES, FILTER, order) for order in (VISIT_BY_VISIT, PERSON_BY_PERSON)]
    visits, people = (cut_of(table, tmp_path / str(number)) for number, table in enumerate(tables))
    assert visits.read_bytes() == people.read_bytes()
    names = pq.ParquetFile(visits).schema.names[1:]
    vault = duckdb.sql(
        f"SELECT patient_id, {', '.join(names)} FROM {tables[0].source} WHERE {tables[0].condition}"
    ).fetchall()
    expected = [(pseudonym(KEY, "benchmark", row[0]), *row[1:]) for row in vault]
    found = duckdb.sql(f"FROM read_parquet('{visits}')").fetchall()
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert dictionary(visits, "course") == ["ppms", "rrms", "spms"]
