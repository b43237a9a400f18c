"""Where a resource does not allow to compare drugs, their names and comparisons are for a person; none fails."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from egress_review.appetite import load_appetite
from egress_review.checks import drug_comparison
from egress_review.checks.engine import run_checks
from egress_review.checks.models import CutFacts, Finding, HeldFile
from egress_review.checks.reading import read_document
from egress_review.resources import forbids_drug_comparison
from tests.egress_review.cohort import write_cut
from tests.egress_review.hostile import notebook, picture
from tests.support.catalog import ON_ONE_ENGINE, ready
from tests.support.registries import publish_registries, publish_trials

COMPARED = "may be compared here"
NAMED = "Drugs are named"


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> CutFacts:
    return replace(write_cut(tmp_path_factory.mktemp("comparison") / "cut"), forbids_drug_comparison=True)


def found(cut: CutFacts, name: str, content: str | bytes) -> list[Finding]:
    given = content.encode() if isinstance(content, str) else content
    return list(drug_comparison.check(read_document(HeldFile(name, given)), cut, load_appetite()))


def said(findings: list[Finding], what: str) -> list[str]:
    return [detail for finding in findings if what in finding.message for detail in finding.details]


DRUGS = "drug,mean_edss\nocrelizumab,4.1\nnatalizumab,3.9\n"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg"><text>EDSS</text><g><text>Placebo</text>'
    "<text>Active (n = 120)</text></g></svg>"
)
COMPARISONS: dict[str, tuple[str, str | bytes, str]] = {
    "a column of drugs": ("a.csv", DRUGS, "the file, column 1: ocrelizumab, natalizumab"),
    "drugs as headings": ("a.csv", "sex,Ocrevus,Tysabri\nfemale,40,52\n", "header: ocrelizumab, natalizumab"),
    "ATC codes": ("a.csv", "code,n\nL04AG08,40\nL04AG03,51\n", "column 1: ocrelizumab, natalizumab"),
    "arms as rows": ("a.csv", "group,n\nplacebo,40\nactive,51\n", "column 1: placebo, active"),
    "arms under labels": ("a.csv", "arm,n\nA,40\nB,51\n", "column 1: by arm"),
    "trials side by side": ("a.csv", "study,slope\nT01,0.2\nT02,0.3\n", "column 1: by study"),
    "a sentence": ("a.md", "Worsening on ocrelizumab was less likely than on placebo,\nversus 12% there.", "line 1"),
    "two drugs in code": ("a.py", "model = ols('edss ~ siponimod + ocrelizumab', data)\n", "siponimod, ocrelizumab"),
    "the legend of a drawing": ("a.svg", SVG, "placebo, active"),
    "a notebook's text": (
        "a.ipynb",
        notebook({"text/plain": "arm        n\nplacebo   40\nactive    51\n"}),
        "cell 1, output 1",
    ),
    "a plot's traces": (
        "a.json",
        json.dumps({"data": [{"name": "Active", "y": [1, 2]}, {"name": "Placebo", "y": [1, 3]}]}),
        "the file, line 4: placebo, active",
    ),
}


@pytest.mark.parametrize(("name", "content", "place"), COMPARISONS.values(), ids=COMPARISONS)
def test_a_comparison_is_for_a_person_with_its_place(cut: CutFacts, name: str, content: str, place: str) -> None:
    findings = found(cut, name, content)
    assert any(place in detail for detail in said(findings, COMPARED)), findings
    assert {finding.status for finding in findings} <= {"review", "not_checked"}


NONE: dict[str, tuple[str, str]] = {
    "natural history by arm": ("a.csv", "arm,n\nplacebo,40\nuntreated,51\n"),
    "one arm": ("a.csv", "arm,n\nplacebo,40\n"),
    "outcomes by course": ("a.csv", "course,n\nppms,40\nspms,51\n"),
    "prose": ("a.md", "We compare brain volume of people on placebo with active lesions and without."),
    "an atlas": ("a.txt", "superior frontal gyrus versus inferior temporal gyrus"),
}


@pytest.mark.parametrize(("name", "content"), NONE.values(), ids=NONE)
def test_what_is_allowed_is_not_held_up(cut: CutFacts, name: str, content: str) -> None:
    (finding,) = found(cut, name, content)
    assert finding.status == "pass"


def test_a_drug_by_itself_is_named_and_no_comparison(cut: CutFacts) -> None:
    findings = found(cut, "ocrelizumab.txt", "Nothing to see\n\nbut Tysabri here.")
    assert said(findings, NAMED) == ["the file's name, line 1: ocrelizumab", "the file, line 3: natalizumab"]
    assert not said(findings, COMPARED)


def test_far_apart_is_no_comparison_and_near_by_is(cut: CutFacts) -> None:
    apart = "Placebo was given.\n\nWe compare volumes.\n\nThe treated leg."
    assert not said(found(cut, "a.txt", apart), COMPARED)
    assert said(found(cut, "a.txt", apart.replace("\n\n", "\n")), COMPARED) == ["the file, line 1: placebo, active"]


@pytest.mark.parametrize(
    ("name", "content", "unread"),
    [
        ("a.png", picture(), "what a picture shows"),
        ("a.pdf", b"%PDF-1.4 ocr", "what a PDF document holds"),
        ("a.ipynb", b'{"nbformat": 4, "cells": 4}', "what of the file could not be read"),
    ],
)
def test_what_can_not_be_read_is_not_checked(cut: CutFacts, name: str, content: bytes, unread: str) -> None:
    findings = found(cut, name, content)
    assert [finding.status for finding in findings] == ["not_checked"]
    assert unread in findings[0].message


def test_a_finding_quotes_nothing_but_the_list(cut: CutFacts) -> None:
    secret = "Smith-Jones"
    for finding in found(cut, "a.csv", f"{secret} drug,x\nocrelizumab {secret},1\nnatalizumab,2\n"):
        assert secret not in " ".join((finding.message, *finding.details))


def test_elsewhere_drugs_may_be_compared(cut: CutFacts) -> None:
    assert found(replace(cut, forbids_drug_comparison=False), "a.csv", DRUGS) == []


@pytest.mark.parametrize("forbids", [True, False])
def test_the_process_apart_is_told(cut: CutFacts, forbids: bool) -> None:
    findings = run_checks(
        HeldFile("a.csv", DRUGS.encode()), replace(cut, forbids_drug_comparison=forbids), load_appetite()
    )
    assert any(finding.check == drug_comparison.CHECK for finding in findings) == forbids


@ON_ONE_ENGINE
def test_what_the_resource_of_a_cuts_datasets_says(
    cut: CutFacts, database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    publish_trials(database, settings, people["dana"], tmp_path / "trials", people=20)
    publish_registries(database, settings, people["dana"], tmp_path / "registries")

    def of(*datasets: str) -> CutFacts:
        return CutFacts(cut.path, tuple(replace(cut.tables[0], dataset=dataset) for dataset in datasets))

    assert forbids_drug_comparison(database, of("remus")), "without rules in force nobody knows"
    ready(database, people)
    assert forbids_drug_comparison(database, of("ms_cidr"))
    assert forbids_drug_comparison(database, of("remus", "ms_cidr"))
    assert not forbids_drug_comparison(database, of("remus", "dmsr"))
    assert forbids_drug_comparison(database, of("remus", "nobody_knows"))
