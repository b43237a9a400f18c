"""Packages nobody wrote a mapping for, read by the mapping that ships, as it is: files found by what they hold.

One has the domains and variables of CDISC's public pilot study (Alzheimer's disease), one is a multiple sclerosis trial
as its therapeutic area guide has it. All values are invented.
"""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from data_catalog.errors import DataRejected
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.mapping.stage import Staged, stage, typed
from data_catalog.schema import check_everything
from data_catalog.sources.domains import domain_of
from data_catalog.sources.files import FileSpec, Format
from data_catalog.synthetic import LABEL
from tests.data_catalog.sources.conftest import Reader

SHIPPED = load_mapping(MAPPINGS / "ms_cidr.toml")

Rows = list[dict[str, Any]]
Package = dict[str, Rows]


def records(study: str, domain: str, people: list[str], *rows: dict[str, Any]) -> Rows:
    """Rows of a domain for each person, numbered as the standard does."""
    return [
        {"STUDYID": study, "DOMAIN": domain, "USUBJID": person, f"{domain}SEQ": float(number), **row}
        for person in people
        for number, row in enumerate(rows, 1)
    ]


PILOT = ["01-701-1015", "01-701-1023", "01-718-1371"]


def pilot() -> Package:
    """The pilot's domains with the pilot's variables: no EDSS, other arms, other codes, more domains."""
    of = "CDISCPILOT01"
    arms = [("Pbo", "Placebo"), ("Xan_Hi", "Xanomeline High Dose"), ("Scrnfail", "Screen Failure")]
    dm = [
        {"STUDYID": of, "DOMAIN": "DM", "USUBJID": person, "SUBJID": person[-4:], "RFSTDTC": "2014-01-02"}
        | {"RFENDTC": "", "RFXSTDTC": "", "RFXENDTC": "", "RFICDTC": "", "RFPENDTC": "2014-07-02T11:45"}
        | {"DTHDTC": "", "DTHFL": "", "SITEID": person[3:6], "AGE": 63.0, "AGEU": "YEARS", "SEX": "F"}
        | {"RACE": "WHITE", "ETHNIC": "", "ARMCD": code, "ARM": arm, "ACTARMCD": code, "ACTARM": arm}
        | {"COUNTRY": "USA", "DMDTC": "2013-12-26", "DMDY": -7.0}
        for person, (code, arm) in zip(PILOT, arms, strict=True)
    ]
    ae = {"AESPID": "E07", "AETERM": "APPLICATION SITE ERYTHEMA", "AELLT": "", "AELLTCD": None, "AEPTCD": None}
    ae |= {"AEDECOD": "APPLICATION SITE ERYTHEMA", "AEBODSYS": "", "AESOC": "", "AESEV": "MILD", "AESER": "N"}
    ae |= {"AEACN": "", "AEREL": "PROBABLE", "AEOUT": "NOT RECOVERED/NOT RESOLVED", "AESCAN": "N", "AESCONG": "N"}
    ae |= {"AESDISAB": "N", "AESDTH": "N", "AESHOSP": "N", "AESLIFE": "N", "AESOD": "N", "AEDTC": "2014-01-16"}
    ae |= {"AESTDTC": "2014-01-03", "AEENDTC": "", "AESTDY": 2.0, "AEENDY": None}
    cm = {"CMTRT": "ASPIRIN & CAFFEINE", "CMDECOD": "ACETYLSALICYLIC ACID", "CMINDC": "PAIN", "CMCLAS": "N02BA"}
    cm |= {"CMDOSE": 325.0, "CMDOSU": "mg", "CMROUTE": "ORAL", "CMSTDTC": "2003---02", "CMENDTC": ""}
    ds = {"DSSPID": "24", "DSTERM": "PROTOCOL COMPLETED", "DSDECOD": "COMPLETED", "DSCAT": "DISPOSITION EVENT"}
    ds |= {"DSDTC": "2014-07-02", "DSSTDTC": "2014-07-02", "DSSTDY": 182.0}
    ex = {"EXTRT": "PLACEBO", "EXDOSE": 0.0, "EXDOSU": "mg", "EXDOSFRM": "PATCH", "EXROUTE": "TRANSDERMAL"}
    ex |= {"VISITNUM": 3.0, "VISIT": "BASELINE", "EXSTDTC": "2014-01-02", "EXENDTC": "2014-01-16"}
    lb = {"LBTEST": "", "LBCAT": "CHEMISTRY", "LBORRES": "11", "LBSTRESC": "11", "LBSTRESN": 11.0, "LBSTRESU": "U/L"}
    lb |= {"LBSTNRLO": 6.0, "LBSTNRHI": 34.0, "LBNRIND": "NORMAL", "VISIT": "SCREENING 1", "LBDTC": "2013-12-26T11:45"}
    qs = {"QSTEST": "", "QSCAT": "ADAS-COG", "QSORRES": "2", "QSSTRESC": "2", "QSSTRESN": 2.0, "VISIT": "BASELINE"}
    qs |= {"QSBLFL": "Y", "QSDTC": "2014-01-02", "QSDY": 1.0}
    vs = {"VSTESTCD": "TEMP", "VSSTRESN": 36.6, "VSDTC": "2014-01-02"}
    supp = {"STUDYID": of, "RDOMAIN": "DM", "USUBJID": PILOT[0], "IDVAR": "", "IDVARVAL": "", "QNAM": "COMPLT16"}
    related = {"STUDYID": of, "USUBJID": PILOT[0], "IDVARVAL": "1", "RELTYPE": "", "RELID": "1"}
    return {
        "dm": dm,
        "ae": records(of, "AE", PILOT[:2], ae, {**ae, "AEREL": "REMOTE", "AESTDTC": ""}),
        "cm": records(of, "CM", PILOT, cm),
        "ds": records(of, "DS", PILOT, ds),
        "ex": records(of, "EX", PILOT[:2], ex),
        "lb": records(of, "LB", PILOT, *({"LBTESTCD": code, **lb} for code in ("ALT", "AST", "ALT"))),
        "qs": records(of, "QS", PILOT, *({"QSTESTCD": code, **qs} for code in ("ACITM01", "ACTOT"))),
        "vs": records(of, "VS", PILOT, vs),
        "suppdm": [{**supp, "QLABEL": "Completers of Week 16", "QVAL": "Y", "QORIG": "DERIVED", "QEVAL": ""}],
        "relrec": [{"RDOMAIN": domain, "IDVAR": f"{domain}SEQ", **related} for domain in ("AE", "CM")],
    }


