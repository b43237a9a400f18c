"""The checks against a cut as the catalogue makes it: a drift of its shape would blind them without a word."""

from pathlib import Path

import polars as pl
import pytest

from core.database import Database
from core.people.models import Person
from core.settings import Settings
from egress_review.appetite import load_appetite
from egress_review.checks.cut import PSEUDONYM, read_cut_facts
from egress_review.checks.engine import run_checks
from egress_review.checks.models import CutFacts, HeldFile
from tests.support.catalog import ON_ONE_ENGINE, active_project

VARIABLES = ["gender", "age", "schooling", "initial_symptom", "varicella", "vep", "spinal_cord_mri", "converted"]


@pytest.fixture
def cut(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> CutFacts:
    asked = {"cis_cohort": {"patients": {"variables": VARIABLES}}}
    project = active_project(database, settings, people, tmp_path / "sources", datasets=asked)
    assert project.cut
    return read_cut_facts(project.cut.folder(settings))


def status_of(check: str, content: bytes, cut: CutFacts) -> str:
    findings = run_checks(HeldFile("table.csv", content), cut, load_appetite())
    return {finding.check: finding.status for finding in findings}[check]


@ON_ONE_ENGINE
def test_a_pseudonym_of_the_cut_fails(cut: CutFacts) -> None:
    people = pl.read_parquet(cut.tables[0].path)
    note = f"note,people\nsee {people[PSEUDONYM][17].lower()},40\n".encode()
    assert status_of("identifiers", note, cut) == "fail"
    assert status_of("identifiers", b"note,people\nsee nobody,40\n", cut) == "pass"


@ON_ONE_ENGINE
def test_rows_of_the_cut_fail_without_their_pseudonyms(cut: CutFacts) -> None:
    people = pl.read_parquet(cut.tables[0].path)
    dump = people.drop(PSEUDONYM).sort("age").tail(80).write_csv().encode()
    assert status_of("row matches", dump, cut) == "fail"
    counted = people.group_by("gender").len("people").write_csv().encode()
    assert status_of("row matches", counted, cut) == "pass"
