"""The committee's rules: every refusal of a vote, what votes come to, which variables are given, and clocks."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.people.models import Person, Role
from projects.applications.errors import NotYours
from projects.applications.models import Application
from projects.applications.models import ApplicationState as State
from projects.committee.errors import NoVote, VoteSettled
from projects.committee.models import BodyDecision, Deliberation, Vote, Word
from projects.committee.policy import (
    bodies_asked,
    can_vote,
    check_appeal_in_time,
    check_vote,
    due_at,
    granted,
    outcome,
    problems_of_vote,
)
from projects.resource_rules.models import Body, load_rules
from tests.support.applications import AT, a_vote, an_application, deliberating, member
from tests.support.catalog import RULES, application_file

HOUSE = Body(id="house", name="the house's committee", datasets=("*",), quorum=2)
RULES_OF_OPEN = load_rules(RULES / "open.toml")
BMSD = load_rules(RULES / "bmsd.toml")
FREE = {"dirk": False, "dora": False}
APPROVE, DECLINE = Word.APPROVE, Word.DECLINE
PATIENTS = "cis_cohort.patients"


@dataclass(frozen=True)
class Case:
    """A vote of dirk's that is good but for one thing."""

    application: Application = field(default_factory=lambda: an_application(State.SUBMITTED))
    deliberation: Deliberation = field(default_factory=lambda: deliberating(conflicts=FREE))
    seats: frozenset[str] = frozenset({"dirk", "dora"})
    actor: Person = field(default_factory=lambda: member("dirk"))

    def check(self) -> None:
        check_vote(self.application, self.deliberation, HOUSE, self.seats, self.actor)

    @property
    def is_open(self) -> bool:
        return can_vote(self.application, self.deliberation, HOUSE, self.seats, self.actor)


def test_a_vote_is_open_to_a_member_with_a_seat_and_no_conflict() -> None:
    Case().check()
    assert Case().is_open


REFUSED: dict[str, tuple[Callable[[Case], Case], type[Refused], str]] = {
    "no member": (
        lambda case: replace(case, actor=member("dirk", role=Role.CHECKER)),
        NotYours,
        "does not decide on applications",
    ),
    "a deactivated member": (
        lambda case: replace(case, actor=member("dirk", active=False)),
        NotYours,
        "does not decide on applications",
    ),
    "who applies": (
        lambda case: replace(case, actor=member("lena"), seats=frozenset({"lena"})),
        NotYours,
        "Nobody judges",
    ),
    "without a seat": (lambda case: replace(case, seats=frozenset({"dora"})), NoVote, "has no seat"),
    "without a declaration": (
        lambda case: replace(case, deliberation=deliberating(conflicts={"dora": False})),
        NoVote,
        "Declare first",
    ),
    "with a conflict": (
        lambda case: replace(case, deliberation=deliberating(conflicts={"dirk": True})),
        NoVote,
        "declared a conflict",
    ),
    "a second time": (
        lambda case: replace(case, deliberation=deliberating(a_vote("dirk", APPROVE), conflicts=FREE)),
        VoteSettled,
        "You have voted",
    ),
    "after the body decided": (
        lambda case: replace(
            case, deliberation=deliberating(conflicts=FREE, decisions=(BodyDecision("house", True, AT),))
        ),
        VoteSettled,
        "has decided",
    ),
    "on an appeal against one's own vote": (
        lambda case: replace(
            case,
            application=an_application(State.APPEALED),
            deliberation=deliberating(conflicts=FREE, earlier_voters=frozenset({"dirk"}), is_appeal=True),
        ),
        NoVote,
        "appeal against their own vote",
    ),
}


