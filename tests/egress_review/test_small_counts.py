"""Counts of people: which cells are taken for counts, and what is said of them. One table per rule."""

import json
from collections.abc import Iterator

import pytest

from egress_review.appetite import RiskAppetite, load_appetite
from egress_review.checks import hidden_cells, small_counts, statistics
from egress_review.checks.document import Document
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.checks.reading import read_document
from tests.egress_review.cohort import write_cut


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutFacts:
    return write_cut(tmp_path_factory.mktemp("counts") / "cut")


def read(text: str, name: str = "table.csv") -> Document:
    return read_document(HeldFile(name, text.encode()))


def found(check: object, text: str, cut: CutFacts, appetite: RiskAppetite | None = None) -> list[Finding]:
    findings: Iterator[Finding] = check.check(read(text), cut, appetite or load_appetite())  # type: ignore[attr-defined]
    return list(findings)


def statuses(findings: list[Finding]) -> set[str]:
    return {finding.status for finding in findings}


COUNTS = [
    # what the table is, the table, the statuses of the findings
    ("2×2, every cell 10 or more", "spinal_cord_mri,1,2\n0,78,109\n1,47,39\n", {"pass"}),
    ("2×2, a cell of 10", "spinal_cord_mri,1,2\n0,10,109\n1,47,39\n", {"pass"}),
    ("2×2, a cell of 9", "spinal_cord_mri,1,2\n0,9,109\n1,47,39\n", {"fail"}),
    ("2×2, a cell of 9 written 9.0", "spinal_cord_mri,1,2\n0,9.0,109.0\n1,47.0,39.0\n", {"fail"}),
    ("2×2, an empty cell", "spinal_cord_mri,1,2\n0,0,109\n1,47,39\n", {"fail"}),
    ("2×2 with a total column called n", "mri,n,converted,not converted\nno,100,93,7\nyes,90,40,50\n", {"fail"}),
    ("more people than the cut has", "mri,yes,no\nno,\"1,234\",109\nyes,47,39\n", {"pass", "review"}),
    ("2×2 without header or labels", "78,109\n47,3\n", {"fail", "not_checked"}),
    ("2×2 without labels, a small first column", "78,109\n3,39\n", {"fail", "not_checked"}),
    ("pandas' index line under the header", "converted,1,2\nspinal_cord_mri,,\n0,78,109\n1,4,39\n", {"fail"}),
    ("long, every group 10 or more", "spinal_cord_mri,converted,n\n0,1,78\n0,2,109\n1,1,47\n1,2,39\n", {"pass"}),
    ("long, codes are labels, not counts", "gender,oligoclonal_bands,len\n1,0,40\n2,0,41\n1,1,42\n2,1,43\n", {"pass"}),
    ("long, a group of 3", "spinal_cord_mri,converted,n\n0,1,78\n0,2,109\n1,1,3\n1,2,39\n", {"fail"}),
    ("long, a combination without a row", "spinal_cord_mri,converted,n\n0,1,78\n0,2,109\n1,1,47\n", {"pass", "review"}),
    ("pandas' size().to_csv()", "gender,0\n1,90\n2,183\n", {"pass"}),
    ("a heading in camel case", "group,nPatients\na,4\nb,40\n", {"fail"}),
    ("n (%) in one cell", "variable,all\nfemale,173 (63.4%)\nmale,8 (2.9%)\n", {"fail", "review"}),
    ("n (%) said by the heading", "variable,n (%)\nfemale,173 (63.4)\nmale,100 (36.6)\n", {"pass"}),
    ("n (%) said by the row", "variable,all\n\"f, n (%)\",173 (63.4)\n\"m, n (%)\",5 (1.8)\n", {"fail", "review"}),
    ("n/N (%)", "group,converted\na,40/80 (50%)\nb,30/80 (38%)\n", {"pass"}),
    ("n/N (%), a few", "group,converted\na,40/80 (50%)\nb,3/80 (4%)\n", {"fail"}),
    ("n/N (%), all but a few", "group,converted\na,40/80 (50%)\nb,77/80 (96%)\n", {"fail"}),
    ("100%", "group,n,percent\na,40,100\nb,50,40\n", {"fail"}),
    ("100% of a total is no disclosure", "group,n,percent\na,40,44.4\nb,50,55.6\nTotal,90,100\n", {"pass"}),
    ("a percentage that leaves a few", "group,n,percent converted\na,40,95\nb,50,40\n", {"pass", "review"}),
    ("events that leave a few", "group,n,events\na,40,38\nb,50,20\n", {"pass", "review"}),
    ("a row wholly in one cell", "mri,yes,no\nneg,40,0\npos,50,60\n", {"fail"}),
    ("describe(): the count row", "statistic,age,edss\ncount,273,125\nmean,33.5,2.1\n", {"pass", "not_checked"}),
    ("describe(): a low count", "statistic,age,edss\ncount,273,7\nmean,33.5,2.1\n", {"fail", "not_checked"}),
    ("nobody missing", "statistic,age,edss\ncount,273,125\nnull_count,0,148\nmean,33.5,2.1\n", {"pass", "not_checked"}),
    ("a regression without counts", "term,coef,se,p\nspinal,0.9,0.2,0.001\n", {"review"}),
    ("means only", "group,mean age\na,33.1\nb,34.2\n", {"review"}),
    ("counts beside small whole numbers", "group,n,lesions\na,40,3\nb,50,4\n", {"pass", "review", "not_checked"}),
    ("categories called like statistics", "spinal_cord_mri,low,high\nno,3,109\nyes,47,39\n", {"fail"}),
    ("women and men by one letter", "spinal_cord_mri,f,m\nno,3,109\nyes,47,39\n", {"fail"}),
    ("a column of whole numbers called t", "group,n,t\na,40,3\nb,50,4\n", {"pass", "review", "not_checked"}),
    ("a column of test statistics", "group,n,t\na,40,2\nb,50,4.5\n", {"pass", "not_checked"}),
    ("one odd cell hides no column", "mri,yes,no\nneg,40,3\npos,50,about 40\n", {"pass", "review", "not_checked"}),
    ("a row of totals among codes", "spinal_cord_mri,1,2\n0,78,109\n1,47,39\nAll,125,148\n", {"pass"}),
    ("a label with or in it", "bands,n\nnegative or unknown,40\npositive,50\n", {"pass"}),
    ("a heading of counts over other things", "group,n\na,40\nb,33.5\n", {"pass", "review", "not_checked"}),
    ("rows of people", "age,gender,spinal_cord_mri\n31,1,0\n44,2,1\n", {"review"}),
    ("no table at all", "", {"review"}),
    ("a header alone", "group,n\n", {"review"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in COUNTS], ids=[case[0] for case in COUNTS])
def test_counts(cut: CutFacts, text: str, expected: set[str]) -> None:
    assert statuses(found(small_counts, text, cut)) == expected


CLEAN = "| group | people |\n|---|---|\n| lesions | 86 |\n| no lesions | 187 |\n"
CLEAN_RECORDS = [{"group": "lesions", "people": 86}, {"group": "no lesions", "people": 187}]
RECORDS = [{"who": {"age": 30 + n, "edss": 1.5}, "sex": "f"} for n in range(100)]
BESIDE = "group,n,x\na,40,{}\nb,50,{}\n"
UNSEEN = [
    # what a rule passed without having looked at it, the file's name, its content
    ("people as sentences under a table", "a.md", CLEAN + "\nOne woman of 34 with a lesion.\n" * 273),
    ("a small count in a sentence", "a.txt", CLEAN + "\nOnly 2 women were under 20.\n"),
    ("a sentence in words", "a.md", "Only two women were that young.\n\n" + CLEAN),
    ("a line with as many commas as another", "a.txt", CLEAN + "\nwomen, under 20, 2\nmen, under 20, 3\n"),
    ("nested records beside a table", "a.json", json.dumps({"table": CLEAN_RECORDS, "rest": RECORDS})),
    ("a number beside a table", "a.json", json.dumps({"table": CLEAN_RECORDS, "women_under_20": 2})),
    ("a number alone", "a.json", json.dumps({"women_under_20": 2})),
    ("a key that says a number", "a.json", json.dumps({"only 2 women": {"table": CLEAN_RECORDS}})),
    ("an index that says something", "a.json", json.dumps({"n": {"f 19, 2 lesions": 40, "m 20": 50}})),
    ("text beside an HTML table", "a.html", "<p>2 women</p><table><tr><th>a<th>n<tr><td>b<td>40</table>"),
    ("a count in words", "a.csv", BESIDE.format("seven", "forty")),
    ("a count of its whole", "a.csv", BESIDE.format("7 of 187", "8 of 187")),
    ("a count as a float", "a.csv", BESIDE.format("7e0", "9e0")),
    ("a count with its letter", "a.csv", BESIDE.format("n=7", "n=9")),
    ("a count with decimals", "a.csv", BESIDE.format("7.4", "9.4")),
    ("a bound below the minimum", "a.csv", BESIDE.format("<2", "<10")),
    ("a bound at the minimum less one", "a.csv", BESIDE.format("≤8", "<10")),
    ("an age per row", "a.csv", "group,n,age\n" + "".join(f"{'abc'[n % 3]},40,{20 + n}\n" for n in range(50))),
    ("an age per row, renamed", "a.csv", "group,n,x\n" + "".join(f"{'abc'[n % 3]},40,{20 + n}\n" for n in range(50))),
    ("whole records as labels", "a.csv", "k,n\n" + "".join(f"2_{n}_12_3_1.0_1,40\n" for n in range(200))),
    ("records of codes before the counts", "a.csv", "gender,converted,n\n" + "1,1,40\n2,1,40\n" * 100),
    ("records of words before the counts", "a.csv", "a,b,n\n" + "f,yes,12\nm,no,12\nf,yes,13\n"),
    ("as many labels as people", "a.csv", "a,n\n" + "".join(f"{a}{b},12\n" for a in "abcdefgh" for b in "stuvwxyz")),
    ("values under a heading of counts, without labels", "a.csv", "n\n40\n28\n22\n"),
    ("tallies", "a.csv", "group,m,n\na,***,40\nb,**,50\n"),
    ("a number in a label", "a.csv", "group,n\nmen (1 died),40\nwomen,50\n"),
    ("a number in a heading", "a.csv", "group,n (1 died)\nmen,40\nwomen,50\n"),
    ("a number in words in a label", "a.csv", "group,n\n\"men, one died\",40\nwomen,50\n"),
    ("digits of another script", "a.csv", "group,n\nmen ٣,40\nwomen,50\n"),
    ("values made large", "a.csv", "group,n_age\n" + "".join(f"{c},{2 * ord(c) + 1000}\n" for c in "abcdef")),
    ("values made a hundred more", "a.csv", "group,n_age\n" + "".join(f"{c},{ord(c) + 30}\n" for c in "abcdef")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [case[1:] for case in UNSEEN], ids=[case[0] for case in UNSEEN])
def test_a_pass_is_never_all_that_is_said_of_what_nobody_looked_at(cut: CutFacts, name: str, text: str) -> None:
    findings = list(small_counts.check(read(text, name), cut, load_appetite()))
    assert statuses(findings) - {"pass"}


@pytest.mark.parametrize("bound", ["<2", "< 9", "≤8", "<=8"])
def test_a_bound_below_the_minimum_is_a_small_count(cut: CutFacts, bound: str) -> None:
    assert "fail" in statuses(found(small_counts, BESIDE.format(bound, "40"), cut))
    assert "fail" in statuses(found(small_counts, f"group,n\na,{bound}\nb,50\n", cut))


HONEST = [
    ("the welcome table", "a.csv", "spinal_cord,converted,not_converted\nlesions,47,39\nno lesions,78,109\n"),
    ("two variables by their labels", "a.csv", "gender,converted,not_converted\nfemale,93,80\nmale,32,68\n"),
    ("groups of people", "a.csv", "group,people\nlesions,86\nno lesions,187\n"),
    ("age groups", "a.csv", "age group,n,percent\n18-29,100,36.6\n30–49,113,41.4\n50+,60,22\n"),
    ("every cell above a bound", "a.csv", "group,n\na,<10\nb,50\n"),
    ("a Markdown table", "a.md", CLEAN),
    ("JSON records", "a.json", json.dumps(CLEAN_RECORDS)),
    ("JSON columns", "a.json", json.dumps({"group": {"0": "a", "1": "b"}, "n": {"0": 40, "1": 50}})),
    ("JSON tables by name", "a.json", json.dumps({"by group": CLEAN_RECORDS})),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [case[1:] for case in HONEST], ids=[case[0] for case in HONEST])
def test_an_honest_table_passes(cut: CutFacts, name: str, text: str) -> None:
    assert statuses(list(small_counts.check(read(text, name), cut, load_appetite()))) == {"pass"}


def test_a_finding_names_the_columns_no_rule_judged(cut: CutFacts) -> None:
    (finding,) = [f for f in found(small_counts, BESIDE.format("seven", "n=9"), cut) if f.status == "not_checked"]
    assert finding.details == ("“x”",)


def test_a_finding_names_row_and_column_and_not_the_number(cut: CutFacts) -> None:
    (finding,) = found(small_counts, "spinal_cord_mri,1,2\n0,78,109\n1,7,39\n", cut)
    assert finding.message == "the file: row 2 (“1”), column “1”: fewer than 10 people."


def test_many_cells_are_one_finding_that_lists_them(cut: CutFacts) -> None:
    text = "site,yes,no\n" + "".join(f"s{n},{n % 9 + 1},50\n" for n in range(60))
    (finding,) = [finding for finding in found(small_counts, text, cut) if finding.status == "fail"]
    assert "57 more cells" in finding.message
    assert len(finding.details) == small_counts.MAX_LISTED


def test_the_minimum_is_the_appetites(cut: CutFacts) -> None:
    default = load_appetite()
    lower = default.model_copy(update={"thresholds": default.thresholds.model_copy(update={"minimum_count": 5})})
    table = "spinal_cord_mri,1,2\n0,7,109\n1,47,39\n"
    assert statuses(found(small_counts, table, cut)) == {"fail"}
    assert statuses(found(small_counts, table, cut, lower)) == {"pass"}


def test_empty_cells_pass_where_zero_is_not_disclosive(cut: CutFacts) -> None:
    default = load_appetite()
    lax = default.model_copy(update={"thresholds": default.thresholds.model_copy(update={"zero_is_disclosive": False})})
    (finding,) = found(small_counts, "spinal_cord_mri,1,2\n0,0,109\n1,47,39\n", cut, lax)
    assert finding.status == "pass"
    assert "or 0" in finding.message


HIDDEN = [
    ("one hidden cell, row total", "mri,yes,no,All\nneg,<10,50,57\npos,40,60,100\n", {"fail"}),
    ("one hidden cell, column total", "mri,yes,no\nneg,*,50\npos,40,60\nTotal,45,110\n", {"fail"}),
    ("two hidden cells, both given back", "m,a,b,c,All\nx,<10,[c],30,50\ny,20,30,40,90\nAll,26,44,70,140\n", {"fail"}),
    ("a second cell hidden in row and column", "mri,a,b,All\nx,*,*,50\ny,*,*,90\nAll,60,80,140\n", {"review"}),
    ("hidden, and no total in sight", "mri,yes,no\nneg,<10,50\npos,40,60\n", {"review"}),
    ("a hidden total", "mri,yes,no,All\nneg,20,50,*\npos,40,60,100\n", {"pass"}),
    ("a hidden cell that was large enough", "mri,yes,no,All\nneg,*,50,70\npos,40,60,100\n", {"pass"}),
    ("a total column that is only a sum", "mri,n,yes,no\nneg,57,<10,50\npos,100,40,60\n", {"fail"}),
    ("nothing hidden", "mri,yes,no,All\nneg,20,50,70\npos,40,60,100\n", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in HIDDEN], ids=[case[0] for case in HIDDEN])
def test_hidden_cells(cut: CutFacts, text: str, expected: set[str]) -> None:
    assert statuses(found(hidden_cells, text, cut)) == expected


STATISTICS = [
    ("model: residual df stated, enough", "term,coef,se,df_resid\nspinal,0.9,0.2,269\n", {"pass", "review"}),
    ("model: residual df stated, too few", "term,coef,se,df_resid\nspinal,0.9,0.2,9\n", {"fail", "review"}),
    ("model: n and 2 coefficients", "term,coef,se,p,n\na,0.9,0.2,0.1,12\nb,0.9,0.2,0.1,12\n", {"pass", "review"}),
    ("model: saturated", "term,coef,se,p,n\na,0.9,0.2,0.1,11\nb,0.9,0.2,0.1,11\n", {"fail", "review"}),
    ("model: as statsmodels writes it", ",Coef.,Std.Err.,z,P>|z|,[0.025,0.975]\na,0.9,0.2,4,0,0.5,1.3\n", {"review"}),
    ("a standard error is no standard deviation", "group,n,std err\na,40,0.3\n", set()),
    ("model: nothing stated", "term,odds ratio,p\na,1.9,0.2\n", {"review"}),
    ("sd: n − 1 = 10", "group,mean,sd,n\na,33.1,4.2,11\n", {"pass", "review"}),
    ("sd: n − 1 = 9", "group,mean,sd,n\na,33.1,4.2,10\n", {"fail", "review"}),
    ("sd without n", "group,sd\na,4.2\n", {"review"}),
    ("a minimum", "group,n,min age\na,40,18\n", {"review"}),
    ("quartiles of describe()", "statistic,age\ncount,273\n25%,25.0\n", {"review"}),
    ("counts only", "group,n\na,40\n", set()),
    ("a label with or in it", "bands,n\nnegative or unknown,40\n", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in STATISTICS], ids=[case[0] for case in STATISTICS])
def test_statistics(cut: CutFacts, text: str, expected: set[str]) -> None:
    assert statuses(found(statistics, text, cut)) == expected
