"""The decision table of docs/decisions.md, row by row: what the rules say, and which of them say it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.people.models import Sector
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.models import DatasetDeclaration, Purpose
from projects.models import TableRequest
from projects.resource_rules.models import (
    Call,
    Contract,
    Ethics,
    Facts,
    ResourceRules,
    RuleId,
    Weight,
    load_rules,
    outcome_of,
)
from projects.resource_rules.policy import judge

TABLE = Path(__file__).parents[3] / "docs" / "decisions.md"
RULES = Path(__file__).parents[3] / "projects" / "resource_rules"
RESOURCES = {"MS CIDR": "ms_cidr", "BMSD": "bmsd", "open": "open"}
ORDINARY = {"MS CIDR": Purpose.IMAGING_AND_OUTCOMES, "BMSD": Purpose.RETROSPECTIVE, "open": Purpose.RETROSPECTIVE}
COLUMNS = ("number", "case", "resource", "submitted", "team", "purposes", "says", "asks", "beside", "outcome", "rules")
DAYS = r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)"


@dataclass(frozen=True)
class Row:
    """One application of the table, cell by cell; an empty text is the ordinary case."""

    number: str
    case: str
    resource: str
    submitted: str
    team: str
    purposes: str
    says: str
    asks: str
    beside: str
    outcome: str
    rules: str

    def __str__(self) -> str:
        return f"{self.number}: {self.case}"


def read_rows() -> list[Row]:
    lines = [line for line in TABLE.read_text().splitlines() if re.match(r"\| \d+ \|", line)]
    cells = ([cell.strip().replace("–", "") for cell in line.strip("|").split(" | ")] for line in lines)
    return [Row(**dict(zip(COLUMNS, row, strict=True))) for row in cells]


ROWS = read_rows()


@cache
def declaration(dataset: str) -> DatasetDeclaration:
    return load_mapping(MAPPINGS / f"{dataset}.toml").declaration


def rules_of(row: Row) -> ResourceRules:
    rules = load_rules(RULES / f"{RESOURCES[row.resource]}.toml")
    if later := re.search(rf"also a call from {DAYS}", row.beside):
        opens, closes = map(date.fromisoformat, later.groups())
        call = Call(name="A later call", opens=opens, closes=closes, time_zone="UTC")
        return rules.model_copy(update={"calls": (*rules.calls, call)})
    return rules


def facts_of(row: Row) -> Facts:
    sectors, recorded = team_of(row.team or "academic")
    text = re.sub(r"\[[^\]]*\]", "", row.says).strip()
    days = re.match(DAYS, row.beside)
    return Facts(
        at=moment(row.submitted or "2026-06-01 12:00:00 UTC"),
        is_amendment="amendment" in row.beside,
        sectors=sectors,
        recorded_sectors=recorded,
        about_ms="[not about MS]" not in row.says,
        purposes=frozenset(map(Purpose, row.purposes.split("; ")))
        if row.purposes
        else frozenset({ORDINARY[row.resource]}),
        compares_drugs="[compares drugs]" in row.says,
        commercial="[commercial]" in row.says,
        texts={"question": text} if text else {},
        answers={RuleId.DRUG_COMPARISON: "Because."} if "[answered]" in row.says else {},
        starts=date.fromisoformat(days[1]) if days else date(2026, 7, 1),
        ends=date.fromisoformat(days[2]) if days else date(2028, 6, 30),
        ethics=ethics_of(row),
        contract=contract_of(row),
        tables=tables_of(row),
        exempt=frozenset(map(RuleId, re.findall(r"exempt: (\w+)", row.beside))),
    )


def moment(text: str) -> datetime:
    stamp, _, zone = text.rpartition(" ")
    return datetime.fromisoformat(stamp).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def team_of(text: str) -> tuple[dict[str, Sector], dict[str, Sector]]:
    said, recorded = {}, {}
    for number, member in enumerate(text.split(", ")):
        sector, _, record = member.partition(" (recorded ")
        said[f"p{number}"] = Sector(sector)
        if record:
            recorded[f"p{number}"] = Sector(record.rstrip(")"))
    return said, recorded


def ethics_of(row: Row) -> Ethics | None:
    if "no ethics" in row.beside or row.resource != "BMSD":
        return None
    through = re.search(r"ethics through (\S+?)(?:,|$)", row.beside)
    return Ethics(reference="E 1", through=date.fromisoformat(through[1]) if through else date(2030, 12, 31))


def contract_of(row: Row) -> Contract | None:
    found = re.search(rf"contract {DAYS}( of BMSD)?", row.beside)
    if found is None:
        return None
    return Contract(
        "c-1", "bmsd" if found[3] else "ms_cidr", date.fromisoformat(found[1]), date.fromisoformat(found[2])
    )


def tables_of(row: Row) -> Mapping[str, Mapping[str, TableRequest]]:
    owner, foreign, asked = row.asks.rpartition(": ")
    dataset = {"MS CIDR": "ms_cidr", "BMSD": "remus"}.get(owner.partition("'")[0] if foreign else row.resource)
    if not asked or dataset is None:
        return {}
    names, _, cohort = asked.partition(" where cohort ")
    tables: dict[str, list[str]] = {}
    for name in names.split(", "):
        table, _, variable = name.partition(".")
        tables.setdefault(table, []).append(variable)
    return {dataset: {t: TableRequest(variables=tuple(v), cohort=cohort) for t, v in tables.items()}}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rules_say_what_the_table_says(row: Row) -> None:
    facts = facts_of(row)
    verdicts = judge(facts, rules_of(row), {dataset: declaration(dataset) for dataset in facts.tables or {}})
    waits = {one.rule for one in verdicts if one.weight is Weight.ASKS and not one.answered}
    refuses = {one.rule for one in verdicts if one.weight is Weight.REFUSES}
    named = {RuleId(name) for name in row.rules.split(", ")} if row.rules else set()
    assert (outcome_of(verdicts), refuses or waits) == (row.outcome, named), verdicts
    assert all(one.message and (one.remedy or one.weight is Weight.TELLS) for one in verdicts)


def test_there_are_enough_of_them_and_every_rule_decides_in_one_and_not_in_another() -> None:
    assert len(ROWS) >= 75
    assert [row.number for row in ROWS] == [str(number) for number in range(1, len(ROWS) + 1)]
    citing = {name for row in ROWS for name in row.rules.split(", ") if name}
    assert citing == set(RuleId) - {RuleId.ROWS}, "rows are told, never refused"
    for rule in citing:
        of = {row.resource for row in ROWS if rule in row.rules.split(", ")}
        assert any(row.outcome == "free" and row.resource in of for row in ROWS), rule


def test_a_natural_history_is_told_that_its_rows_are_restricted_and_another_purpose_is_not() -> None:
    told = {
        row.number for row in ROWS if any(one.rule is RuleId.ROWS for one in judge(facts_of(row), rules_of(row), {}))
    }
    assert told == {row.number for row in ROWS if row.resource == "MS CIDR" and "natural history" in row.purposes}
    assert told


def test_without_the_rule_on_drugs_a_comparison_would_pass() -> None:
    """The attack works without the defence: the rule, not chance, is what stops row 47."""
    row = next(row for row in ROWS if row.number == "47")
    rules = rules_of(row).model_copy(update={"forbids_drug_comparison": False})
    assert outcome_of(judge(facts_of(row), rules, {})) == "free"


def test_what_is_not_said_yet_is_not_judged() -> None:
    rules = load_rules(RULES / "ms_cidr.toml")
    assert judge(Facts(at=datetime(2026, 6, 1, tzinfo=UTC)), rules, {}) == ()


def test_an_exemption_never_adds_a_refusal() -> None:
    for row in ROWS:
        facts, rules = facts_of(row), rules_of(row)
        tables = {dataset: declaration(dataset) for dataset in facts.tables or {}}
        before = {one.rule for one in judge(facts, rules, tables) if one.weight is Weight.REFUSES}
        for rule in RuleId:
            exempt = replace(facts, exempt=facts.exempt | {rule})
            after = {one.rule for one in judge(exempt, rules, tables) if one.weight is Weight.REFUSES}
            assert after == before - {rule}
