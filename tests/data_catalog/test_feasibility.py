"""Feasibility counts: what one person's value could be learnt by is shown without the defence, and fails with it."""

import math
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from core.database import Database
from core.errors import InvalidInput
from core.people.models import Person
from core.settings import Settings
from data_catalog.errors import BudgetSpent, FilterRefused
from data_catalog.feasibility import policy
from data_catalog.feasibility.fields import read_question
from data_catalog.feasibility.policy import Spent, answered, check_budget, margin, noise, probability
from data_catalog.feasibility.service import answers, ask, spent_on
from data_catalog.mapping.models import MAPPINGS, load_mapping
from data_catalog.models import DatasetDeclaration
from data_catalog.published.policy import published
from data_catalog.tables import published_number
from tests.conftest import HandClock
from tests.support.catalog import ON_ONE_ENGINE
from tests.support.registries import cohort_rows, declare, publish_trials

KEY = b"k" * 32
TRIALS = declare("ms_cidr", "Trials", "patient", "visit", "mri")

Form = dict[str, str]
Count = Callable[[frozenset[str]], str]


# A person who is known to be among these, and whose arm is not known: in the cohort or not?
CROWD = frozenset(f"p{number}" for number in range(134))
TARGET = "target"
KNOWN_OTHERS = [f"known{number}" for number in range(45)]


def exact(people: frozenset[str]) -> str:
    return str(len(people))


def rounded(people: frozenset[str]) -> str:
    return published(len(people))


def by_set(people: frozenset[str]) -> str:
    return answered(len(people), KEY, ",".join(sorted(people)))


def difference(count: Count, cohort: frozenset[str]) -> bool:
    """Ask with the target and with the target left out; say whether the target is in the cohort."""
    return count(cohort) != count(cohort - {TARGET})


def edge(count: Count, cohort: frozenset[str]) -> bool:
    """Add known others one by one until the answer jumps: with the target in, it jumps one earlier than without."""

    def jumps_at(people: frozenset[str]) -> int:
        first = count(people)
        return next(n for n in range(1, 20) if count(people | set(KNOWN_OTHERS[:n])) != first)

    return jumps_at(cohort) != jumps_at(cohort - {TARGET})


def differences(count: Count, cohort: frozenset[str]) -> bool:
    """Ask for the difference beside several known others: one answer may be the same by chance, not all of them."""
    return any(difference(count, cohort | {other}) for other in KNOWN_OTHERS[:5])


ATTACKS = {
    "a difference of exact counts": (difference, exact),
    "the edge of rounding": (edge, rounded),
    "noise by the set of people": (differences, by_set),
}


@pytest.mark.parametrize(("attack", "count"), ATTACKS.values(), ids=ATTACKS)
def test_without_the_defence_one_person_is_found(attack: Callable[[Count, frozenset[str]], bool], count: Count) -> None:
    assert attack(count, CROWD | {TARGET})
    assert not attack(count, CROWD)


def test_rounding_alone_hides_the_plain_difference_and_so_looks_safe() -> None:
    assert not difference(rounded, CROWD | {TARGET, "one more"})


def test_refusing_the_near_cohort_is_an_answer() -> None:
    def refuses(cohort: frozenset[str]) -> bool:
        return 1 <= len(cohort ^ (cohort - {TARGET})) < 10

    assert (refuses(CROWD | {TARGET}), refuses(CROWD)) == (True, False)


def test_repeating_the_near_cohorts_answer_moves_the_edge_and_keeps_it() -> None:
    """Nine known people added: with the target left out as well, ten differ where the target was in, else nine."""

    def finds_somebody(cohort: frozenset[str]) -> bool:
        answered_so_far: dict[frozenset[str], str] = {}

        def count(people: frozenset[str]) -> str:
            near = next((one for one in answered_so_far if len(one ^ people) < 10), people)
            return answered_so_far.setdefault(near, by_set(near))

        nines = [KNOWN_OTHERS[start : start + 9] for start in range(0, 45, 9)]
        return any(count(cohort) != count(cohort - {TARGET} | set(nine)) for nine in nines)

    assert (finds_somebody(CROWD | {TARGET}), finds_somebody(CROWD)) == (True, False)