MS = ["MSX-1", "MSX-2"]


def ms_trial() -> Package:
    """A trial with EDSS in RS, two trials of each function test, MRI in NV, and only the variables it had to have."""
    of = "MSX"
    dm = [
        {"STUDYID": of, "DOMAIN": "DM", "USUBJID": person, "SUBJID": person, "SITEID": "9", "SEX": sex}
        | {"ARMCD": "A", "ARM": "Drug A", "COUNTRY": "NOR"}
        for person, sex in zip(MS, "MF", strict=True)
    ]
    rs = [
        {"RSTESTCD": code, "RSTEST": code, "RSCAT": cat, "RSORRES": value, "RSSTRESC": value, "RSDTC": at}
        for code, cat, value, at in [
            ("EDSS0101", "EDSS", "3.5", "2020-02-01T09:00"),
            ("KFSS0101", "KFSS", "2", "2020-02-01T09:20"),
            ("EDSS0101", "EDSS", "4", "2020-08"),
            ("OVRLRESP", "RECIST 1.1", "SD", "2020-08"),
        ]
    ]
    ft = [
        {"FTTESTCD": code, "FTTEST": code, "FTCAT": "", "FTORRES": value, "FTSTRESC": value, "FTSTRESN": number}
        | {"FTLOC": hand, "FTREPNUM": float(trial), "FTDTC": "2020-02-01T10:00"}
        for code, value, number, hand, trial in [
            ("T25FW101", "6.0", 6.0, "", 1),
            ("T25FW101", "7.0", 7.0, "", 2),
            ("NHPT0101", "20", 20.0, "DOMINANT HAND", 1),
            ("NHPT0101", "30", 30.0, "NON-DOMINANT HAND", 1),
            ("SDMT0101", "50", 50.0, "", 1),
            ("T25FW102", "N", None, "", 1),
        ]
    ]
    nv = [
        {"NVTESTCD": code, "NVTEST": code, "NVORRES": "3", "NVSTRESC": "3", "NVLOC": where, "NVDTC": "2020-02-01"}
        for code, where in [("T2LNUM", "BRAIN"), ("T2LNUM", "OPTIC NERVE"), ("MTR", "BRAIN")]
    ]
    ce = [
        {"CETERM": term, "CEOCCUR": occurred, "CESTDTC": day, "CESEV": "GRADE 2"}
        for term, occurred, day in [
            ("MS relapse", "Y", "2020-03"),
            ("MS relapse", "Y", "2020-03"),
            ("MS relapse", "N", ""),
            ("Pseudorelapse", "Y", "2020-05-01"),
            ("Fatigue", "Y", "2020-05-01"),
        ]
    ]
    qs = [{"QSTESTCD": "MSIS0101", "QSTEST": "", "QSCAT": "MSIS-29", "QSSTRESC": "2", "QSDTC": "2020-02-01"}]
    return {
        "dm": dm,
        "rs": records(of, "RS", MS, *rs),
        "ft": records(of, "FT", MS, *ft),
        "nv": records(of, "NV", MS, *nv),
        "ce": records(of, "CE", MS, *ce),
        "qs": records(of, "QS", MS, *qs),
    }


