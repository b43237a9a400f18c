"""The rules of review: who moves a release request where, and what stands in the way."""

from datetime import UTC, datetime
from itertools import product

import pytest

from core.errors import Conflict, InvalidInput, NotFound, Refused
from core.people.models import Person, Role
from egress_review import policy
from egress_review.errors import SecondReview, StalePage, StepRefused, TooMuchAtOnce
from egress_review.models import Action, Audience, Comment, Part, ReleaseRequest, RequestFile, State, Verdict, Vote

NOW = datetime(2026, 6, 1, tzinfo=UTC)

# What may happen, read by a person who has never seen the code: every other cell of state × action × part is refused.
ALLOWED = """
author    draft            submit    submitted
author    returned         submit    submitted
author    submitted        withdraw  withdrawn
author    partly_reviewed  withdraw  withdrawn
author    reviewed         withdraw  withdrawn
author    approved         withdraw  withdrawn
author    returned         withdraw  withdrawn
checker   submitted        review    partly_reviewed
checker   partly_reviewed  review    reviewed
checker   reviewed         approve   approved
checker   reviewed         return    returned
checker   reviewed         reject    rejected
checker   approved         return    returned
checker   approved         reject    rejected
checker   approved         release   released
"""
EXPECTED = {
    (State(state), Action(action), Part(part)): State(after)
    for part, state, action, after in (line.split() for line in ALLOWED.strip().splitlines())
}


def person(username: str, *roles: Role, active: bool = True) -> Person:
    return Person(username, username, f"{username}@example.org", "issuer", username, active, frozenset(roles))


ROSA, LENA, RAVI = person("rosa"), person("lena", Role.CHECKER), person("ravi")
CHRIS, CHLOE = person("chris", Role.CHECKER), person("chloe", Role.CHECKER)
PEOPLE = {Part.AUTHOR: ROSA, Part.TEAM: LENA, Part.CHECKER: CHRIS, Part.OTHER: RAVI}


def vote(checker: str, verdict: Verdict = Verdict.APPROVE, file_number: int = 1) -> Vote:
    return Vote(1, file_number, checker, verdict, NOW)


BOTH = (vote("chris"), vote("chloe"))


def request(state: State = State.REVIEWED, votes: tuple[Vote, ...] = (), files: int = 1) -> ReleaseRequest:
    held = tuple(RequestFile(number, f"{number:064x}", 10) for number in range(1, files + 1))
    team, checkers = frozenset({"rosa", "lena"}), frozenset(vote.checker for vote in votes)
    return ReleaseRequest("r1", "cis-spinal", "rosa", state, 1, NOW, "f" * 64, held, votes, team, checkers)


@pytest.mark.parametrize(("state", "action", "part"), list(product(State, Action, Part)))
def test_every_cell_of_the_table(state: State, action: Action, part: Part) -> None:
    if (state, action, part) in EXPECTED:
        assert policy.check_step(state, action, part) is EXPECTED[state, action, part]
    else:
        with pytest.raises(Refused):
            policy.check_step(state, action, part)


@pytest.mark.parametrize(("state", "action", "part"), list(product(State, Action, Part)))
def test_every_cell_for_a_real_person(state: State, action: Action, part: Part) -> None:
    votes = BOTH if state in (State.REVIEWED, State.APPROVED) else ()
    expected = (state, action, part) in EXPECTED
    assert policy.can_act(request(state, votes), PEOPLE[part], action) is expected
    assert (action in policy.possible_actions(request(state, votes), PEOPLE[part])) is expected


def test_nothing_leaves_a_settled_request() -> None:
    assert not [step for step in policy.TRANSITIONS if step[0] in (State.RELEASED, State.REJECTED, State.WITHDRAWN)]


def test_only_an_approved_request_is_released_and_only_a_reviewed_one_approved() -> None:
    assert {step[0] for step, after in policy.TRANSITIONS.items() if after is State.RELEASED} == {State.APPROVED}
    assert {step[0] for step, after in policy.TRANSITIONS.items() if after is State.APPROVED} == {State.REVIEWED}


