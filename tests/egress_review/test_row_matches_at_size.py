"""Row matches against a synthetic cut of 300,000 visits: copies are found, what is common or goes together is not."""

import json
from collections.abc import Callable

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from egress_review.appetite import load_appetite
from egress_review.checks import row_matches
from egress_review.checks.columns import CodedTable
from egress_review.checks.cut import read_cut_facts
from egress_review.checks.engine import run_checks
from egress_review.checks.joining import Joined, Mapped
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.checks.reading import read_document

ROWS, PEOPLE = 300_000, 12_000
COPIED = 5_000


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutFacts:
    """Drawn at random, of nobody: 25 visits a person; the centre tells the country, the drug its code."""
    folder = tmp_path_factory.mktemp("size") / "cut"
    (folder / "registry").mkdir(parents=True)
    draw = "(hash({}, '{}') % {})::INTEGER".format
    person, visit = (lambda *how: draw("person", *how)), (lambda *how: draw("i", *how))
    query = f"""
        SELECT printf('P%016d', person) AS pseudonym, ['female', 'male', 'female'][1 + {person("sex", 3)}] AS sex,
            DATE '1940-01-01' + {person("birth", 21_900)} AS birth_date,
            DATE '1970-01-01' + {person("onset", 14_600)} AS onset_date,
            printf('centre %d', {person("centre", 60)}) AS centre,
            ['SE', 'DK', 'CZ', 'IT', 'FR', 'AU'][1 + {person("centre", 60)} % 6] AS country,
            printf('substance %d', {visit("drug", 30)}) AS drug, printf('L04AA%02d', {visit("drug", 30)}) AS atc,
            ({visit("edss", 20)} * 0.5)::DOUBLE AS edss, ({visit("t2", 50_000)} * 0.001)::DOUBLE AS t2_volume,
            CASE WHEN {visit("no", 5)} > 0 THEN {visit("sdmt", 111)} END AS sdmt,
            DATE '1995-01-01' + {visit("visit", 10_000)} AS visit_date
        FROM (SELECT i, i // {ROWS // PEOPLE} AS person FROM range({ROWS}) AS r(i))
    """
    duckdb.sql(f"COPY ({query}) TO '{folder}/registry/visit.parquet' (FORMAT parquet)")
    (folder / "dictionary.json").write_text(json.dumps({"tables": []}))
    return read_cut_facts(folder)


@pytest.fixture(scope="module")
def rows(cut: CutFacts) -> pl.DataFrame:
    return pl.read_parquet(cut.tables[0].path).drop("pseudonym")


def found(cut: CutFacts, frame: pl.DataFrame) -> Finding:
    document = read_document(HeldFile("a.csv", frame.write_csv().encode()))
    (finding,) = row_matches.check(document, cut, load_appetite())
    return finding


def renamed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({name: f"v{number}" for number, name in enumerate(frame.columns)})


def shuffled(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(name).shuffle(seed=number) for number, name in enumerate(frame.columns))


