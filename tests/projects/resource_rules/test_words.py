"""The rules in words: everything a file says is said, and every difference between two versions is named."""

from datetime import date
from typing import Any

import pytest

from core.people.models import Sector
from data_catalog.models import Purpose
from projects.changes import Change, changes
from projects.resource_rules.models import (
    AskedOfPeople,
    AskedOfTeams,
    Body,
    Call,
    Clocks,
    Commercial,
    Fee,
    RequiredRows,
    ResourceRules,
    RuleId,
    load_rules,
)
from projects.resource_rules.words import in_words
from tests.support.catalog import RULES

MS_CIDR = load_rules(RULES / "ms_cidr.toml")
BMSD = load_rules(RULES / "bmsd.toml")

ELSE: dict[str, Any] = {
    "calls": (
        Call(name="Trial call", opens=date(2026, 2, 1), closes=date(2026, 2, 9), time_zone="UTC", invented=True),
    ),
    "applicants": (Sector.ACADEMIC,),
    "purposes": (Purpose.NATURAL_HISTORY,),
    "one_purpose_of": (Purpose.NATURAL_HISTORY,),
    "only_about_ms": False,
    "forbids_drug_comparison": False,
    "commercial": Commercial.FORBIDDEN,
    "never_given": (),
    "rows": (RequiredRows(purposes=(Purpose.SIMULATION,), cohort="age > 17", words="adults only"),),
    "longest_days": 100,
    "needs_ethics": True,
    "fees": {Sector.ACADEMIC: Fee.NONE, Sector.PHARMACEUTICAL: Fee.CONTRACT},
    "data_use_agreement": False,
    "people": AskedOfPeople(courses=("good-practice",)),
    "teams": AskedOfTeams(acknowledgement="We thank the people in it.", remind_after_days=(90,)),
    "clocks": Clocks(review=7, changes=8, appeal=9),
    "bodies": (Body(id="alliance", name="the board", datasets=("*",), quorum=3),),
    "words": {RuleId.TERM: "Three years at most."},
}
"""Every field that says something, each with something else than MS CIDR's."""


def said(rules: ResourceRules) -> str:
    return "\n".join(line for topic in in_words(rules) for line in (*topic.lines, *topic.quotes))


@pytest.mark.parametrize("field", ELSE)
def test_every_field_is_said(field: str) -> None:
    other = MS_CIDR.model_copy(update={field: ELSE[field]})
    assert said(other) != said(MS_CIDR)


@pytest.mark.parametrize("field", AskedOfTeams.model_fields)
def test_everything_asked_of_publications_is_said(field: str) -> None:
    less = MS_CIDR.teams.model_copy(update={field: AskedOfTeams.model_fields[field].default})
    assert said(MS_CIDR.model_copy(update={"teams": less})) != said(MS_CIDR)


def test_no_field_was_forgotten() -> None:
    assert set(ResourceRules.model_fields) - set(ELSE) == {"resource", "label", "about"}, "the page's own heading"


def test_a_call_is_said_with_its_days_its_time_zone_and_that_it_was_invented() -> None:
    invented = MS_CIDR.model_copy(update={"calls": ELSE["calls"]})
    lines = in_words(invented)[0].lines
    assert lines == (
        "Trial call: 1 February 2026 through 9 February 2026, UTC, both days included (invented for the demo)",
    )
    assert "invented" not in said(MS_CIDR)


@pytest.mark.parametrize(
    "line",
    [
        "First call: 5 May 2026 through 17 June 2026, UTC, both days included",
        "Pharmaceutical: under a contract.",
        "Given to nobody: treatment.drug, treatment.atc.",
        "the alliance's data access committee decides on ms_cidr: at least 2 members vote, and more than half decide.",
        "The committee decides within 28 days.",
        "Not allowed: anything that is not about MS.",
    ],
)
def test_ms_cidr_in_words(line: str) -> None:
    assert line in said(MS_CIDR).splitlines()


def test_bmsd_takes_applications_at_any_time_and_each_registry_decides() -> None:
    assert in_words(BMSD)[0].lines == ("Applications are accepted at any time.",)
    decides = next(topic for topic in in_words(BMSD) if topic.title == "Who decides")
    assert len(decides.lines) == len(BMSD.bodies)
    assert "OFSEP, France decides on ofsep: at least 1 member vote, and more than half decide." in decides.lines


@pytest.mark.parametrize("field", ELSE)
def test_a_difference_names_its_field(field: str) -> None:
    found = changes(MS_CIDR, MS_CIDR.model_copy(update={field: ELSE[field]}))
    assert found
    assert {one.field.partition(".")[0] for one in found} == {field}


def test_differences_are_of_single_fields() -> None:
    quorum = MS_CIDR.model_copy(update={"bodies": (MS_CIDR.bodies[0].model_copy(update={"quorum": 3}),)})
    assert changes(MS_CIDR, quorum) == (Change("bodies.alliance.quorum", "2", "3"),)
    assert changes(quorum, quorum) == ()


def test_what_one_version_has_alone_stands_against_nothing() -> None:
    without = BMSD.model_copy(update={"bodies": BMSD.bodies[1:]})
    gone = [one for one in changes(BMSD, without) if one.field.startswith("bodies.remus")]
    assert {one.after for one in gone} == {""}
    assert Change("bodies.remus.quorum", "1", "") in gone
