"""Source files are taken in whole or refused with a report, and nothing is published on refusal."""

import stat
from pathlib import Path

import duckdb
import pytest

from core.database import Database
from core.errors import InvalidInput, Refused
from core.people.models import Person
from core.settings import Settings
from data_catalog.errors import DataRejected, EditionNotFound
from data_catalog.models import DATASETS
from data_catalog.report import SHOWN_PER_RULE
from data_catalog.service import dataset_declaration, edition, ingest_dataset, newest_editions
from tests.data_catalog.conftest import HEADER, ROW, Ingest
from tests.support.catalog import ON_ONE_ENGINE, sources_of


def rows_of(settings: Settings, dataset_id: str, table: str) -> list[tuple[object, ...]]:
    path = settings.vault / dataset_id / "1" / f"{table}.parquet"
    return duckdb.sql(f"FROM read_parquet('{path}')").fetchall()


def test_values_get_their_declared_types(ingest: Ingest, settings: Settings) -> None:
    ingest(f"{HEADER}\n{ROW}\nipt 02,2002-01-31,41,NA,,2,SE,\n")
    path = settings.vault / "clinic" / "1" / "visits.parquet"
    described = duckdb.sql(f"DESCRIBE FROM read_parquet('{path}')").fetchall()
    assert [(row[0], row[1]) for row in described] == [
        ("patient_id", "VARCHAR"),
        ("visit_date", "DATE"),
        ("age", "BIGINT"),
        ("schooling", "BIGINT"),
        ("edss", "DOUBLE"),
        ("gender", "INTEGER"),
        ("country", "VARCHAR"),
        ("note", "VARCHAR"),
    ]
    first, second = rows_of(settings, "clinic", "visits")
    assert (first[0], str(first[1]), *first[2:]) == ("ipt 01", "2001-05-07", 34, 20, 2.5, 1, "MX", "well")
    assert second[2:] == (41, None, None, 2, "SE", None)


ACCEPTED = {
    "lines that end with CR LF": f"{HEADER}\r\n{ROW}\r\n",
    "no line end at the end": f"{HEADER}\n{ROW}",
    "a byte order mark": f"\ufeff{HEADER}\n{ROW}\n",
    "blank lines": f"{HEADER}\n\n{ROW}\n\n",
    "quoted values": f'{HEADER}\n"ipt 01","2001-05-07","34","20.0","2.5","1","MX","well, ""so""\nand so"\n',
    "columns in another order": "Note,ID,date,Age,School,EDSS,Sex,Country\nwell,ipt 01,2001-05-07,34,20.0,2.5,1,MX\n",
}


@ON_ONE_ENGINE
@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_what_csv_files_are_like_is_accepted(ingest: Ingest, settings: Settings, text: str) -> None:
    assert ingest(text).tables[0].rows == 1
    assert rows_of(settings, "clinic", "visits")[0][0] == "ipt 01"


BAD_VALUES = {
    "a code outside the list": (",1,MX", ",3,MX", "column Sex: not one of the codes 1, 2", "'3'"),
    "a word outside the list": (",MX,", ",mx,", "column Country: not one of the codes MX, SE", "'mx'"),
    "a word for a number": (",34,", ",old,", "column Age: not of type integer", "'old'"),
    "a fraction for a whole number": (",34,", ",34.5,", "column Age: not of type integer", "'34.5'"),
    "a point and zero that is not declared": (",34,", ",34.0,", "column Age: not of type integer", "'34.0'"),
    "a number with a space": (",34,", ", 34,", "column Age: not of type integer", "' 34'"),
    "a number too large to keep": (",34,", f",{10**19},", "column Age: not of type integer", f"'{10**19}'"),
    "infinity": (",2.5,", ",inf,", "column EDSS: not of type decimal", "'inf'"),
    "an exponent": (",2.5,", ",1e0,", "column EDSS: not of type decimal", "'1e0'"),
    "under the minimum": (",34,", ",-1,", "column Age: under the minimum 0", "'-1'"),
    "over the maximum": (",34,", ",111,", "column Age: over the maximum 110", "'111'"),
    "between two steps": (",2.5,", ",2.4,", "column EDSS: not in steps of 0.5 from 0", "'2.4'"),
    "a day there is not": ("2001-05-07", "2001-02-30", "column date: not of type date", "'2001-02-30'"),
    "a date of another form": ("2001-05-07", "07.05.2001", "column date: not of type date", "'07.05.2001'"),
    "a date too early": ("2001-05-07", "1999-12-31", "column date: under the minimum 2000-01-01", "'1999-12-31'"),
    "a missing value": (",34,", ",,", "column Age: a value is missing", "row 1"),
    "a missing code where none is declared": (",34,", ",NA,", "column Age: not of type integer", "'NA'"),
    "a missing identifier": ("ipt 01", "", "column ID: a value is missing", "row 1"),
    "an identifier with spaces around": ("ipt 01", " ipt 01", "column ID: not of type identifier", "' ipt 01'"),
    "a control character": ("well", "we\x07ll", "column Note: not of type text", "'we\\x07ll'"),
}