COPIES: dict[str, tuple[int, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "as they are": (COPIED, lambda f: f),
    "one row": (1, lambda f: f),
    "columns in another order": (COPIED, lambda f: f.select(reversed(f.columns))),
    "columns renamed": (COPIED, renamed),
    "rounded": (COPIED, lambda f: renamed(f.with_columns(pl.col(pl.Float64).round(1)))),
    "the most telling column dropped": (COPIED, lambda f: f.drop("t2_volume")),
    "all dates dropped": (COPIED, lambda f: f.drop("birth_date", "onset_date", "visit_date")),
    "made-up rows between": (500, lambda f: pl.concat([f, *(shuffled(f.sample(500, seed=s)) for s in range(9))])),
    "most of a hundred thousand": (100_000, lambda f: f),
    "what is the person's, once each": (COPIED, lambda f: f.select("birth_date", "onset_date", "centre").unique()),
    "the person's, few and renamed": (30, lambda f: renamed(f.select("birth_date", "onset_date", "centre", "sex"))),
}  # fmt: skip


@pytest.mark.parametrize("way", COPIES)
def test_copied_rows_are_found_in_a_large_cut(cut: CutFacts, rows: pl.DataFrame, way: str) -> None:
    number, changed = COPIES[way]
    finding = found(cut, changed(rows.sample(number, seed=3)))
    assert finding.status == "fail", finding.message


def test_what_is_said_of_copied_rows_is_how_many_they_are(cut: CutFacts, rows: pl.DataFrame) -> None:
    assert "5,000 rows of registry.visit, the same on 11 columns" in found(cut, rows.sample(COPIED, seed=3)).message


def grouped(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """A table of groups as a paper has it: people, means, medians."""
    measured = [pl.col("edss").mean().round(1), pl.col("sdmt").median(), pl.col("t2_volume").mean().round(1)]
    return rows.group_by(by, maintain_order=True).agg(pl.len().alias("n"), *measured).filter(pl.col("n") >= 10)


HONEST: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "counts of 20 groups": lambda f: f.group_by("country", "sex").len().head(20),
    "counts by centre and drug": lambda f: f.group_by("centre", "country", "drug", "atc").len(),
    "means by country and drug": lambda f: grouped(f, "country", "drug", "atc"),
    "means by centre and drug": lambda f: grouped(f, "centre", "country", "drug", "atc"),
    "means by centre, drug and sex": lambda f: grouped(f, "sex", "centre", "country", "drug", "atc"),
    "small whole numbers beside groups": lambda f: f.group_by("centre", "country", "drug", "atc").agg(
        pl.col("sdmt").median().cast(pl.Int64), (pl.col("edss").mean() * 2).round() / 2
    ),
    "every cell of every group": lambda f: shuffled(f.select("sex", "drug", "edss", "sdmt")).head(COPIED),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("headings", [lambda f: f, renamed], ids=["headings", "renamed"])
def test_honest_tables_of_a_large_cut_are_not_accused(
    cut: CutFacts, rows: pl.DataFrame, name: str, headings: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    finding = found(cut, headings(HONEST[name](rows)))
    assert finding.status != "fail", finding.message


def test_shuffled_columns_are_not_accused(cut: CutFacts, rows: pl.DataFrame) -> None:
    finding = found(cut, shuffled(rows.sample(COPIED, seed=3)))
    assert finding.status != "fail", finding.message


def own_share(joined: Joined, column: Mapped, _minimum: int) -> npt.NDArray[np.floating]:
    """What chance would be if no value went together with any other."""
    return column.shares[column.cells.ids[joined.lines]]


def test_the_attack_on_honest_tables_works_without_what_goes_together(
    cut: CutFacts, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_matches, "likeliest", own_share)
    accused = [name for name, table in HONEST.items() if found(cut, table(rows)).status == "fail"]
    assert accused == [name for name in HONEST if name.startswith(("means", "small"))]


def test_what_is_the_persons_is_missed_where_rows_are_counted_for_people(
    cut: CutFacts, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CodedTable, "most_rows", 1)
    number, changed = COPIES["what is the person's, once each"]
    assert found(cut, changed(rows.sample(number, seed=3))).status != "fail"


def test_as_many_rows_as_people_are_for_a_person(cut: CutFacts) -> None:
    residuals = pl.DataFrame({"residual": np.random.default_rng(1).normal(size=PEOPLE).round(6)})
    assert found(cut, residuals).status == "review"


def test_the_process_apart_comes_to_its_end(cut: CutFacts, rows: pl.DataFrame) -> None:
    content = rows.sample(COPIED, seed=3).write_csv().encode()
    findings = run_checks(HeldFile("a.csv", content), cut, load_appetite())
    assert [finding.status for finding in findings if finding.check == "row matches"] == ["fail"]
    assert "engine" not in {finding.check for finding in findings}


@pytest.mark.parametrize(
    ("of", "expected"), [(lambda f: f, "fail"), (lambda f: f.select(made_up=pl.int_range(pl.len())), "not_checked")]
)
def test_of_a_file_of_more_rows_than_are_read_the_first_are_compared(
    cut: CutFacts, rows: pl.DataFrame, of: Callable[[pl.DataFrame], pl.DataFrame], expected: str
) -> None:
    assert found(cut, of(rows)).status == expected
