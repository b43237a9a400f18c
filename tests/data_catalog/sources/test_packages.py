"""Several files of one form, and SDTM packages: rows put together, qualifiers back on the rows they qualify."""

import pytest

from data_catalog.sources.files import FileSpec
from tests.data_catalog.sources.conftest import Reader

PARENT = ["USUBJID,QSSEQ,QSTESTCD", "S1,1,EDSS", "S1,2,FS", "S2,1,EDSS"]
SUPP = "USUBJID,RDOMAIN,IDVAR,IDVARVAL,QNAM,QVAL"


def write(reader: Reader, **files: list[str]) -> None:
    for name, lines in files.items():
        path = reader.folder / f"{name.replace('__', '/')}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n")


def test_files_of_one_pattern_are_put_together_by_the_names_of_their_columns(reader: Reader) -> None:
    write(reader, one__dm=["USUBJID,SEX", "S1,F"], two__dm=["AGE,USUBJID", "40,S2"])
    spec = FileSpec(path="*/dm.csv", columns=("RACE",))
    reader.sign(dm=spec)
    assert reader.read(dm=spec) == []
    assert reader.rows("dm", "_row", "_file", "USUBJID", "SEX", "AGE", "RACE") == [
        (1, "one/dm.csv", "S1", "F", None, None),
        (2, "two/dm.csv", "S2", None, "40", None),
    ]


def test_only_the_rows_that_a_file_is_said_to_hold_are_read(reader: Reader) -> None:
    write(reader, ds=["USUBJID,DSCAT", "S1,END", "S2,OTHER", "S3,"])
    spec = FileSpec(path="ds.csv", where="DSCAT = 'END'")
    reader.sign(ds=spec)
    assert reader.read(ds=spec) == []
    assert reader.rows("ds", "USUBJID") == [("S1",)]


def merged(reader: Reader, *qualifiers: str) -> list[str]:
    write(reader, qs=PARENT, suppqs=[SUPP, *qualifiers])
    specs = {"qs": FileSpec(path="qs.csv", supplemental="suppqs"), "suppqs": FileSpec(path="suppqs.csv")}
    reader.sign(**specs)
    return [finding.rule for finding in reader.read(**specs)]


def test_qualifiers_go_back_on_their_rows_however_their_number_is_written(reader: Reader) -> None:
    assert merged(reader, "S1,QS,QSSEQ,2.0,WHO,nurse", "S2,QS,QSSEQ,1,WHO,self", "S1,QS,,,SITE,here") == []
    assert reader.rows("qs", "USUBJID", "QSSEQ", "WHO", "SITE") == [
        ("S1", "1", None, "here"),
        ("S1", "2", "nurse", "here"),
        ("S2", "1", "self", None),
    ]


REFUSED = [
    (["S1,QS,QSSEQ,1,WHO,nurse", "S1,QS,QSSEQ,1,WHO,self"], "a second value of one qualifier for one row"),
    (["S1,QS,QSSEQ,9,WHO,nurse"], "a qualifier of a row that is not there"),
    (["S9,QS,,,WHO,nurse"], "a qualifier of a row that is not there"),
    (["S1,QS,QSSEQ,1,QSTESTCD,nurse"], "a qualifier, and a column too"),
    (["S1,QS,VISITNUM,1,WHO,nurse"], "named by IDVAR, and no column"),
]


@pytest.mark.parametrize(("qualifiers", "rule"), REFUSED)
def test_a_qualifier_without_one_meaning_is_refused(reader: Reader, qualifiers: list[str], rule: str) -> None:
    assert merged(reader, *qualifiers) == [rule]


def test_a_package_without_qualifiers_is_read_as_it_is(reader: Reader) -> None:
    write(reader, qs=PARENT)
    specs = {
        "qs": FileSpec(path="qs.csv", supplemental="suppqs"),
        "suppqs": FileSpec(path="suppqs.csv", optional=True),
    }
    reader.sign(**specs)
    assert reader.read(**specs) == []
    assert len(reader.rows("qs")) == 3