def write_xpt(path: Path, rows: Rows, name: str = "") -> None:
    """Write a dataset as SAS transport; a variable that no row has a value of is one of texts."""
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(pl.Null).cast(pl.String))
    path.parent.mkdir(parents=True, exist_ok=True)
    pyreadstat.write_xport(
        frame.with_columns(pl.col(pl.String).fill_null("")),
        str(path),
        table_name=name or path.stem.upper(),
        file_format_version=5,
    )


def write(reader: Reader, package: Package, folder: str = "m5/tabulations/sdtm") -> Path:
    (reader.folder / LABEL).write_text("synthetic\n")
    for name, rows in package.items():
        write_xpt(reader.folder / folder / f"{name}.xpt", rows)
    return reader.folder / folder


def staged(reader: Reader) -> Staged:
    """Sign, take, read, map and check a package; nothing may be refused."""
    reader.sign()
    assert reader.read(**SHIPPED.files) == []
    made = stage(reader.connection, SHIPPED)
    relations = [(typed(table.name), table) for table in SHIPPED.declaration.tables]
    assert [*made.findings, *check_everything(reader.connection, relations, as_of=date(2026, 5, 1))] == []
    return made


def refused(reader: Reader) -> list[str]:
    reader.sign()
    return [finding.to_text() for finding in reader.read(**SHIPPED.files)]


def values(reader: Reader, table: str, *columns: str) -> list[tuple[Any, ...]]:
    chosen = ", ".join(f"{column}::VARCHAR" for column in columns)
    return reader.connection.execute(f"SELECT {chosen} FROM {typed(table)} ORDER BY _row").fetchall()


def reported(made: Staged, words: str) -> list[str]:
    return [text for finding in made.reported if words in (text := finding.to_text())]


# ---- a package of another disease ------------------------------------------------------------------------------------


def test_the_pilots_package_is_read_and_what_it_says_otherwise_is_missing_and_named(reader: Reader) -> None:
    write(reader, pilot())
    made = staged(reader)
    assert {table: rows for table, rows in made.rows.items() if rows} == {
        "patient": 3,
        "adverse_event": 4,
        "treatment": 5,
        "related_record": 2,
    }
    assert values(reader, "patient", "patient_id", "arm", "country", "sex", "birth_date") == [
        (PILOT[0], "placebo", "US", "female", None),
        (PILOT[1], None, "US", "female", None),
        (PILOT[2], None, "US", "female", None),
    ]
    assert values(reader, "adverse_event", "event_date", "related", "seriousness")[:2] == [
        ("2014-01-03", "yes", "not_serious"),
        (None, None, "not_serious"),
    ]
    medicines = values(reader, "treatment", "drug", "start_date", "start_precision")
    assert medicines[2:] == [("acetylsalicylic acid", "2003-01-01", "year")] * 3
    (arms,) = reported(made, "column arm")
    assert "'XAN_HI'" in arms
    (causes,) = reported(made, "AEREL")
    assert "'REMOTE'" in causes
    assert "(2 times)" in causes


def test_tests_domains_and_variables_that_come_to_nothing_are_named(reader: Reader) -> None:
    write(reader, pilot())
    made = staged(reader)
    (tests,) = reported(made, "SDTM domain QS, column QSTESTCD")
    assert "'ACITM01: 3 rows'" in tests
    assert "'ACTOT: 3 rows'" in tests
    (analytes,) = reported(made, "column LBTESTCD")
    assert "(9 times)" in analytes
    assert ["'ALT'" in analytes, "'AST'" in analytes] == [True, True]
    (variables,) = reported(made, "SDTM domain DM, column")
    assert "ACTARMCD" in variables
    assert [text.split(":")[0] for text in reader.unused] == [
        "the delivery, column VS",
    ]


