"""Rows of the cut are found however a table is written; honest aggregates of the same cut are not accused."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import combinations

import polars as pl
import pytest

from egress_review.appetite import load_appetite
from egress_review.checks import row_matches
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.checks.reading import read_document
from tests.egress_review.cohort import CODES, REAL, rows_of, write_cut
from tests.egress_review.cohort import synthetic as synthetic_cohort
from tests.egress_review.hostile import notebook


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutFacts:
    return write_cut(tmp_path_factory.mktemp("rows") / "cut")


def found(cut: CutFacts, name: str, content: bytes) -> list[Finding]:
    return list(row_matches.check(read_document(HeldFile(name, content)), cut, load_appetite()))


def statuses(cut: CutFacts, name: str, content: bytes) -> set[str]:
    return {finding.status for finding in found(cut, name, content)}


def records(cut: CutFacts, number: int = 40) -> pl.DataFrame:
    """Rows of the cut without their pseudonyms, as somebody would take them out."""
    return rows_of(cut).drop("pseudonym").sample(number, seed=5)


def csv(frame: pl.DataFrame, **how: object) -> bytes:
    return frame.write_csv(**how).encode()  # type: ignore[call-overload,no-any-return]


def renamed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({name: f"v{number}" for number, name in enumerate(frame.columns)})


def labelled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(name).cast(pl.String).replace(codes) for name, codes in CODES.items() if name in frame.columns
    )


def drawn(frame: pl.DataFrame) -> str:
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=1000):
        return str(frame)


def spaced(frame: pl.DataFrame) -> str:
    """A frame as pandas prints it."""
    lines = [["", *frame.columns], *([str(n), *map(str, row)] for n, row in enumerate(frame.iter_rows()))]
    return "\n".join("".join(f"{cell:>22}" for cell in line) for line in lines)


def html(frame: pl.DataFrame) -> str:
    head = "".join(f"<th>{name}</th>" for name in frame.columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in frame.iter_rows())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def piped(frame: pl.DataFrame) -> str:
    lines = [frame.columns, ["---"] * frame.width, *frame.iter_rows()]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


WRITTEN: dict[str, Callable[[pl.DataFrame], tuple[str, bytes]]] = {
    "as it is": lambda f: ("a.csv", csv(f)),
    "semicolons": lambda f: ("a.csv", csv(f, separator=";")),
    "TSV": lambda f: ("a.tsv", csv(f, separator="\t")),
    "a text file": lambda f: ("a.txt", csv(f)),
    "columns in another order": lambda f: ("a.csv", csv(f.select(sorted(f.columns, reverse=True)))),
    "columns renamed": lambda f: ("a.csv", csv(renamed(f))),
    "no header": lambda f: ("a.csv", csv(f, include_header=False)),
    "labels for codes": lambda f: ("a.csv", csv(labelled(f))),
    "labels for codes, columns renamed": lambda f: ("a.csv", csv(renamed(labelled(f)))),
    "numbers with decimals": lambda f: ("a.csv", csv(f.cast(pl.Float64))),
    "a made-up column beside": lambda f: ("a.csv", csv(f.with_columns(made_up=pl.int_range(500, 500 + f.height)))),
    "made-up rows between": lambda f: (
        "a.csv", csv(pl.concat([f, *(f.select(pl.all().shuffle(seed=s)) for s in range(3))]).sample(160, seed=1))
    ),
    "turned": lambda f: ("a.csv", csv(f.transpose(include_header=True))),
    "JSON records": lambda f: ("a.json", json.dumps(f.to_dicts()).encode()),
    "JSON columns": lambda f: ("a.json", json.dumps(f.to_dict(as_series=False)).encode()),
    "JSON rows, deep inside": lambda f: ("a.json", json.dumps({"a": [{"b": f.rows()}]}).encode()),
    "an HTML page": lambda f: ("a.html", html(f).encode()),
    "a notebook's HTML output": lambda f: ("a.ipynb", notebook({"text/html": html(f)})),
    "a notebook's text output": lambda f: ("a.ipynb", notebook({"text/plain": spaced(f)})),
    "a polars frame in a notebook": lambda f: ("a.ipynb", notebook({"text/plain": drawn(f)})),
    "a chart's data in a notebook": lambda f: (
        "a.ipynb", notebook({"application/vnd.vegalite.v5+json": {"datasets": {"data-1": f.to_dicts()}}})
    ),
    "literals in code": lambda f: ("a.py", f"rows = {[list(r) for r in f.iter_rows()]!r}\nprint(rows)".encode()),
    "a string in code": lambda f: ("a.py", f'data = """{f.write_csv()}"""'.encode()),
    "a Markdown table": lambda f: ("a.md", piped(f).encode()),
}  # fmt: skip


@pytest.mark.parametrize("way", WRITTEN)
def test_rows_of_the_cut_fail_however_they_are_written(cut: CutFacts, way: str) -> None:
    assert "fail" in statuses(cut, *WRITTEN[way](records(cut)))


@pytest.mark.parametrize("way", [way for way in WRITTEN if way != "turned"])
def test_the_same_writing_of_shuffled_columns_does_not_fail(cut: CutFacts, way: str) -> None:
    """The defence measures something: rows nobody has, made of the same values, are not taken for records."""
    made_up = records(cut).select(pl.col(name).shuffle(seed=n) for n, name in enumerate(records(cut).columns))
    assert "fail" not in statuses(cut, *WRITTEN[way](made_up))


def test_one_whole_record_is_enough_for_a_person_to_look(cut: CutFacts) -> None:
    for number in range(20):
        one = rows_of(cut).drop("pseudonym").slice(number, 1)
        assert statuses(cut, "a.csv", csv(one)) <= {"fail", "review"}


def test_two_whole_records_are_never_passed_and_four_fail(cut: CutFacts) -> None:
    """Of two, chance has a few hundredths in a small cut whose values go together: enough for a person to look."""
    records_of = rows_of(cut).drop("pseudonym")
    for number in range(0, 40, 4):
        assert statuses(cut, "a.csv", csv(records_of.slice(number, 2))) <= {"fail", "review"}
        assert statuses(cut, "a.csv", csv(records_of.slice(number, 4))) == {"fail"}


def test_a_scatter_plots_two_columns_are_for_a_person(cut: CutFacts) -> None:
    assert statuses(cut, "a.csv", csv(rows_of(cut).select("age", "schooling"))) == {"review"}


def test_a_finding_says_how_many_and_which_columns_but_no_value(cut: CutFacts) -> None:
    (finding,) = found(cut, "a.csv", csv(records(cut, 25)))
    assert "25 rows of cis_cohort.patients" in finding.message
    assert "column “age” is age" in finding.details


def aggregates(rows: pl.DataFrame, draw: random.Random) -> Iterator[tuple[str, pl.DataFrame]]:
    """Honest tables of groups of 10 or more: counts, cross-tabulations, means, medians, ranges, describe()."""
    coded = [
        "gender",
        "oligoclonal_bands",
        "vep",
        "spinal_cord_mri",
        "periventricular_mri",
        "cortical_mri",
        "converted",
    ]
    measured = ["age", "schooling"]
    for size in (1, 2, 3):
        for groups in draw.sample(list(combinations(coded, size)), 4):
            large = rows.group_by(groups).len().filter(pl.col("len") >= 10)
            kept = rows.join(large, on=groups, how="semi")
            grouped = kept.group_by(groups, maintain_order=True)
            yield f"counts by {groups}", grouped.len()
            yield f"means by {groups}", grouped.agg(pl.len(), *(pl.col(m).mean().round(1) for m in measured))
            yield f"medians by {groups}", grouped.agg(pl.len(), *(pl.col(m).median() for m in measured))
    for one, other in draw.sample(list(combinations(coded, 2)), 6):
        yield f"{one} × {other}", rows.group_by(one, other).len().pivot(other, index=one, values="len")
    yield "describe", rows.describe()
    yield "ages", rows.group_by("age").len()


@pytest.mark.parametrize("seed", range(4))
def test_honest_aggregates_are_not_accused(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rows = None if seed == 0 and REAL.exists() else synthetic_cohort(seed)
    cut = write_cut(tmp_path_factory.mktemp("honest") / "cut", rows)
    tables = list(aggregates(rows_of(cut).drop("pseudonym"), random.Random(seed)))
    accused = [name for name, table in tables if "fail" in statuses(cut, "a.csv", csv(table))]
    accused += [f"{name}, renamed" for name, table in tables if "fail" in statuses(cut, "a.csv", csv(renamed(table)))]
    assert accused == []


def test_a_table_with_as_many_rows_as_people_is_for_a_person(cut: CutFacts) -> None:
    residuals = pl.DataFrame({"residual": [round(random.Random(n).gauss(0, 1), 4) for n in range(rows_of(cut).height)]})
    assert statuses(cut, "a.csv", csv(residuals)) == {"review"}


@pytest.mark.parametrize(("name", "content", "expected"), [
    ("a.csv", b"", "review"), ("a.txt", b"no table", "not_checked"), ("a.png", b"\x89PNG\r\n\x1a\n", "not_checked"),
    ("a.parquet", b"PAR1", "not_checked"),
])  # fmt: skip
def test_no_table_is_never_a_pass(cut: CutFacts, name: str, content: bytes, expected: str) -> None:
    assert statuses(cut, name, content) == {expected}


@pytest.mark.parametrize(("found_rows", "expected", "most"), [(1, 0.001, 0.0011), (3, 0.1, 2e-4), (150, 110.0, 1e-3)])
def test_the_bound_of_chance_is_small_where_chance_is(found_rows: int, expected: float, most: float) -> None:
    chance = 2.718281828 ** row_matches.log_chance(found_rows, expected)
    assert 0 < chance <= most


def test_as_many_as_expected_is_no_evidence() -> None:
    assert row_matches.log_chance(5, 5.0) >= 0
    assert row_matches.log_chance(0, 5.0) > 0
