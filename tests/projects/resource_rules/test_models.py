"""Rules files: what is wrong in one is said in words, and a call is open by the clocks of its own time zone."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.errors import InvalidInput
from core.people.models import Sector
from projects.resource_rules.models import Call, ResourceRules, Verdict, Weight, load_rules, outcome_of
from projects.resource_rules.models import RuleId as Rule
from tests.support.catalog import RULES

SHIPPED = sorted(RULES.glob("*.toml"))
WHOLE = (RULES / "ms_cidr.toml").read_text()

MISTAKES = {
    "a key that there is not": ('label = "MS CIDR"', 'label = "MS CIDR"\ncolour = "blue"', "colour"),
    "a purpose that there is not": ('"natural history",\n', '"curiosity",\n', "purposes"),
    "a sector that there is not": ('applicants = ["academic"', 'applicants = ["aliens"', "applicants"),
    "nobody may apply": ('applicants = ["academic", "pharmaceutical"]', "applicants = []", "applicants"),
    "no such time zone": ('time_zone = "UTC"', 'time_zone = "Mars/Olympus"', "there is no time zone Mars/Olympus"),
    "a call that closes before it opens": ("closes = 2026-06-17", "closes = 2026-05-04", "closes before it opens"),
    "a day that is none": ("opens = 2026-05-05", 'opens = "in spring"', "opens"),
    "a fee that is missing": ('pharmaceutical = "contract"\n', "", "fees does not say what pharmaceutical pay"),
    "a fee that there is not": ('academic = "per_project"', 'academic = "a cake"', "fees"),
    "a fee of a sector that there is not": ('academic = "per_project"', 'wizards = "none"', "fees"),
    "commercial use neither allowed nor not": ('commercial = "authorised"', 'commercial = "maybe"', "commercial"),
    "a term of no day": ("longest_days = 1096", "longest_days = 0", "longest_days"),
    "a body without members to vote": ("quorum = 2", "quorum = 0", "quorum"),
    "a body of no dataset": ('datasets = ["ms_cidr"]', "datasets = []", "datasets"),
    "a rule that there is not, in its words": ("[words]\n", '[words]\nweather = "Fine."\n', "words"),
    "a clock of no day": ("review = 28", "review = 0", "review"),
    "two bodies with one dataset": (
        "[words]\n",
        '[[bodies]]\nid = "b"\nname = "B"\ndatasets = ["ms_cidr"]\nquorum = 1\n\n[words]\n',
        "a dataset is decided on by one body",
    ),
    "one body for everything, and another": (
        "[words]\n",
        '[[bodies]]\nid = "b"\nname = "B"\ndatasets = ["*"]\nquorum = 1\n\n[words]\n',
        "a dataset is decided on by one body",
    ),
    "two bodies with one id": (
        "[words]\n",
        '[[bodies]]\nid = "alliance"\nname = "B"\ndatasets = ["other"]\nquorum = 1\n\n[words]\n',
        "two bodies have one id",
    ),
    "no TOML at all": ("resource =", "resource is", ""),
}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_rules_that_come_with_it_can_be_read_and_kept(path: Path) -> None:
    rules = load_rules(path)
    assert rules.resource == path.stem
    assert ResourceRules.model_validate_json(rules.to_bytes()) == rules


@pytest.mark.parametrize(("right", "wrong", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_rules_file_is_named(tmp_path: Path, right: str, wrong: str, words: str) -> None:
    assert right in WHOLE
    path = tmp_path / "rules.toml"
    path.write_text(WHOLE.replace(right, wrong, 1))
    with pytest.raises(InvalidInput) as refused:
        load_rules(path)
    assert words in str(refused.value)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(WHOLE.replace("quorum = 2", "quorum = 0").replace("review = 28", "review = 0"))
    with pytest.raises(InvalidInput, match=r"(?s)quorum.*review|review.*quorum"):
        load_rules(path)


ZONES = ("UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/Santiago")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("opens", "closes"), [(date(2026, 3, 1), date(2026, 4, 30)), (date(2026, 9, 1), date(2026, 11, 30))]
)
def test_a_call_is_open_from_midnight_to_midnight_there_across_a_change_of_clocks(
    zone: str, opens: date, closes: date
) -> None:
    call = Call(name="A call", opens=opens, closes=closes, time_zone=zone)
    there = ZoneInfo(zone)
    first = datetime(opens.year, opens.month, opens.day, tzinfo=there).astimezone(UTC)
    after = closes + timedelta(days=1)
    past = datetime(after.year, after.month, after.day, tzinfo=there).astimezone(UTC)
    instant = timedelta(microseconds=1)
    assert [call.is_open(moment) for moment in (first - instant, first, past - instant, past)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 17), 24)])
def test_a_call_of_one_day_lasts_as_long_as_the_day_does(day: date, hours: int) -> None:
    call = Call(name="A day", opens=day, closes=day, time_zone="Europe/Prague")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    assert sum(call.is_open(start + timedelta(hours=hour)) for hour in range(72)) == hours


def test_a_refusal_weighs_more_than_a_question_and_an_answered_one_nothing() -> None:
    told, asked = (Verdict(Rule.ROWS, weight, "purposes", "m", "r") for weight in (Weight.TELLS, Weight.ASKS))
    refused = Verdict(Rule.TERM, Weight.REFUSES, "ends", "m", "r")
    answered = Verdict(Rule.ROWS, Weight.ASKS, "purposes", "m", "r", answered=True)
    assert outcome_of((told, answered)) == outcome_of(()) == "free"
    assert outcome_of((told, asked)) == "asked"
    assert outcome_of((asked, refused)) == "refused"


def test_whoever_is_named_for_a_dataset_decides_on_it_and_the_rest_has_nobody() -> None:
    named, every = load_rules(RULES / "bmsd.toml"), load_rules(RULES / "open.toml")
    assert [body.id for body in named.bodies if body is named.body_of("ofsep")] == ["ofsep"]
    assert named.body_of("ms_cidr") is None
    assert every.body_of("anything") is every.bodies[0]
    assert Sector.NONE not in named.fees


@pytest.mark.parametrize(
    ("moment", "left"),
    [((15, 10), 3), ((16, 21), 2), ((16, 22), 1), ((17, 21), 1), ((17, 22), None), ((1, 0), None)],
)
def test_the_days_left_of_a_call_are_days_there_with_the_last_one(moment: tuple[int, int], left: int | None) -> None:
    call = Call(name="A call", opens=date(2026, 6, 5), closes=date(2026, 6, 17), time_zone="Europe/Prague")
    rules = load_rules(RULES / "open.toml").model_copy(update={"calls": (call,)})
    at = datetime(2026, 6, *moment, tzinfo=UTC)
    found = rules.open_call(at)
    assert (found.days_left(at) if found else None) == left