# ---- a trial of multiple sclerosis -----------------------------------------------------------------------------------


def test_a_trial_with_the_variables_it_had_to_have_alone(reader: Reader) -> None:
    write(reader, ms_trial())
    made = staged(reader)
    assert values(reader, "visit", "patient_id", "visit_date", "visit_precision", "edss", "fs_pyramidal")[:2] == [
        (MS[0], "2020-02-01", "day", "3.5", "2"),
        (MS[0], "2020-08-01", "month", "4.0", None),
    ]
    assert values(reader, "function_test", "t25fw", "nhpt_dominant", "nhpt_nondominant", "sdmt")[0] == (
        *("6.5", "20.0", "30.0"),
        "50",
    )
    assert values(reader, "relapse", "relapse_date", "relapse_precision", "severity")[0] == (
        *("2020-03-01", "month"),
        None,
    )
    assert (made.rows["relapse"], made.duplicates["relapse"]) == (len(MS), len(MS))
    assert made.rows["relapse"] == len(MS), "one that did not occur, a pseudorelapse and a symptom are none"
    assert values(reader, "mri", "region", "t2_lesions") == [("brain", "3")] * len(MS)
    (regions,) = reported(made, "'OPTIC NERVE'")
    assert "its rows are left out" in regions
    for test in ("OVRLRESP", "T25FW102", "MTR", "MSIS0101"):
        assert len(reported(made, f"'{test}: 2 rows'")) == 1


def several(package: Package, score: str) -> Package:
    again = {**package["rs"][0], "RSSEQ": 9.0, "RSSTRESC": score}
    return {**package, "rs": [*package["rs"], again]}


def test_two_scores_of_a_day_are_neither_chosen_from_nor_refused(reader: Reader) -> None:
    write(reader, several(ms_trial(), "5"))
    made = staged(reader)
    assert values(reader, "visit", "edss")[0] == (None,)
    (told,) = reported(made, "another value of the same")
    assert "none of them is kept" in told


def test_the_same_score_twice_is_one(reader: Reader) -> None:
    write(reader, several(ms_trial(), "3.5"))
    assert (reported(staged(reader), "another value"), values(reader, "visit", "edss")[0]) == ([], ("3.5",))


def test_a_trial_that_is_no_number_spoils_the_mean_and_is_named(reader: Reader) -> None:
    package = ms_trial()
    package["ft"][1] |= {"FTSTRESN": None, "FTSTRESC": "UNABLE"}
    write(reader, package)
    made = staged(reader)
    assert values(reader, "function_test", "t25fw") == [(None,), ("6.5",)]
    (told,) = reported(made, "column T25FW")
    assert "'6 and UNABLE'" in told


def ended(reason: str) -> dict[str, str]:
    said = {"DSTERM": reason, "DSDECOD": reason, "DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY TREATMENT"}
    return {**said, "DSSTDTC": "2021-01-01"}


def test_two_ends_of_one_persons_treatment_are_neither_taken(reader: Reader) -> None:
    ex = records("MSX", "EX", MS, {"EXTRT": "A", "EXSTDTC": "2020-01-01", "EXENDTC": ""})
    ds = [*records("MSX", "DS", MS, ended("COMPLETED")), *records("MSX", "DS", MS[:1], ended("ADVERSE EVENT"))]
    ds[-1]["DSSEQ"] = 2.0
    write(reader, {**ms_trial(), "ex": ex, "ds": ds})
    made = staged(reader)
    assert values(reader, "treatment", "patient_id", "stop_reason") == [(MS[0], None), (MS[1], "completed")]
    (told,) = reported(made, "a second row of discontinuation")
    assert "none of them is kept" in told


# ---- whatever files are called ---------------------------------------------------------------------------------------


def as_they_are(folder: Path) -> None:
    pass


def loud(folder: Path) -> None:
    for path in folder.iterdir():
        path.rename(folder / path.name.upper())


def by_number(folder: Path) -> None:
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"data{number}.xpt")


