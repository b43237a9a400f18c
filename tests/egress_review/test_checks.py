"""All checks together: for each kind of file what they say, and that they always say something honest."""

import base64
import io
import json
import pickle
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_review.appetite import load_appetite
from egress_review.checks.engine import CHECKS, examine, run_checks
from egress_review.checks.limits import MAX_FILE_BYTES, MAX_FINDINGS
from egress_review.checks.models import STATUSES, CutFacts, Finding, HeldFile
from tests.egress_review.cohort import pseudonyms, rows_of, write_cut
from tests.egress_review.hostile import hostile_svg, notebook, picture

TWO_BY_TWO = b"spinal_cord_mri,1,2\n0,78,109\n1,47,39\n"
PANDAS = "converted          1    2\nspinal_cord_mri          \n0                 78  109\n1                  {}   39\n"
PNG_OUTPUT = base64.b64encode(picture()).decode()


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutFacts:
    return write_cut(tmp_path_factory.mktemp("checks") / "cut")


def examined(cut: CutFacts, name: str, content: bytes) -> list[Finding]:
    """Run every check in this process."""
    facts = {
        "name": name,
        "cut": str(cut.path),
        "forbids_drug_comparison": False,
        "appetite": load_appetite().model_dump(mode="json"),
    }
    return [
        Finding(**{**reply, "details": tuple(reply["details"])})
        for reply in examine(facts, content)
        if "check" in reply
    ]


def worst(findings: list[Finding]) -> dict[str, str]:
    """The worst status of each check."""
    order = ("fail", "not_checked", "review", "pass")
    return {f.check: min((g.status for g in findings if g.check == f.check), key=order.index) for f in findings}


def zipped(name: str = "a.csv", content: bytes = b"a") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, content)
    return written.getvalue()


def encrypted_zip() -> bytes:
    archive = bytearray(zipped())
    archive[6] |= 1  # the flag of an encrypted entry
    return bytes(archive)