def test_a_refusal_says_when_the_step_is_open() -> None:
    with pytest.raises(StepRefused) as refusal:
        policy.check_step(State.SUBMITTED, Action.RELEASE, Part.CHECKER)
    assert str(refusal.value) == "This request is submitted: release is not open. It is when approved."


class TestWhoIsWhat:
    def test_a_checker_who_is_or_was_in_the_team_is_no_checker_of_its_requests(self) -> None:
        assert policy.part_of(LENA, request()) is Part.TEAM

    def test_an_author_who_is_a_checker_is_the_author(self) -> None:
        assert policy.part_of(person("rosa", Role.CHECKER), request()) is Part.AUTHOR

    def test_a_closed_account_is_nobody(self) -> None:
        assert policy.part_of(person("chris", Role.CHECKER, active=False), request()) is Part.OTHER

    def test_the_refusal_tells_a_team_member_why(self) -> None:
        with pytest.raises(Refused, match="do not review its outputs"):
            policy.check_act(request(State.SUBMITTED), LENA, Action.REVIEW)


class TestTwoApprovals:
    @pytest.mark.parametrize(
        "votes",
        [
            (),
            (vote("chris"),),
            (vote("chris"), vote("lena")),
            (vote("chris"), vote("rosa")),
            (vote("chris"), vote("chloe", Verdict.CHANGE)),
            (vote("chris"), vote("chloe", Verdict.REJECT)),
            (*BOTH, vote("carl", Verdict.REJECT)),
        ],
        ids=["none", "one", "one of the team", "the author", "a change asked", "a no", "a third person's no"],
    )
    def test_less_than_two_from_outside_or_any_other_word_is_not_enough(self, votes: tuple[Vote, ...]) -> None:
        assert not policy.can_act(request(votes=votes), CHRIS, Action.APPROVE)
        assert not policy.can_act(request(State.APPROVED, votes), CHRIS, Action.RELEASE)

    def test_every_file_needs_them(self) -> None:
        with pytest.raises(Refused, match="still open: file 2"):
            policy.check_two_approvals(request(votes=BOTH, files=2))

    def test_a_request_without_files_is_never_approved(self) -> None:
        with pytest.raises(Refused):
            policy.check_two_approvals(request(votes=BOTH, files=0))

    def test_two_are_enough(self) -> None:
        assert policy.can_act(request(votes=BOTH), CHRIS, Action.APPROVE)
        assert policy.approvers(request(votes=BOTH), 1) == {"chris", "chloe"}


class TestOneWordEach:
    def test_the_second_review_by_the_same_person_is_refused(self) -> None:
        with pytest.raises(SecondReview):
            policy.check_act(request(State.PARTLY_REVIEWED, (vote("chris"),)), CHRIS, Action.REVIEW)

    def test_a_review_speaks_of_every_file_and_no_other(self) -> None:
        two = request(files=2)
        policy.check_verdicts(two, {1: Verdict.APPROVE, 2: Verdict.CHANGE})
        for verdicts in ({}, {1: Verdict.APPROVE}, {1: Verdict.APPROVE, 2: Verdict.APPROVE, 3: Verdict.APPROVE}):
            with pytest.raises(InvalidInput):
                policy.check_verdicts(two, verdicts)


class TestStalePages:
    def test_what_was_seen_is_what_is_decided_on(self) -> None:
        policy.check_version(request(), request().version)
        assert issubclass(StalePage, Conflict)

    @pytest.mark.parametrize("change", ["state", "round", "files", "text"])
    def test_any_change_makes_a_page_stale(self, change: str) -> None:
        before = request()
        changed = {
            "state": {"state": State.APPROVED},
            "round": {"round": 2},
            "files": {"files": (RequestFile(1, "e" * 64, 10),)},
            "text": {"text_ref": "e" * 64},
        }[change]
        after = ReleaseRequest(**{**before.__dict__, **changed})
        with pytest.raises(StalePage):
            policy.check_version(after, before.version)

    def test_the_other_checkers_review_does_not(self) -> None:
        """Both open the page at once; the second to finish must not lose their work, nor learn who was first."""
        assert request(State.SUBMITTED).version == request(State.PARTLY_REVIEWED, (vote("chris"),)).version


