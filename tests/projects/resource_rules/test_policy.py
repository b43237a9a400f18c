"""What holds of every judgement, whatever an application says and in whatever order."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.people.models import Sector
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.models import Purpose
from projects.models import TableRequest
from projects.resource_rules.models import (
    Contract,
    Ethics,
    Facts,
    Fee,
    ResourceRules,
    RuleId,
    Verdict,
    Weight,
    load_rules,
)
from projects.resource_rules.policy import fee_of, judge
from tests.support.catalog import RULES

SHIPPED = [load_rules(path) for path in sorted(RULES.glob("*.toml"))]
DECLARATIONS = {name: load_mapping(MAPPINGS / f"{name}.toml").declaration for name in ("ms_cidr", "remus")}
WORDS = ["We compare", "ocrelizumab", "versus", "fingolimod", "in placebo arms", "the EDSS", "which drug", "untreated"]

USERS = st.sampled_from(["lena", "rosa", "ravi"])
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
MOMENTS = st.integers(0, 150 * 24).map(lambda hours: datetime(2026, 4, 1, tzinfo=UTC) + timedelta(hours=hours))
TEAMS = st.dictionaries(USERS, st.sampled_from(Sector), max_size=3)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.text(max_size=20)
ASKED = st.sampled_from(
    ["visit.edss", "treatment.drug", "patient.arm", "adverse_event.term", "laboratory.value", "no.where"]
)


@st.composite
def requests(draw: st.DrawFn) -> Mapping[str, Mapping[str, TableRequest]]:
    found: dict[str, dict[str, TableRequest]] = {}
    for dataset in draw(st.lists(st.sampled_from(["ms_cidr", "remus", "nowhere"]), unique=True, max_size=2)):
        for name in draw(st.lists(ASKED, min_size=1, max_size=3, unique=True)):
            table, _, variable = name.partition(".")
            cohort = draw(st.sampled_from(["", "arm = 'active'", "no sense ("]))
            found.setdefault(dataset, {})[table] = TableRequest(variables=(variable,), cohort=cohort)
    return found


SAID: dict[str, st.SearchStrategy[Any]] = {
    "sectors": TEAMS,
    "recorded_sectors": TEAMS,
    "about_ms": st.booleans(),
    "purposes": st.frozensets(st.sampled_from(Purpose), max_size=3),
    "compares_drugs": st.booleans(),
    "commercial": st.booleans(),
    "texts": st.dictionaries(st.sampled_from(["title", "question", "reasons.x"]), TEXTS, max_size=3),
    "answers": st.dictionaries(st.sampled_from(RuleId), st.sampled_from(["", " ", "Because."]), max_size=2),
    "starts": DAYS,
    "ends": DAYS,
    "ethics": st.builds(Ethics, reference=st.just("E 1"), through=DAYS),
    "contract": st.builds(Contract, st.just("c-1"), st.sampled_from(["ms_cidr", "bmsd"]), DAYS, DAYS),
    "tables": requests(),
}
FACTS = st.fixed_dictionaries(
    {"at": MOMENTS},
    optional={**SAID, "is_amendment": st.booleans(), "exempt": st.frozensets(st.sampled_from(RuleId), max_size=3)},
).map(lambda said: Facts(**said))
ANY_RULES = st.sampled_from(SHIPPED)
MANY = settings(max_examples=150, deadline=None, derandomize=True)


def refusals(facts: Facts, rules: ResourceRules) -> set[Verdict]:
    return {one for one in judge(facts, rules, DECLARATIONS) if one.weight is Weight.REFUSES}


@MANY
@given(FACTS, ANY_RULES)
def test_whatever_is_said_is_judged_and_a_refusal_cites_its_rule_field_and_remedy(
    facts: Facts, rules: ResourceRules
) -> None:
    verdicts = judge(facts, rules, DECLARATIONS)
    assert [one.weight for one in verdicts] == sorted((one.weight for one in verdicts), key=list(Weight).index)
    for one in verdicts:
        assert one.rule in RuleId
        assert one.message
        assert one.quote == rules.said_of(one.rule)
        if one.weight is not Weight.TELLS:
            assert one.remedy
            assert one.field or one.rule is RuleId.WINDOW, "the window is of the moment, not of an answer"


@MANY
@given(FACTS, ANY_RULES, st.sampled_from(RuleId))
def test_an_exemption_takes_away_the_refusals_of_its_rule_and_adds_none(
    facts: Facts, rules: ResourceRules, rule: RuleId
) -> None:
    before = refusals(facts, rules)
    after = refusals(replace(facts, exempt=facts.exempt | {rule}), rules)
    assert after == {one for one in before if one.rule is not rule}


ANSWERS_A_REFUSAL = {
    "contract": {RuleId.CONTRACT},
    "ethics": {RuleId.ETHICS},
    "compares_drugs": {RuleId.DRUG_COMPARISON},
    "purposes": {RuleId.PURPOSE},
    "sectors": {RuleId.CONTRACT, RuleId.APPLICANT},
}
"""Field → rules whose refusals may be other ones once it is said; no other refusal may go away by it."""


@MANY
@given(FACTS, ANY_RULES, st.data())
def test_saying_more_takes_no_refusal_of_another_field_away(
    facts: Facts, rules: ResourceRules, data: st.DataObject
) -> None:
    nothing = (None, {}, frozenset())
    silent = [one.name for one in fields(Facts) if one.name in SAID and getattr(facts, one.name) in nothing]
    assume(silent)
    name = data.draw(st.sampled_from(silent))
    more = replace(facts, **{name: data.draw(SAID[name])})
    answered = ANSWERS_A_REFUSAL.get(name, set())
    before = {(one.rule, one.field) for one in refusals(facts, rules) if one.rule not in answered}
    assert before <= {(one.rule, one.field) for one in refusals(more, rules)}


@MANY
@given(FACTS, ANY_RULES)
def test_the_order_in_which_things_are_said_is_nothing_to_the_rules(facts: Facts, rules: ResourceRules) -> None:
    def backwards(said: Mapping[str, Any] | None) -> Any:
        return said if said is None else dict(reversed(list(said.items())))

    tables = backwards(facts.tables)
    other = replace(
        facts,
        sectors=backwards(facts.sectors),
        texts=backwards(facts.texts),
        tables=tables if tables is None else {name: backwards(asked) for name, asked in tables.items()},
    )
    found, again = judge(facts, rules, DECLARATIONS), judge(other, rules, DECLARATIONS)
    assert sorted(map(repr, found)) == sorted(map(repr, again))


@MANY
@given(ANY_RULES, TEAMS, st.sampled_from(Sector))
def test_somebody_more_in_a_team_never_makes_it_cheaper(
    rules: ResourceRules, team: dict[str, Sector], sector: Sector
) -> None:
    order = [Fee.NONE, Fee.PER_PROJECT, Fee.CONTRACT]
    if team:
        assert order.index(fee_of(rules, {**team, "one more": sector})) >= order.index(fee_of(rules, team))


@pytest.mark.parametrize("rules", SHIPPED, ids=lambda rules: rules.resource)
def test_what_nobody_has_said_yet_is_judged_by_nothing_but_the_calendar(rules: ResourceRules) -> None:
    verdicts = judge(Facts(at=datetime(2027, 1, 1, tzinfo=UTC)), rules, DECLARATIONS)
    assert {one.rule for one in verdicts} == ({RuleId.WINDOW} if rules.calls else set())