def split(folder: Path) -> None:
    rows = ms_trial()["rs"]
    (folder / "rs.xpt").unlink()
    for name, code in (("rsed", "EDSS0101"), ("rsot", "")):
        chosen = [row for row in rows if (row["RSTESTCD"] == "EDSS0101") == bool(code)]
        write_xpt(folder / "split" / f"{name}.xpt", chosen)


def unnamed(folder: Path) -> None:
    for name, rows in ms_trial().items():
        write_xpt(folder / f"{name}.xpt", rows, name="DATASET")


def small_letters(folder: Path) -> None:
    for name, rows in ms_trial().items():
        small = [{key.lower(): value for key, value in row.items()} for row in rows]
        write_xpt(folder / f"{name}.xpt", small, name=name)


def as_csv(folder: Path) -> None:
    for name, rows in ms_trial().items():
        (folder / f"{name}.xpt").unlink()
        pl.DataFrame(rows).write_csv(folder / f"table-{name}.csv", separator=";")


def as_parquet(folder: Path) -> None:
    for name, rows in ms_trial().items():
        (folder / f"{name}.xpt").unlink()
        pl.DataFrame(rows).write_parquet(folder / f"{name}.parquet")


def with_documents(folder: Path) -> None:
    (folder / "define.xml").write_text("<ODM/>")
    (folder / "csdrg.pdf").write_bytes(b"%PDF")


def with_analyses(folder: Path) -> None:
    write_xpt(folder / "adam" / "adsl.xpt", [{"STUDYID": "MSX", "USUBJID": MS[0], "SAFFL": "Y"}])
    write_xpt(folder / "adam" / "adce.xpt", ms_trial()["ce"])


WAYS = [as_they_are, loud, by_number, split, unnamed, small_letters, as_csv, as_parquet, with_documents, with_analyses]


@pytest.mark.parametrize("way", WAYS)
def test_files_are_found_by_what_they_hold(reader: Reader, way: Callable[[Path], None]) -> None:
    way(write(reader, ms_trial()))
    made = staged(reader)
    assert made.rows["patient"] == 2
    assert sorted(values(reader, "visit", "patient_id", "visit_date", "edss")) == [
        (person, day, score) for person in MS for day, score in (("2020-02-01", "3.5"), ("2020-08-01", "4.0"))
    ]


def test_qualifiers_of_all_domains_in_one_file_go_to_their_own(reader: Reader) -> None:
    of = {"STUDYID": "MSX", "USUBJID": MS[0], "QLABEL": "", "QORIG": "CRF", "QEVAL": ""}
    course = {"RDOMAIN": "DM", "IDVAR": "", "IDVARVAL": "", "QNAM": "MSTYPE", "QVAL": "SPMS"}
    steroid = {"RDOMAIN": "CE", "IDVAR": "CESEQ", "IDVARVAL": "1", "QNAM": "STEROID", "QVAL": "Y"}
    write(reader, {**ms_trial(), "suppqual": [{**of, **course}, {**of, **steroid}]})
    staged(reader)
    assert values(reader, "patient", "course") == [("spms",), (None,)]
    assert values(reader, "relapse", "steroids") == [("yes",), (None,)]


def test_a_package_of_people_alone_is_read(reader: Reader) -> None:
    write(reader, {"dm": ms_trial()["dm"]})
    assert {table: rows for table, rows in staged(reader).rows.items() if rows} == {"patient": 2}


# ---- what is refused, and by which name ------------------------------------------------------------------------------


def test_without_people_there_is_nothing(reader: Reader) -> None:
    write(reader, {"rs": ms_trial()["rs"]})
    (said,) = refused(reader)
    assert "SDTM domain DM" in said
    assert "the delivery is without it" in said


def test_an_older_state_of_a_domain_beside_it_is_refused_with_both_names(reader: Reader) -> None:
    folder = write(reader, ms_trial())
    write_xpt(folder / "old" / "dm_2019.xpt", ms_trial()["dm"], name="DM")
    write_xpt(folder / "rs2.xpt", ms_trial()["rs"][:1])
    said = refused(reader)
    assert len(said) == 2
    assert "m5/tabulations/sdtm/dm.xpt, m5/tabulations/sdtm/old/dm_2019.xpt hold records of the same" in said[0]
    assert "STUDYID and USUBJID and RSSEQ" in said[1]