class TestBlindness:
    @pytest.mark.parametrize("state", [State.SUBMITTED, State.PARTLY_REVIEWED])
    def test_until_both_have_spoken_each_sees_their_own_only(self, state: State) -> None:
        assert policy.sees_reviews(request(state), "chris", "chris", 1)
        assert not policy.sees_reviews(request(state), "chloe", "chris", 1)

    @pytest.mark.parametrize("state", sorted(set(State) - {State.DRAFT, State.SUBMITTED, State.PARTLY_REVIEWED}))
    def test_then_they_see_each_others(self, state: State) -> None:
        assert policy.sees_reviews(request(state), "chloe", "chris", 1)

    def test_rounds_before_are_open(self) -> None:
        second = ReleaseRequest(**{**request(State.SUBMITTED).__dict__, "round": 2})
        assert policy.sees_reviews(second, "chloe", "chris", 1)
        assert not policy.sees_reviews(second, "chloe", "chris", 2)


class TestWhatTheTeamReads:
    @pytest.mark.parametrize("state", State)
    def test_comments_for_it_once_decided(self, state: State) -> None:
        remark = Comment("c1", 1, None, "chris", Audience.TEAM, NOW, "Cell b is small.")
        shown = policy.team_sees(request(state), remark)
        assert shown is (state in (State.RETURNED, State.REJECTED, State.RELEASED))

    @pytest.mark.parametrize("state", State)
    def test_never_what_checkers_say_among_themselves(self, state: State) -> None:
        remark = Comment("c1", 1, None, "chris", Audience.CHECKERS, NOW, "Is this the same table as in March?")
        assert not policy.team_sees(request(state), remark)


class TestComments:
    def test_are_for_checkers_of_the_request_while_it_is_open(self) -> None:
        policy.check_remark(request(), CHRIS, 1)
        for outsider in (ROSA, LENA, RAVI):
            with pytest.raises(Refused):
                policy.check_remark(request(), outsider, 1)
        with pytest.raises(StepRefused):
            policy.check_remark(request(State.RELEASED), CHRIS, 1)

    def test_are_about_a_file_there_is(self) -> None:
        with pytest.raises(InvalidInput):
            policy.check_remark(request(), CHRIS, 2)

    @pytest.mark.parametrize("text", ["", " \n", "x" * (policy.LONGEST_COMMENT + 1)])
    def test_have_text_of_bounded_length(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            policy.check_comment(text)


class TestDownloads:
    def test_are_for_todays_team_once_released(self) -> None:
        policy.check_download(request(State.RELEASED), ROSA, is_member=True)
        with pytest.raises(NotFound):
            policy.check_download(request(State.RELEASED), ROSA, is_member=False)

    @pytest.mark.parametrize("state", sorted(set(State) - {State.RELEASED}))
    def test_are_refused_before(self, state: State) -> None:
        with pytest.raises(Refused):
            policy.check_download(request(state), ROSA, is_member=True)

    def test_show_nothing_to_others_not_even_that_there_is_a_request(self) -> None:
        with pytest.raises(Exception, match="no such release request"):
            policy.check_download(request(State.RELEASED), CHRIS, is_member=False)


class TestRoom:
    @pytest.mark.parametrize(("held", "bytes_today"), [(20, 0), (0, 101)])
    def test_a_project_may_fill_its_share_and_no_more(self, held: int, bytes_today: int) -> None:
        policy.check_room(held=19, may_hold=20, bytes_today=100, may_submit=100)
        with pytest.raises(TooMuchAtOnce):
            policy.check_room(held, 20, bytes_today, 100)