FILES: list[tuple[str, str, bytes, dict[str, str]]] = [
    # what it is, its name, its content, the worst status of the checks it is about
    ("a clean table", "t.csv", TWO_BY_TWO, {
        "file type": "pass", "identifiers": "pass", "small counts": "pass", "row matches": "pass", "formulas": "pass"}),
    ("a clean TSV", "t.tsv", TWO_BY_TWO.replace(b",", b"\t"), {"file type": "pass", "small counts": "pass"}),
    ("a table with a BOM", "t.csv", b"\xef\xbb\xbf" + TWO_BY_TWO, {"file type": "pass", "small counts": "pass"}),
    ("a table in Latin-1", "t.csv", "ort,1,2\nMalmö,20,30\n".encode("latin-1"), {
        "file type": "review", "small counts": "pass"}),
    ("a table in UTF-16", "t.csv", TWO_BY_TWO.decode().encode("utf-16"), {
        "file type": "review", "small counts": "pass"}),
    ("uneven lines", "t.csv", b"a,1,2\n0,78,109\n1,47\n", {"file type": "review"}),
    ("a broken quote", "t.csv", b'a,1,2\n0,"78,109\n', {"file type": "review"}),
    ("an empty file", "t.csv", b"", {"file type": "review", "small counts": "review", "row matches": "review"}),
    ("a file of spaces", "t.txt", b" \n ", {"file type": "review"}),
    ("a formula", "t.csv", b"name,n\n=HYPERLINK(\"a\"),40\n", {"formulas": "review"}),
    ("a formula behind a tab", "t.csv", b"name,n\n\"\t=1+1\",40\n", {"formulas": "review"}),
    ("a formula as heading", "t.csv", b"@SUM(A1),n\na,40\n", {"formulas": "review"}),
    ("negative numbers and dashes", "t.csv", b"name,difference,n\na,-1.5,40\nb,-,50\n", {"formulas": "pass"}),
    ("plus and minus before a word", "t.csv", b"name,n\n-cmd,40\n", {"formulas": "review"}),
    ("a PNG", "p.png", picture(), {
        "file type": "pass", "pictures": "review", "identifiers": "review", "small counts": "not_checked"}),
    ("a JPEG", "p.jpg", picture("JPEG"), {"file type": "pass", "pictures": "review"}),
    ("a PNG that isn't", "p.png", b"\x89PNG\r\n\x1a\nnot really", {"pictures": "fail"}),
    ("bytes after a PNG", "p.png", picture() + b"PK and more", {"pictures": "fail"}),
    ("bytes after a JPEG", "p.jpg", picture("JPEG") + b"more", {"pictures": "fail"}),
    ("a JPEG's comment", "p.jpg", picture("JPEG", comment=b"said"), {"pictures": "review"}),
    ("a text called PNG", "p.png", TWO_BY_TWO, {"file type": "fail"}),
    ("a PNG called CSV", "t.csv", picture(), {"file type": "fail", "pictures": "review"}),
    ("a ZIP called CSV", "t.csv", zipped(), {"file type": "fail", "identifiers": "not_checked"}),
    ("a notebook called JSON", "t.json", notebook({}), {"file type": "review"}),
    ("an unknown ending", "t.dat", TWO_BY_TWO, {"file type": "review"}),
    ("no ending", "table", TWO_BY_TWO, {"file type": "review"}),
    ("a name that turns right to left", "t\u202egnp.csv", TWO_BY_TWO, {"file type": "fail"}),
    ("a ZIP", "a.zip", zipped(), {
        "file type": "not_checked", "identifiers": "not_checked", "row matches": "not_checked"}),
    ("an encrypted ZIP", "a.zip", encrypted_zip(), {"file type": "fail", "identifiers": "not_checked"}),
    ("a workbook", "a.xlsx", zipped("[Content_Types].xml"), {"file type": "not_checked"}),
    ("a PDF", "a.pdf", b"%PDF-1.7\n", {"file type": "not_checked"}),
    ("Parquet", "a.parquet", b"PAR1" + bytes(20) + b"PAR1", {"file type": "not_checked", "row matches": "not_checked"}),
    ("a pickle", "m.pkl", pickle.dumps([1, 2]), {"file type": "fail"}),
    ("a pickle called text", "m.txt", pickle.dumps([1, 2]), {"file type": "fail"}),
    ("an old pickle", "m.pkl", b"cos\nsystem\n.", {"file type": "fail"}),
    ("safetensors", "m.safetensors", (2).to_bytes(8, "little") + b'{"a":1}', {"file type": "not_checked"}),
    ("a NIfTI image", "brain.nii", bytes(344) + b"n+1\0", {"file type": "not_checked"}),
    ("a DICOM image", "brain.dcm", bytes(128) + b"DICM", {"file type": "fail"}),
    ("encrypted", "a.gpg", b"-----BEGIN PGP MESSAGE-----\n", {"file type": "not_checked"}),
    ("bytes of no kind", "a.bin", bytes(range(256)), {"file type": "not_checked", "identifiers": "not_checked"}),
    ("an SVG", "d.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>', {
        "file type": "review", "active content": "pass", "pictures": "review"}),
    ("an SVG with a script", "d.svg", hostile_svg("https://example.org").encode(), {"active content": "fail"}),
    ("an HTML table", "t.html", b"<table><tr><th>a<th>n<tr><td>b<td>4</table>", {
        "file type": "review", "small counts": "fail", "active content": "pass"}),
    ("an HTML page with a script", "t.html", b"<script>1</script>", {"active content": "fail"}),
    ("an HTML page with a remote picture", "t.html", b'<img src="//example.org/x">', {"active content": "review"}),
    ("Markdown with a remote picture", "t.md", b"![x](https://example.org/x)", {"active content": "review"}),
    ("Markdown with a table", "t.md", b"| group | n |\n|---|---|\n| a | 4 |\n", {"small counts": "fail"}),
    ("text", "t.txt", b"The odds ratio was 1.9.", {
        "file type": "pass", "small counts": "not_checked", "row matches": "not_checked"}),
    ("code", "a.py", b"import polars\nbins = [[1, 2], [3, 4]]\n", {"file type": "pass", "small counts": "not_checked"}),
    ("JSON records", "t.json", json.dumps([{"group": "a", "n": 4}]).encode(), {
        "file type": "pass", "small counts": "fail"}),
    ("JSON that isn't", "t.json", b"{", {"file type": "review"}),
    ("a chart with encoded numbers", "t.json", b'{"x": {"dtype": "f8", "bdata": "AAAA"}}', {"file type": "review"}),
    ("a notebook of text", "n.ipynb", notebook({"text/plain": "done"}), {
        "file type": "pass", "notebook outputs": "review"}),
    ("a notebook with a clean table", "n.ipynb", notebook({"text/plain": PANDAS.format(47)}), {
        "small counts": "not_checked", "notebook outputs": "review"}),
    ("a notebook with a low count", "n.ipynb", notebook({"text/plain": PANDAS.format(4)}), {"small counts": "fail"}),
    ("a notebook with a picture", "n.ipynb", notebook({"image/png": PNG_OUTPUT}), {
        "notebook outputs": "review", "pictures": "review"}),
    ("a notebook with a script", "n.ipynb", notebook({"application/javascript": "1"}), {"notebook outputs": "fail"}),
    ("a notebook with a widget", "n.ipynb", notebook({"application/vnd.jupyter.widget-view+json": {"a": 1}}), {
        "notebook outputs": "not_checked"}),
    ("a notebook that loads a picture", "n.ipynb", notebook({"text/html": '<img src="https://example.org/x">'}), {
        "active content": "review"}),
    ("a notebook whose cells are no list", "n.ipynb", b'{"nbformat": 4, "cells": 5}', {"file type": "review"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "expected"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_what_the_checks_say_of_a_file(cut: CutFacts, name: str, content: bytes, expected: dict[str, str]) -> None:
    found = worst(examined(cut, name, content))
    assert {check: found.get(check) for check in expected} == expected


def test_each_output_of_a_notebook_is_judged_by_itself(cut: CutFacts) -> None:
    content = notebook({"text/plain": "a"}, {"image/png": PNG_OUTPUT, "text/html": "<b>a</b>"})
    outputs = [finding.message for finding in examined(cut, "n.ipynb", content) if finding.check == "notebook outputs"]
    assert [message.split(":")[0] for message in outputs] == [
        "cell 1, output 1 (text/plain)", "cell 2, output 1 (image/png)", "cell 2, output 1 (text/html)",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.csv", "a.ipynb", "a.json", "a.html", "a.svg", "a.png", "a.txt", "a.py", "a"])
@given(
    content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
)
def test_any_bytes_get_findings_and_nothing_is_raised(cut: CutFacts, name: str, content: bytes) -> None:
    findings = examined(cut, name, content)
    assert {"file type", "identifiers", "small counts", "row matches"} <= {finding.check for finding in findings}
    assert all(finding.status in STATUSES for finding in findings)


KEYS = st.sampled_from(["cells", "outputs", "data", "source", "columns", "text/html", "image/png", "a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(cells=JSON)
def test_any_notebook_gets_findings_and_nothing_is_raised(cut: CutFacts, cells: object) -> None:
    content = json.dumps({"nbformat": 4, "cells": cells}).encode()
    assert worst(examined(cut, "a.ipynb", content))["file type"] in ("pass", "review")


@given(counts=st.lists(st.integers(0, 68), min_size=4, max_size=4))
def test_a_two_by_two_fails_exactly_when_a_cell_is_low(cut: CutFacts, counts: list[int]) -> None:
    a, b, c, d = counts
    found = worst(examined(cut, "t.csv", f"spinal_cord_mri,1,2\n0,{a},{b}\n1,{c},{d}\n".encode()))
    assert found["small counts"] == ("fail" if min(counts) < 10 else "pass")


def test_findings_are_limited_and_the_rest_is_counted(cut: CutFacts) -> None:
    outputs = [{"text/plain": f"{n}"} for n in range(MAX_FINDINGS + 5)]
    found = [f for f in examined(cut, "n.ipynb", notebook(*outputs)) if f.check == "notebook outputs"]
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1].message.startswith("5 more findings")


def test_run_checks_says_the_same_from_its_process_apart(cut: CutFacts) -> None:
    table = b"who,n\n" + pseudonyms(273)[0].encode() + b",4\n"
    assert list(run_checks(HeldFile("t.csv", table), cut, load_appetite())) == examined(cut, "t.csv", table)


def test_a_whole_cut_as_csv_fails_three_times_over(cut: CutFacts) -> None:
    table = rows_of(cut).write_csv().encode()
    found = worst(list(run_checks(HeldFile("all.csv", table), cut, load_appetite())))
    assert found["identifiers"] == found["row matches"] == "fail"
    assert found["small counts"] == "review"


def test_a_file_over_the_limit_is_not_read_at_all(cut: CutFacts) -> None:
    (finding,) = run_checks(HeldFile("t.csv", b"a" * (MAX_FILE_BYTES + 1)), cut, load_appetite())
    assert finding.status == "not_checked"


def test_a_cut_that_is_gone_is_no_pass(cut: CutFacts, tmp_path_factory: pytest.TempPathFactory) -> None:
    gone = CutFacts(tmp_path_factory.mktemp("gone"), cut.tables)
    findings = run_checks(HeldFile("t.csv", TWO_BY_TWO), gone, load_appetite())
    assert {finding.check: finding.status for finding in findings} == dict.fromkeys(CHECKS, "not_checked") | {
        "engine": "review"
    }


def test_a_check_that_stops_is_not_checked_and_the_others_go_on(cut: CutFacts, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("egress_review.checks.engine.CHECKS", {**CHECKS, "small counts": stops})
    found = {f.check: f for f in examined(cut, "t.csv", TWO_BY_TWO)}
    assert found["small counts"].status == "not_checked"
    assert "ZeroDivisionError" in found["small counts"].message
    assert found["row matches"].status == "pass"


@pytest.mark.parametrize("status", ["passed", "", None])
def test_a_finding_of_another_status_can_not_be_made(status: str) -> None:
    with pytest.raises(ValueError, match="status of a finding"):
        Finding("a", "b", status, "c")  # type: ignore[arg-type]