@pytest.mark.parametrize(("spoil", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_every_refusal(spoil: Callable[[Case], Case], error: type[Refused], words: str) -> None:
    case = spoil(Case())
    with pytest.raises(error, match=words):
        case.check()
    assert not case.is_open


@pytest.mark.parametrize("state", sorted(set(State) - {State.SUBMITTED, State.APPEALED}))
def test_there_is_no_vote_but_while_it_is_before_the_committee(state: State) -> None:
    with pytest.raises(VoteSettled, match="there is no vote"):
        Case(application=an_application(state)).check()


def test_another_members_vote_and_another_bodys_decision_stand_in_nobodys_way() -> None:
    decided = (BodyDecision("elsewhere", False, AT),)
    Case(deliberation=deliberating(a_vote("dora", DECLINE), conflicts=FREE, decisions=decided)).check()


@pytest.mark.parametrize(
    ("words", "quorum", "approved"),
    [
        ("", 1, None),
        ("a", 1, True),
        ("d", 1, False),
        ("a", 2, None),
        ("aa", 2, True),
        ("dd", 2, False),
        ("ad", 2, None),
        ("ada", 2, True),
        ("add", 2, False),
        ("aadd", 2, None),
        ("aadda", 2, True),
        ("aa", 3, None),
    ],
)
def test_what_votes_come_to(words: str, quorum: int, approved: bool | None) -> None:
    assert outcome(votes_of(words), quorum) is approved


WORDS = st.text("ad", max_size=12)
QUORUMS = st.integers(1, 9)


@given(WORDS, QUORUMS)
def test_nothing_is_decided_below_quorum_or_on_a_tie(words: str, quorum: int) -> None:
    if len(words) < quorum or words.count("a") == words.count("d"):
        assert outcome(votes_of(words), quorum) is None
    else:
        assert outcome(votes_of(words), quorum) is (words.count("a") > words.count("d"))


@given(WORDS, QUORUMS, st.integers(1, 5))
def test_more_approvals_never_turn_an_approval_into_a_decline(words: str, quorum: int, more: int) -> None:
    if outcome(votes_of(words), quorum):
        assert outcome(votes_of(words + "a" * more), quorum) is True


@given(WORDS, QUORUMS)
def test_the_order_of_votes_is_nothing_to_them(words: str, quorum: int) -> None:
    assert outcome(votes_of(words), quorum) is outcome(votes_of(words[::-1]), quorum)


def votes_of(words: str) -> list[Vote]:
    return [a_vote(f"m{n}", APPROVE if word == "a" else DECLINE) for n, word in enumerate(words)]


GENDER, AGE = f"{PATIENTS}.gender", f"{PATIENTS}.age"
ASKED = frozenset(application_file().variables)


@pytest.mark.parametrize(
    ("votes", "declined"),
    [
        ([a_vote("dirk", APPROVE)], set()),
        ([a_vote("dirk", APPROVE, declined={GENDER: "x"})], {GENDER}),
        ([a_vote("dirk", APPROVE, declined={GENDER: "x"}), a_vote("dora", APPROVE)], {GENDER}),
        (
            [a_vote("dirk", APPROVE, declined={GENDER: "x"}), a_vote("dora", APPROVE, declined={AGE: "y"})],
            {GENDER, AGE},
        ),
        ([a_vote("dirk", APPROVE), a_vote("carl", DECLINE, declined={AGE: "z"}), a_vote("dora", APPROVE)], set()),
    ],
)
def test_a_variable_is_given_where_no_approving_member_declined_it(votes: list[Vote], declined: set[str]) -> None:
    assert granted(an_application(State.SUBMITTED), HOUSE, votes) == ASKED - declined


def test_a_body_gives_and_is_asked_for_its_own_datasets_only() -> None:
    table = {"patient": {"variables": ["birth_year"]}}
    file = application_file(resource="bmsd", datasets={"ofsep": table, "rism": table})
    application = an_application(State.SUBMITTED, file)
    bodies = bodies_asked(application, BMSD)
    assert [body.id for body in bodies] == ["ofsep", "rism"]
    assert granted(application, bodies[0], [a_vote("dirk", APPROVE)]) == {"ofsep.patient.birth_year"}


@pytest.mark.parametrize(
    ("vote", "problem"),
    [
        (a_vote("dirk", DECLINE, reason=" "), "say why you decline"),
        (a_vote("dirk", APPROVE, declined={GENDER: " "}), f"{GENDER}: say why it is not given"),
        (a_vote("dirk", APPROVE, declined={"cis_cohort.visits.edss": "x"}), "is not asked of"),
        (a_vote("dirk", APPROVE, declined=dict.fromkeys(ASKED, "x")), "decline the application instead"),
    ],
)
def test_what_a_vote_lacks(vote: Vote, problem: str) -> None:
    (found,) = problems_of_vote(an_application(State.SUBMITTED), HOUSE, vote)
    assert problem in found


@pytest.mark.parametrize(
    "vote",
    [
        a_vote("dirk", APPROVE, reason=""),
        a_vote("dirk", DECLINE),
        a_vote("dirk", APPROVE, declined={GENDER: "Not part of the question."}),
        a_vote("dirk", DECLINE, declined=dict.fromkeys(ASKED, "x")),
    ],
)
def test_a_vote_that_is_whole(vote: Vote) -> None:
    assert list(problems_of_vote(an_application(State.SUBMITTED), HOUSE, vote)) == []


CLOCKS = RULES_OF_OPEN.clocks


@pytest.mark.parametrize(
    ("state", "days"),
    [
        (State.DRAFT, None),
        (State.SUBMITTED, CLOCKS.review),
        (State.APPEALED, CLOCKS.review),
        (State.RETURNED, CLOCKS.changes),
        (State.DECLINED, CLOCKS.appeal),
        (State.APPROVED, None),
        (State.UPHELD, None),
        (State.WITHDRAWN, None),
    ],
)
def test_the_clock_of_every_state(state: State, days: int | None) -> None:
    assert due_at(an_application(state), RULES_OF_OPEN) == (AT + timedelta(days=days) if days else None)


def test_an_appeal_is_in_time_through_its_last_moment() -> None:
    declined, last = an_application(State.DECLINED), AT + timedelta(days=CLOCKS.appeal)
    check_appeal_in_time(declined, RULES_OF_OPEN, last)
    with pytest.raises(NoVote, match="days at most"):
        check_appeal_in_time(declined, RULES_OF_OPEN, last + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("condition", "declined", "refused"),
    [
        ({"row_filter": "age >= 18"}, {AGE}, True),
        ({"cohort": "age >= 18 and gender = 1"}, {GENDER}, True),
        ({"cohort": "count(patients, age >= 18) >= 1"}, {AGE}, True),
        ({"row_filter": "age >= 18"}, {GENDER}, False),
        ({}, {AGE}, False),
    ],
)
def test_a_variable_that_chooses_what_is_given_is_not_declined_alone(
    condition: dict[str, str], declined: set[str], refused: bool
) -> None:
    asked = {"variables": [name.rpartition(".")[2] for name in sorted(ASKED)], **condition}
    application = an_application(State.SUBMITTED, application_file(datasets={"cis_cohort": {"patients": asked}}))
    vote = a_vote("dirk", APPROVE, declined=dict.fromkeys(declined, "Not needed."))
    problems = list(problems_of_vote(application, HOUSE, vote))
    assert [f"{PATIENTS} is chosen by it" in problem for problem in problems] == [True] * refused
    whole = a_vote("dirk", DECLINE, declined=dict.fromkeys(declined, "Not needed."))
    assert list(problems_of_vote(application, HOUSE, whole)) == [], "a vote to decline gives nothing"
