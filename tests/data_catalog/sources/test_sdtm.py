"""SDTM packages: qualifiers on the rows they are of, and a package whose like no mapping here was written for.

The unseen package has the domains and columns of CDISC's public pilot study. Its values are invented.
"""

from datetime import date
from typing import Any

import polars as pl
import pyreadstat
import pytest

from data_catalog.mapping.models import MappingFile
from data_catalog.mapping.stage import stage, typed
from data_catalog.schema import check_everything
from data_catalog.sources.files import FileSpec, Format
from data_catalog.synthetic import LABEL
from tests.data_catalog.sources.conftest import Reader

PARENT = ["USUBJID,DOMAIN,QSSEQ,QSTESTCD", "S1,QS,1,EDSS", "S1,QS,2,FS", "S2,QS,1,EDSS"]
SUPP = "USUBJID,RDOMAIN,IDVAR,IDVARVAL,QNAM,QVAL"


def read(reader: Reader, parent: list[str], supp: list[str], where: str = "") -> list[str]:
    for name, lines in (("qs", parent), ("suppqs", supp)):
        (reader.folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    specs = {
        "qs": FileSpec(path="qs.csv", supplemental="suppqs"),
        "suppqs": FileSpec(path="suppqs.csv", where=where),
    }
    reader.sign(**specs)
    return [finding.to_text() for finding in reader.read(**specs)]


MERGED = [
    ("a number pointed and padded", ["S1,QS,QSSEQ, 2.00 ,WHO,nurse"], [None, "nurse", None]),
    ("a text", ["S1,QS,QSTESTCD,FS,WHO,nurse"], [None, "nurse", None]),
    ("everyone's row", ["S1,QS,,,WHO,nurse"], ["nurse", "nurse", None]),
    ("a value without a variable", ["S1,QS,,7,WHO,nurse"], ["nurse", "nurse", None]),
    ("by two variables", ["S1,QS,QSSEQ,1,WHO,nurse", "S1,QS,QSTESTCD,FS,WHO,doctor"], ["nurse", "doctor", None]),
    ("no qualifier at all", ["S1,QS,QSSEQ,1,WHO,"], [None, None, None]),
]


@pytest.mark.parametrize(("qualifiers", "who"), [row[1:] for row in MERGED], ids=[row[0] for row in MERGED])
def test_a_qualifier_is_on_the_rows_it_names_and_no_row_is_there_twice(
    reader: Reader, qualifiers: list[str], who: list[str | None]
) -> None:
    assert read(reader, PARENT, [SUPP, *qualifiers]) == []
    assert reader.rows("qs", "_row", "WHO") == [(number, text) for number, text in enumerate(who, 1)]


def test_several_qualifiers_without_a_variable_do_not_multiply_rows(reader: Reader) -> None:
    assert read(reader, PARENT, [SUPP, "S1,QS,,1,WHO,nurse", "S1,QS,,2,WHERE,home"]) == []
    assert reader.rows("qs", "USUBJID", "WHO", "WHERE") == [*[("S1", "nurse", "home")] * 2, ("S2", None, None)]


def test_long_numbers_that_a_floating_one_takes_for_each_other_are_two(reader: Reader) -> None:
    parent = ["USUBJID,QSSPID", "S1,9007199254740992", "S1,9007199254740993"]
    assert float("9007199254740993") == float("9007199254740992")
    assert read(reader, parent, [SUPP, "S1,QS,QSSPID,9007199254740993,WHO,nurse"]) == []
    assert reader.rows("qs", "WHO") == [(None,), ("nurse",)]


REFUSED = [
    ("another domain's", ["S1,FT,,,WHO,nurse"], "of another domain", 1),
    ("without a name", ["S1,QS,QSSEQ,1,WHO,nurse", "S1,QS,QSSEQ,2,,nurse"], "without a name", 2),
    ("a column in other letters", ["S1,QS,QSSEQ,1,qstestcd,nurse"], "and a column too", None),
    ("a name that is taken", ["S1,QS,QSSEQ,1,_file,nurse"], "and a column too", None),
    ("one in two spellings", ["S1,QS,QSSEQ,1,WHO,a", "S1,QS,QSSEQ,1,who,b"], "upper and lower case alone", None),
    ("two values", ["S1,QS,QSSEQ,1,WHO,a", "S1,QS,QSSEQ,1.0,WHO,b"], "a second value", 2),
    ("one value twice", ["S1,QS,QSSEQ,1,WHO,a", "S1,QS,QSSEQ,1,WHO,a"], "a second value", 2),
    ("two values for everyone", ["S1,QS,,1,WHO,a", "S1,QS,,2,WHO,b"], "a second value", 2),
    ("one for all and one for a row", ["S1,QS,,,WHO,a", "S1,QS,QSSEQ,1,WHO,b"], "by another IDVAR", 2),
    ("one by two variables", ["S1,QS,QSTESTCD,EDSS,WHO,a", "S1,QS,QSSEQ,1,WHO,b"], "by another IDVAR", 2),
    ("of nobody", [",QS,QSSEQ,1,WHO,a"], "a row that is not there", 1),
    ("of no number", ["S1,QS,QSSEQ,,WHO,a"], "a row that is not there", 1),
]


@pytest.mark.parametrize(("qualifiers", "words", "row"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_qualifier_that_could_mean_two_things_is_refused_with_its_row(
    reader: Reader, qualifiers: list[str], words: str, row: int | None
) -> None:
    said = read(reader, PARENT, [SUPP, *qualifiers])
    assert all("suppqs" in one for one in said)
    assert words in said[0]
    assert row is None or f"row {row}" in said[0]


def test_a_mapping_may_choose_one_domain_of_a_file_of_many(reader: Reader) -> None:
    many = [SUPP, "S1,FT,FTSEQ,4,WHO,other", "S1,QS,QSSEQ,1,WHO,nurse"]
    (said,) = read(reader, PARENT, many)
    assert "another domain" in said
    for name in ("raw_qs", "raw_suppqs"):
        reader.connection.execute(f"DROP TABLE {name}")
    assert read(reader, PARENT, many, where="RDOMAIN = 'QS'") == []
    assert reader.rows("qs", "WHO") == [("nurse",), (None,), (None,)]


def test_rows_of_nobody_can_not_be_qualified(reader: Reader) -> None:
    (said,) = read(reader, ["DOMAIN,A", "TS,1"], [SUPP, "S1,TS,,,WHO,a"])
    assert "USUBJID" in said
    assert "missing from the rows that are qualified" in said


def test_a_file_that_may_be_absent_and_is_has_no_rows_to_choose_from(reader: Reader) -> None:
    (reader.folder / "dm.csv").write_text("A\n1\n")
    absent = {"path": "*/ds.csv", "optional": True, "where": "DSCAT = 'END'"}
    specs = {"none": FileSpec(**absent), "named": FileSpec(**absent, columns=("DSCAT", "DSTERM"))}
    reader.sign()
    assert reader.read(**specs) == []
    assert (reader.rows("none"), reader.rows("named", "DSCAT", "DSTERM")) == ([], [])


# ---- a package that no mapping here was written for ------------------------------------------------------------------

IDS = {"STUDYID": "INVENTED01"}
VISITS = [(1.0, "SCREENING 1", "2014-01-02"), (3.0, "BASELINE", "2014-01"), (3.1, "AMBUL ECG", "2014-02-15T11:45")]


def person(number: int) -> dict[str, Any]:
    return {**IDS, "DOMAIN": "DM", "USUBJID": f"01-70{number}-{1000 + number}", "SUBJID": str(1000 + number)}


def package() -> dict[str, pl.DataFrame]:
    """The domains of the pilot, as its files have them; every value is invented."""
    dm = [
        {**person(n), "RFSTDTC": "2014-01-02", "RFENDTC": "", "RFXSTDTC": "2014-01-02", "RFXENDTC": "", "RFICDTC": ""}
        | {
            "RFPENDTC": "2014-07-02T11:45",
            "DTHDTC": "",
            "DTHFL": "",
            "SITEID": f"70{n}",
            "BRTHDTC": "",
            "AGE": 60.0 + n,
        }
        | {"AGEU": "YEARS", "SEX": "FM"[n % 2], "RACE": "", "ETHNIC": "", "ARMCD": "Pbo", "ARM": "Placebo"}
        | {"ACTARMCD": "Pbo", "ACTARM": "Placebo", "COUNTRY": "USA", "DMDTC": "2013-12-26", "DMDY": -7.0}
        for n in range(4)
    ]
    sv = [
        {**IDS, "DOMAIN": "SV", "USUBJID": one["USUBJID"], "VISITNUM": number, "VISIT": name, "VISITDY": number * 7}
        | {"SVSTDTC": day, "SVENDTC": day, "SVSTDY": 1.0, "SVENDY": 1.0, "SVUPDES": ""}
        for one in dm
        for number, name, day in VISITS
    ]
    qs = [
        {**IDS, "DOMAIN": "QS", "USUBJID": one["USUBJID"], "QSSEQ": float(seq), "QSTESTCD": code, "QSTEST": code}
        | {"QSCAT": "ADAS-COG", "QSSCAT": "", "QSORRES": str(seq), "QSORRESU": "", "QSSTRESC": str(seq)}
        | {"QSSTRESN": float(seq), "QSSTRESU": "", "QSBLFL": "", "QSDRVFL": "", "VISITNUM": number, "VISIT": name}
        | {"VISITDY": number * 7, "QSDTC": day, "QSDY": 1.0}
        for one in dm
        for seq, (number, name, day, code) in enumerate(((*v, c) for v in VISITS for c in ("ACITM01", "ACTOT")), 1)
    ]
    supp = {"QLABEL": "Completers of Week 16", "QVAL": "Y", "QORIG": "DERIVED", "QEVAL": "CLINICAL STUDY SPONSOR"}
    suppdm = [
        {**IDS, "RDOMAIN": "DM", "USUBJID": one["USUBJID"], "IDVAR": "", "IDVARVAL": "", "QNAM": "COMPLT16", **supp}
        for one in dm[:2]
    ]
    relrec = [
        {**IDS, "RDOMAIN": domain, "USUBJID": dm[0]["USUBJID"], "IDVAR": f"{domain}SEQ", "IDVARVAL": "1"}
        | {"RELTYPE": "", "RELID": "1"}
        for domain in ("AE", "CM")
    ]
    domains = {"dm": dm, "sv": sv, "qs": qs, "suppdm": suppdm, "relrec": relrec}
    return {name: pl.DataFrame(rows) for name, rows in domains.items()}


@pytest.fixture
def pilot(reader: Reader) -> Reader:
    """A reader of the package, in a folder of its study, labelled as what it is."""
    (reader.folder / LABEL).write_text("synthetic\n")
    (reader.folder / "invented01").mkdir()
    for name, frame in package().items():
        path = reader.folder / "invented01" / f"{name}.xpt"
        pyreadstat.write_xport(frame, str(path), table_name=name.upper(), file_format_version=5)
    return reader


def spec(name: str, **said: Any) -> dict[str, Any]:
    return {"path": f"*/{name}.xpt", "format": "xpt", **said}


KNOWS_DM_AND_QS = {
    "id": "unseen",
    "label": "An unseen package",
    "description": "Synthetic: the columns of a public pilot study, with invented values.",
    "source": "a test",
    "licence": "Apache-2.0",
    "files": {
        "dm": spec("dm", supplemental="suppdm", columns=["COMPLT16", "COMPLT24"]),
        "suppdm": spec("suppdm", optional=True, columns=["QORIG"]),
        "qs": spec("qs"),
    },
    "tables": [
        {
            "table": "patient",
            "from": "dm",
            "variables": {
                "patient_id": "USUBJID",
                "study": "STUDYID",
                "arm": {"column": "ARMCD", "codes": {"Pbo": "placebo"}},
                "country": {"column": "COUNTRY", "codes": {"USA": "US"}},
                "sex": {"column": "SEX", "codes": {"F": "female", "M": "male"}},
                "birth_date": {"column": "BRTHDTC", "dates": ["iso"]},
            },
        },
        {
            "table": "visit",
            "from": "qs",
            "pivot": {"keys": ["USUBJID", "QSDTC"], "name": "QSTESTCD", "values": ["QSSTRESN"], "names": ["ACTOT"]},
            "variables": {"patient_id": "USUBJID", "visit_date": {"column": "QSDTC", "dates": ["iso"]}},
        },
    ],
}


def test_an_unseen_package_is_read_by_a_mapping_that_knows_two_of_its_domains(pilot: Reader) -> None:
    mapping = MappingFile.model_validate(KNOWS_DM_AND_QS)
    pilot.sign(**mapping.files)
    assert pilot.read(**mapping.files) == []
    staged = stage(pilot.connection, mapping)
    assert staged.findings == ()
    assert staged.rows == {"patient": 4, "visit": 12}
    relations = [(typed(table.name), table) for table in mapping.declaration.tables]
    assert list(check_everything(pilot.connection, relations, as_of=date(2026, 5, 1))) == []
    visits = pilot.connection.execute(
        f"SELECT visit_date::VARCHAR, visit_precision::VARCHAR FROM {typed('visit')} ORDER BY _row LIMIT 3"
    ).fetchall()
    assert visits == [("2014-01-02", "day"), ("2014-01-01", "month"), ("2014-02-15", "day")]
    assert pilot.rows("dm", "_file", "COMPLT16", "COMPLT24") == [
        *[("invented01/dm.xpt", "Y", None)] * 2,
        *[("invented01/dm.xpt", None, None)] * 2,
    ]


def test_related_records_are_read_like_any_other_domain(pilot: Reader) -> None:
    relrec = FileSpec(path="*/relrec.xpt", format=Format.XPT)
    pilot.sign()
    assert pilot.read(relrec=relrec) == []
    assert pilot.rows("relrec", "RDOMAIN", "IDVAR", "IDVARVAL", "RELTYPE", "RELID") == [
        ("AE", "AESEQ", "1", None, "1"),
        ("CM", "CMSEQ", "1", None, "1"),
    ]


def test_an_unread_domain_that_changed_refuses_the_package_too(pilot: Reader) -> None:
    mapping = MappingFile.model_validate(KNOWS_DM_AND_QS)
    pilot.sign(**mapping.files)
    (pilot.folder / "invented01" / "sv.xpt").write_bytes(b"")
    (finding,) = pilot.read(**mapping.files)
    assert finding.column == "invented01/sv.xpt"


def test_qualifiers_that_no_file_of_the_mapping_holds_are_named(reader: Reader) -> None:
    (reader.folder / "qs.csv").write_text("\n".join(PARENT) + "\n")
    specs = {"qs": FileSpec(path="qs.csv", supplemental="supqs")}
    reader.sign(**specs)
    (finding,) = reader.read(**specs)
    assert (finding.column, finding.rule) == ("supqs", "named as its qualifiers, and no file of the mapping")