def test_no_answer_is_much_likelier_with_a_person_than_without() -> None:
    sizes = range(-300, 301)
    assert sum(map(probability, sizes)) == pytest.approx(1)
    bound = math.exp(policy.EPSILON) + 1e-9
    for size in sizes:
        assert 1 / bound <= probability(size) / probability(size + 1) <= bound


def test_noise_is_drawn_as_the_policy_says() -> None:
    drawn = [noise(KEY, f"question {number}") for number in range(20_000)]
    for size in (0, 1, -1, 5, -12):
        expected = probability(size) * len(drawn)
        assert abs(drawn.count(size) - expected) < 5 * math.sqrt(expected)
    within = sum(abs(size) <= margin() for size in drawn) / len(drawn)
    assert 0.94 < within < 0.97
    assert margin() == 30


@pytest.mark.parametrize(("questions", "most"), [(policy.MOST_EACH, 0.58), (policy.MOST_TOGETHER, 0.62)])
def test_with_the_whole_budget_a_guess_is_little_better_than_a_coin(questions: int, most: float) -> None:
    """Half the budget asks for the cohort in many phrasings, half for it without the target; averages are compared."""
    draw, right, trials = random.Random(1), 0, 1500

    def mean(people: int, trial: int, which: str) -> float:
        asked = (answered(people, KEY, f"{trial} {which} {number}") for number in range(questions // 2))
        return sum(int(answer) for answer in asked) / (questions // 2)

    for trial in range(trials):
        is_in = draw.random() < 0.5
        with_target, without = mean(200 + is_in, trial, "with"), mean(200, trial, "without")
        right += (with_target - without > 0.5) == is_in
    assert 0.5 < right / trials < most


BUDGETS = [
    (Spent(0, 0, 0), None),
    (Spent(policy.MOST_A_DAY - 1, policy.MOST_EACH - 1, policy.MOST_TOGETHER - 1), None),
    (Spent(policy.MOST_A_DAY, 0, 0), "within a day"),
    (Spent(0, policy.MOST_EACH, 0), "You have asked 20 questions of this dataset"),
    (Spent(0, 0, policy.MOST_TOGETHER), "has answered 100 questions"),
]


@pytest.mark.parametrize(("spent", "refused"), BUDGETS)
def test_a_spent_budget_answers_nothing(spent: Spent, refused: str | None) -> None:
    if refused is None:
        check_budget(spent)
    else:
        with pytest.raises(BudgetSpent, match=refused):
            check_budget(spent)


QUESTION = {
    "patient.course": "ppms",
    "patient.arm": "placebo",
    "patient.onset_age.from": "25",
    "patient.onset_age.to": "45",
    "visit.least": "3",
    "mri.region": "spinal_cord",
}
TEXT = (
    "arm = 'placebo' and course = 'ppms' "
    "and years(birth_date, onset_date) <= 45 and years(birth_date, onset_date) >= 25 "
    "and count(mri, region = 'spinal_cord') >= 1 and count(visit) >= 3"
)
WRITTEN = (
    "patient.course = 'ppms' AND arm='placebo' and count( visit ) > 2 and 1 <= count(mri, region = 'spinal_cord') "
    "and years(birth_date, onset_date) between 25 and 045"
)

READ = {
    "the mission's question": (QUESTION, TEXT),
    "in another order": (dict(reversed(QUESTION.items())), TEXT),
    "with fields left empty": ({**QUESTION, "patient.sex": "", "visit.edss.from": " "}, TEXT),
    "numbers in one way of writing": (
        {"visit.edss.from": "02.50", "visit.least": "02"},
        "count(visit, edss >= 2.5) >= 2",
    ),
    "written as text": ({"cohort": WRITTEN}, TEXT),
    "as the answer is shown": ({"cohort": TEXT}, TEXT),
    "a field of no table": ({"visit.least": "1", "patient.patient_id": "x", "nothing": "y"}, "count(visit) >= 1"),
}


@pytest.mark.parametrize(("form", "text"), READ.values(), ids=READ)
def test_a_form_is_one_question_however_it_is_filled_in(form: Form, text: str) -> None:
    assert read_question(TRIALS, form) == text


def test_the_missions_question_is_one_of_the_trials_own_declaration() -> None:
    declaration = load_mapping(MAPPINGS / "ms_cidr.toml").declaration
    form = {"patient.course": "ppms", "patient.arm": "placebo", "visit.least": "3", "imaging.region": "spinal_cord"}
    written = (
        "course = 'ppms' and arm = 'placebo' and count(visit) >= 3 and count(imaging, region = 'spinal_cord') >= 1"
    )
    assert read_question(declaration, form) == read_question(declaration, {"cohort": written})


REFUSED = {
    "nobody in particular": {},
    "no text": {"cohort": " "},
    "a text that is none": {"cohort": "course = 'ppms'; drop table patient"},
    "a code that is none": {"patient.course": "' or 1=1 --"},
    "a number that is none": {"visit.edss.from": "1 or 1=1"},
    "a count that is none": {"visit.least": "3; drop"},
    "an age that is none": {"patient.onset_age.from": "-1"},
}


@pytest.mark.parametrize("form", REFUSED.values(), ids=REFUSED)
def test_what_a_form_can_not_say_is_refused(form: Form) -> None:
    with pytest.raises((InvalidInput, FilterRefused)):
        read_question(TRIALS, form)


@pytest.fixture
def trials(database: Database, settings: Settings, people: dict[str, Person], tmp_path: Path) -> DatasetDeclaration:
    publish_trials(database, settings, people["dana"], tmp_path / "made")
    return TRIALS


def by_hand() -> int:
    """The mission's question, counted in Python."""
    rows = cohort_rows("ms_cidr", 400)
    visits = [row["patient_id"] for row in rows["visit"]]
    cords = {row["patient_id"] for row in rows["mri"] if row["region"] == "spinal_cord"}
    return sum(
        row["course"] == "ppms"
        and row["arm"] == "placebo"
        and 25 <= _years(row["birth_date"], row["onset_date"]) <= 45
        and visits.count(row["patient_id"]) >= 3
        and row["patient_id"] in cords
        for row in rows["patient"]
    )


def _years(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


@ON_ONE_ENGINE
@pytest.mark.usefixtures("trials")
def test_the_answer_is_the_count_with_its_noise(
    database: Database, settings: Settings, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_catalog.feasibility.service.answered", lambda count, *_: str(count))
    assert int(ask(database, settings, people["rosa"], "ms_cidr", QUESTION)) == by_hand() > 10


@pytest.mark.usefixtures("trials")
def test_every_answer_is_on_the_ledger_and_the_same_for_everybody(
    database: Database, settings: Settings, people: dict[str, Person]
) -> None:
    asked = [ask(database, settings, people[name], "ms_cidr", QUESTION) for name in ("rosa", "rosa", "ravi")]
    assert len(set(asked)) == 1
    with database.read() as connection:
        rows = connection.execute(select(published_number)).mappings().all()
    assert [
        (row["published_by"], row["predicate"], row["value"]) for row in sorted(rows, key=lambda r: r["published_by"])
    ] == [
        ("ravi", TEXT, asked[0]),
        ("rosa", TEXT, asked[0]),
    ]
    (answer,) = answers(database, "ms_cidr")
    assert (answer.question, answer.value, answer.asker) == (TEXT, asked[0], "rosa")
    assert spent_on(database, "ms_cidr", people["ravi"]) == Spent(1, 1, 1)


@ON_ONE_ENGINE
@pytest.mark.usefixtures("trials")
def test_budgets_come_back_and_what_is_known_is_free_for_the_house(
    database: Database,
    settings: Settings,
    people: dict[str, Person],
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policy, "MOST_A_DAY", 2)
    monkeypatch.setattr(policy, "MOST_TOGETHER", 3)

    def question(name: str, least: int) -> str:
        return ask(database, settings, people[name], "ms_cidr", {"visit.least": str(least)})

    first = [question("rosa", least) for least in (1, 2)]
    with pytest.raises(BudgetSpent, match="within a day"):
        question("rosa", 3)
    assert question("rosa", 2) == first[1], "what she has asked before is answered again"
    question("ravi", 3)
    with pytest.raises(BudgetSpent, match="within a year"):
        question("ravi", 4)
    assert question("ravi", 1) == first[0], "what somebody has asked before is"
    clock.turn(days=366)
    question("rosa", 4)


def test_the_key_decides_the_noise_and_nothing_else_does() -> None:
    assert noise(KEY, "a") == noise(KEY, "a")
    keys = [bytes([number]) * 32 for number in range(30)]
    assert len({noise(key, "a") for key in keys}) > 10