def test_without_that_rule_a_score_of_the_older_state_would_be_kept(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_catalog.sources.reading.domain_problems", lambda *_: [])
    folder = write(reader, ms_trial())
    write_xpt(folder / "rs_old.xpt", [{**ms_trial()["rs"][0], "RSDTC": "2019-01-01", "RSSTRESC": "9"}], name="RS")
    staged(reader)
    assert ("9.0",) in values(reader, "visit", "edss")


def test_a_dataset_that_says_two_things_is_refused(reader: Reader) -> None:
    folder = write(reader, ms_trial())
    write_xpt(folder / "x.xpt", ms_trial()["ce"], name="FT")
    (said,) = refused(reader)
    assert "m5/tabulations/sdtm/x.xpt" in said
    assert "called FT, and its first record is of domain CE" in said


def test_another_domains_rows_are_refused(reader: Reader) -> None:
    package = ms_trial()
    package["rs"][3]["DOMAIN"] = "QS"
    write(reader, package)
    (said,) = refused(reader)
    assert "a row of another domain than RS" in said
    assert "row 4: 'QS'" in said


@pytest.mark.parametrize(
    ("domain", "variable"), [("rs", "RSDTC"), ("ft", "FTTESTCD"), ("ce", "CESTDTC"), ("dm", "SEX")]
)
def test_a_variable_a_table_can_not_do_without_is_asked_for_by_name(reader: Reader, domain: str, variable: str) -> None:
    package = {
        name: [{k: v for k, v in row.items() if k != variable} for row in rows] for name, rows in ms_trial().items()
    }
    write(reader, package)
    reader.sign()
    assert reader.read(**SHIPPED.files) == []
    with pytest.raises(DataRejected) as error:
        stage(reader.connection, SHIPPED)
    (finding,) = error.value.report.findings
    assert finding.table == f"SDTM domain {domain.upper()} ({domain})"
    assert finding.column == variable


def test_so_is_one_by_which_a_domains_rows_are_chosen(reader: Reader) -> None:
    ds = records("MSX", "DS", MS, {"DSTERM": "DEATH", "DSDECOD": "DEATH", "DSSTDTC": "2021-01-01"})
    write(reader, {**ms_trial(), "ds": ds})
    said = refused(reader)
    assert [("SDTM domain DS" in one, "column DSCAT" in one) for one in said] == [(True, True)] * 2


def test_it_is_asked_for_in_each_file_of_a_domain(reader: Reader) -> None:
    folder = write(reader, ms_trial())
    other = [{**row, "STUDYID": "OTHER", "USUBJID": "OTHER-1"} for row in ms_trial()["rs"][:3]]
    write_xpt(folder / "other" / "rs.xpt", [{k: v for k, v in row.items() if k != "RSDTC"} for row in other])
    reader.sign()
    assert reader.read(**SHIPPED.files) == []
    with pytest.raises(DataRejected) as error:
        stage(reader.connection, SHIPPED)
    (finding,) = error.value.report.findings
    assert (finding.table, finding.column) == ("m5/tabulations/sdtm/other/rs.xpt (rs)", "RSDTC")


SAID: list[tuple[str, Mapping[str, str], str]] = [
    ("QS1", {"DOMAIN": "QS"}, "QS"),
    ("", {"DOMAIN": "qs"}, "QS"),
    ("RELREC", {"RDOMAIN": "AE", "IDVAR": "AESEQ", "RELID": "1"}, "RELREC"),
    ("CO", {"DOMAIN": "CO", "RDOMAIN": "AE"}, "CO"),
    ("SUPPQSED", {"RDOMAIN": "QS", "QNAM": "A"}, "SUPPQS"),
    ("SUPPQSED", {"RDOMAIN": "", "QNAM": ""}, "SUPPQS"),
    ("SUPPQUAL", {"RDOMAIN": "AE", "QNAM": "A"}, "SUPPQUAL"),
    ("APDM", {"DOMAIN": "APDM"}, "APDM"),
    ("ADAE", {"DOMAIN": "AE"}, "ADAE"),
    ("TS", {"STUDYID": "X"}, "TS"),
]


@pytest.mark.parametrize(
    ("name", "record", "holds"), SAID, ids=[f"{name or 'no name'} {holds}" for name, _, holds in SAID]
)
def test_what_a_dataset_holds(reader: Reader, name: str, record: Mapping[str, str], holds: str) -> None:
    path, spec = reader.folder / "a.xpt", FileSpec(path="a.xpt", format=Format.XPT)
    write_xpt(path, [dict(record)], name=name or "DATASET")
    assert domain_of(path, spec, {"QS", "DM", "AE"}, reader.parsers) == holds