@ON_ONE_ENGINE
@pytest.mark.parametrize(("good", "bad", "rule", "shown"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_bad_value_is_refused_by_row_column_value_and_rule(
    ingest: Ingest, database: Database, settings: Settings, good: str, bad: str, rule: str, shown: str
) -> None:
    assert good in ROW
    with pytest.raises(DataRejected) as refused:
        ingest(f"{HEADER}\n{ROW.replace(good, bad)}\n")
    report = str(refused.value)
    assert rule in report
    assert shown in report
    assert "row 1" in report
    assert refused.value.exit_code == 2
    assert is_empty(database, settings)


def is_empty(database: Database, settings: Settings) -> bool:
    return newest_editions(database) == [] and list(settings.vault.iterdir()) == []


FORM = {
    "fewer values than columns": (f"{HEADER}\n{ROW}\nipt 02,2001-05-07\n", "fewer values than the header has columns"),
    "more values than columns": (f"{HEADER}\n{ROW},1\n", "more values than the header has columns"),
    "an open quotation mark": (f'{HEADER}\n{ROW}\n"ipt 02,2001-05-07,34,20.0,2.5,1,MX,\n', "quotation mark"),
    "a missing column": (f"{HEADER.replace(',Age', '')}\n", "column Age: missing from the header of visits.csv"),
    "a column nobody declared": (f"{HEADER},Phone\n{ROW},5\n", "column 'Phone': not declared"),
    "a column with another name": (f"{HEADER.replace('Age', 'age')}\n{ROW}\n", "not declared; did you mean 'Age'?"),
    "a column twice": (f"{HEADER},Age\n{ROW},34\n", "column Age: in the header more than once"),
    "no header": (f"{ROW}\n", "missing from the header"),
    "nothing at all": ("", "missing from the header"),
    "NUL bytes": (f"{HEADER}\n{ROW.replace('well', 'we' + chr(0) + 'll')}\n", "NUL bytes"),
    "line ends of two kinds": (f"{HEADER}\r\n{ROW}\n", "must end its lines all with LF or all with CR LF"),
    "line ends of old": (f"{HEADER}\r{ROW}\r", "must end its lines all with LF or all with CR LF"),
    "a header and nothing else": (f"{HEADER}\n", "two parsers count 0 and none"),
    "a visit twice": (f"{HEADER}\n{ROW}\n{ROW}\n", "columns ID, date: already in an earlier row (once)"),
}


@ON_ONE_ENGINE
@pytest.mark.parametrize(("text", "said"), FORM.values(), ids=FORM)
def test_a_malformed_file_is_refused(
    ingest: Ingest, database: Database, settings: Settings, text: str, said: str
) -> None:
    with pytest.raises(DataRejected) as refused:
        ingest(text)
    assert said.removeprefix("columns ID, date: ") in str(refused.value)
    assert is_empty(database, settings)


def test_another_encoding_is_refused(ingest: Ingest, database: Database, settings: Settings) -> None:
    with pytest.raises(DataRejected, match="not UTF-8"):
        ingest(f"{HEADER}\n{ROW.replace('well', 'señor')}\n".encode("latin-1"))
    assert is_empty(database, settings)


def test_a_parser_that_loses_rows_is_noticed(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB 2.0, told that lines end with LF where they end with CR LF, gives no rows and no error."""
    monkeypatch.setattr("data_catalog.sources.delimited.line_ends", lambda *_: ("\\n", []))
    with pytest.raises(DataRejected, match="two parsers count 0 and 2"):
        ingest(f"{HEADER}\r\n{ROW}\r\n{ROW.replace('01', '02')}\r\n")


def test_every_violation_is_counted_and_the_first_are_shown(ingest: Ingest) -> None:
    rows = [ROW.replace("ipt 01", f"ipt {n:03}").replace(",34,", ",200,").replace(",MX,", ",XX,") for n in range(100)]
    with pytest.raises(DataRejected) as refused:
        ingest("\n".join([HEADER, *rows]))
    report = refused.value.report
    assert [(finding.column, finding.total, len(finding.first)) for finding in report.findings] == [
        ("Age", 100, SHOWN_PER_RULE),
        ("Country", 100, SHOWN_PER_RULE),
    ]
    assert [violation.row for violation in report.findings[0].first] == list(range(1, SHOWN_PER_RULE + 1))
    assert "200 place(s)" in str(refused.value)
    assert "… and 80 more" in str(refused.value)


def test_a_long_value_is_cut_in_the_report(ingest: Ingest) -> None:
    with pytest.raises(DataRejected) as refused:
        ingest(f"{HEADER}\n{ROW.replace(',34,', ',' + 'x' * 500 + ',')}\n")
    assert "x" * 60 + "…" in str(refused.value)
    assert "x" * 61 not in str(refused.value)


def test_a_missing_file_is_said_so(
    database: Database, settings: Settings, people: dict[str, Person], declaration_file: Path, sources: Path
) -> None:
    with pytest.raises(InvalidInput, match=r"There is no file visits\.csv in .*sources"):
        ingest_dataset(database, settings, people["dana"], declaration_file, sources)


@pytest.mark.parametrize("username", ["olga", "dirk", "chris", "lena", "anna"])
def test_only_data_managers_take_data_in(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    declaration_file: Path,
    sources: Path,
    username: str,
) -> None:
    with pytest.raises(Refused, match="data_catalog:edition:publish"):
        ingest_dataset(database, settings, people[username], declaration_file, sources)


@pytest.mark.parametrize(("dataset_id", "table"), [("cis_cohort", "patients"), ("edss_visits", "visits")])
def test_the_records_of_the_demo_are_taken_in_with_their_faults(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path, dataset_id: str, table: str
) -> None:
    sources = sources_of(dataset_id, tmp_path)
    manifest = ingest_dataset(database, settings, people["dana"], DATASETS / f"{dataset_id}.toml", sources)
    rows = (sources / manifest.sources[0].name).read_text().splitlines()[1:]
    assert manifest.table(table).rows == len(rows)
    missing = sum(value is None for row in rows_of(settings, dataset_id, table) for value in row)
    assert missing == sum(value == "" for row in rows for value in row.split(",")) > 0


def test_editions_are_numbered_and_found(ingest: Ingest, database: Database) -> None:
    assert [ingest(f"{HEADER}\n{ROW}\n").number for _ in range(2)] == [1, 2]
    assert edition(database, "clinic").number == 2
    assert edition(database, "clinic", 1).number == 1
    assert dataset_declaration(database, "clinic", 1).tables[0].name == "visits"
    assert [(found.dataset, found.number) for found in newest_editions(database)] == [("clinic", 2)]
    with pytest.raises(EditionNotFound, match="no edition 3 of the dataset clinic"):
        edition(database, "clinic", 3)
    with pytest.raises(EditionNotFound, match="There is no dataset 'clinik'; did you mean 'clinic'"):
        edition(database, "clinik")


def test_nobody_else_reads_the_vault(ingest: Ingest, settings: Settings) -> None:
    ingest(f"{HEADER}\n{ROW}\n")
    for path in [settings.vault, *settings.vault.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o400)
