"""What becomes a project of an application: what was given, and of people the rules allow; on synthetic sources."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from core.database import Database
from core.people.affiliations import record_affiliation
from core.people.models import Person, Sector
from core.settings import Settings
from data_catalog.blinding import selects_only
from data_catalog.service import edition
from projects.applications.errors import RulesRefuse
from projects.committee.models import Word
from projects.committee.service import cast_vote
from projects.service import project
from tests.conftest import HandClock
from tests.support.catalog import ON_ONE_ENGINE, activate, application_file, applied, approved_project, settled
from tests.support.registries import publish_registries, publish_trials

pytestmark = ON_ONE_ENGINE

SIGNATORY = {
    "name": "S. Amann",
    "position": "office",
    "organisation": "University of Examples",
    "email": "s@example.org",
}
NATURAL = {
    "id": "natural",
    "resource": "ms_cidr",
    "purposes": ["natural history"],
    "signatory": SIGNATORY,
    "answers": {"drug_comparison": "The arm chooses people; no arm is set against another."},
}
REGISTRIES = ("remus", "dmsr", "ofsep", "rism", "smsreg", "msbase")


@pytest.fixture
def trials(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> None:
    publish_trials(database, settings, people["dana"], tmp_path / "trials", people=40)


def asked(cohort: str) -> dict[str, object]:
    return {"ms_cidr": {"patient": {"variables": ["sex"], "cohort": cohort}, "visit": {"variables": ["edss"]}}}


@pytest.mark.parametrize("cohort", ["", "arm = 'active' or arm = 'placebo'", "not (arm = 'placebo')"])
def test_natural_history_is_cut_to_people_without_treatment_whatever_was_asked(
    trials: None, database: Database, settings: Settings, people: dict[str, Person], cohort: str
) -> None:
    approved = approved_project(database, people, application_file(**NATURAL, datasets=asked(cohort)))
    declaration = edition(database, "ms_cidr").declaration
    for table in approved.tables:
        assert selects_only(table.cohort, "arm", {"placebo", "untreated"}, declaration)
    settled(database, settings, people, "natural")
    activate(database, settings, people["olga"], "natural")
    found = edition(database, "ms_cidr").folder(settings)
    in_cut = f"SELECT count(*) FROM '{settings.cuts}/natural/1/ms_cidr/patient.parquet'"
    condition = f"({cohort}) AND" if cohort else ""
    allowed = f"SELECT count(*) FROM '{found}/patient.parquet' WHERE {condition} arm IN ('placebo', 'untreated')"
    assert duckdb.sql(in_cut).fetchall() == duckdb.sql(allowed).fetchall()


def test_without_the_rule_the_same_application_gets_everybody(
    trials: None, database: Database, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projects.approval.required_cohort", lambda rules, purposes: "")
    approved = approved_project(database, people, application_file(**NATURAL, datasets=asked("arm = 'active'")))
    assert {table.cohort for table in approved.tables} == {"arm = 'active'", ""}


@pytest.mark.parametrize(("day", "gets_in"), [(17, True), (18, False)])
def test_an_academic_applies_on_the_last_day_and_gets_in_and_a_day_later_does_not(
    trials: None, database: Database, people: dict[str, Person], clock: HandClock, day: int, gets_in: bool
) -> None:
    clock.now = clock.now.replace(month=6, day=day, hour=23)
    file = application_file(**NATURAL, datasets=asked(""))
    if gets_in:
        assert approved_project(database, people, file).resource == "ms_cidr"
    else:
        with pytest.raises(RulesRefuse, match="window: No call of MS CIDR is open"):
            applied(database, people, file)


def test_a_project_holds_the_registries_that_said_yes_and_no_others(
    database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path
) -> None:
    publish_registries(database, settings, people["dana"], tmp_path / "registries")
    datasets = {name: {"patient": {"variables": ["sex"]}} for name in REGISTRIES}
    more: dict[str, object] = {"ethics": {"reference": "EC 1", "through": date(2027, 12, 31)}, "signatory": SIGNATORY}
    applied(database, people, application_file(id="four", resource="bmsd", datasets=datasets, **more))
    for name in REGISTRIES:
        word = Word.DECLINE if name in ("rism", "msbase") else Word.APPROVE
        cast_vote(database, people["dirk"], "four", name, word, reason="Not now." if word is Word.DECLINE else "")
    assert {table.dataset_id for table in project(database, "four").tables} == {"remus", "dmsr", "ofsep", "smsreg"}
    settled(database, settings, people, "four")
    activate(database, settings, people["olga"], "four")
    folders = {path.name for path in (settings.cuts / "four" / "1").iterdir() if path.is_dir()}
    assert folders == {"remus", "dmsr", "ofsep", "smsreg"}


def test_who_is_recorded_elsewhere_than_the_application_says_is_refused(
    trials: None, database: Database, people: dict[str, Person]
) -> None:
    record_affiliation(database, people["olga"], "rosa", "Acme Pharma", Sector.PHARMACEUTICAL)
    with pytest.raises(RulesRefuse, match="rosa is recorded here as pharmaceutical, and the application says academic"):
        applied(database, people, application_file(**NATURAL, datasets=asked("")))
