"""The rules of review. One table says who moves a release request where; code, tests, triggers and docs follow it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.errors import InvalidInput, MyelinError, Refused
from core.people.models import Person, Role
from egress_review.errors import SecondReview, StalePage, StepRefused, TooMuchAtOnce, no_such_request
from egress_review.models import (
    HELD_FOR_REVIEW,
    Action,
    Audience,
    Comment,
    Part,
    ReleaseRequest,
    State,
    Verdict,
    Verdicts,
)

APPROVALS_NEEDED = 2
"""Different checkers who must approve every file (issue 3; the four-eyes rule of output checking)."""

LONGEST_COMMENT = 4000
"""Characters of one comment."""

TRANSITIONS: Mapping[tuple[State, Action, Part], State] = {
    (State.DRAFT, Action.SUBMIT, Part.AUTHOR): State.SUBMITTED,
    (State.SUBMITTED, Action.REVIEW, Part.CHECKER): State.PARTLY_REVIEWED,
    (State.SUBMITTED, Action.WITHDRAW, Part.AUTHOR): State.WITHDRAWN,
    (State.PARTLY_REVIEWED, Action.REVIEW, Part.CHECKER): State.REVIEWED,
    (State.PARTLY_REVIEWED, Action.WITHDRAW, Part.AUTHOR): State.WITHDRAWN,
    (State.REVIEWED, Action.APPROVE, Part.CHECKER): State.APPROVED,
    (State.REVIEWED, Action.RETURN, Part.CHECKER): State.RETURNED,
    (State.REVIEWED, Action.REJECT, Part.CHECKER): State.REJECTED,
    (State.REVIEWED, Action.WITHDRAW, Part.AUTHOR): State.WITHDRAWN,
    (State.APPROVED, Action.RELEASE, Part.CHECKER): State.RELEASED,
    (State.APPROVED, Action.RETURN, Part.CHECKER): State.RETURNED,
    (State.APPROVED, Action.REJECT, Part.CHECKER): State.REJECTED,
    (State.APPROVED, Action.WITHDRAW, Part.AUTHOR): State.WITHDRAWN,
    (State.RETURNED, Action.SUBMIT, Part.AUTHOR): State.SUBMITTED,
    (State.RETURNED, Action.WITHDRAW, Part.AUTHOR): State.WITHDRAWN,
}
"""Everything that can happen to a release request; what is not here is refused."""

NEW_ROUND = frozenset({(State.RETURNED, State.SUBMITTED)})
"""The step that begins a new round; every other step keeps the round."""


def part_of(person: Person, request: ReleaseRequest) -> Part:
    """Tell what somebody is to this request; who was ever in the team is never its checker."""
    if not person.active:
        return Part.OTHER
    if person.username == request.author:
        return Part.AUTHOR
    if person.username in request.team:
        return Part.TEAM
    return Part.CHECKER if Role.CHECKER in person.roles else Part.OTHER


def check_step(state: State, action: Action, part: Part) -> State:
    """Return the state this step leads to.

    Raises Refused where this part never takes this step, StepRefused where it does, but not from this state.
    """
    if (state, action, part) in TRANSITIONS:
        return TRANSITIONS[state, action, part]
    parts = {needed for _, taken, needed in TRANSITIONS if taken == action}
    if part not in parts:
        raise Refused(f"To {action} is not for the {part} of a request.", _who_may(action, part))
    open_in = sorted({_words(before) for before, taken, who in TRANSITIONS if (taken, who) == (action, part)})
    raise StepRefused(f"This request is {_words(state)}: {action} is not open.", f"It is when {' or '.join(open_in)}.")


def check_act(request: ReleaseRequest, person: Person, action: Action) -> State:
    """Return the state this person's action leads to, or raise what stands against it now."""
    state = check_step(request.state, action, part_of(person, request))
    if action is Action.REVIEW:
        check_first_review(request, person.username)
    if action in (Action.APPROVE, Action.RELEASE):
        check_two_approvals(request)
    return state


def can_act(request: ReleaseRequest, person: Person, action: Action) -> bool:
    """Tell whether check_act would let this pass."""
    return _passes(check_act, request, person, action)


def possible_actions(request: ReleaseRequest, person: Person) -> frozenset[Action]:
    """Return what this person can do to the request as it stands."""
    return frozenset(action for action in Action if can_act(request, person, action))


def check_first_review(request: ReleaseRequest, checker: str) -> None:
    """Refuse a second word by the same person on the same round."""
    if checker in request.voters:
        raise SecondReview("You have reviewed this round already.", "A different checker gives the second review.")


def approvers(request: ReleaseRequest, file_number: int) -> frozenset[str]:
    """Return who approved a file and counts: a checker still, never the author, nor anybody ever in the team."""
    said = {
        vote.checker for vote in request.votes if vote.file_number == file_number and vote.verdict is Verdict.APPROVE
    }
    return frozenset((said & request.checkers) - request.team - {request.author})


def check_two_approvals(request: ReleaseRequest) -> None:
    """Refuse unless two different checkers outside the team approved every file and nobody said otherwise."""
    short = [file.number for file in request.files if len(approvers(request, file.number)) < APPROVALS_NEEDED]
    against = {vote.file_number for vote in request.votes if vote.verdict is not Verdict.APPROVE}
    open_files = sorted(against.union(short))
    if open_files or not request.files:
        numbers = ", ".join(str(number) for number in open_files)
        raise Refused(f"Two checkers must approve every file; still open: file {numbers}.", "Return it with a reason.")


def check_version(request: ReleaseRequest, version: str) -> None:
    """Refuse a decision made on something other than what is there now."""
    if version != request.version:
        raise StalePage("This request has changed since you opened it.", "Open it again and look at what is there now.")


def check_verdicts(request: ReleaseRequest, verdicts: Verdicts) -> None:
    """Refuse a review that leaves out a file of the round or speaks of one that is not in it."""
    if set(verdicts) != {file.number for file in request.files}:
        raise InvalidInput("A review says approve, change or reject for every file.", "Complete it and send it again.")


def check_look(request: ReleaseRequest, person: Person) -> None:
    """Refuse a look at held content to everybody but checkers who never were in the team."""
    if part_of(person, request) is not Part.CHECKER:
        hint = "The team reads its own requests in its notebooks, and downloads them once released."
        raise Refused("What is held is shown to output checkers outside the team only.", hint)


def check_remark(request: ReleaseRequest, person: Person, file_number: int | None) -> None:
    """Refuse a comment by somebody who is not a checker of this request, on a file it lacks, or once it is settled."""
    check_look(request, person)
    if request.state not in HELD_FOR_REVIEW:
        raise StepRefused(f"This request is {_words(request.state)}: it takes no more comments.")
    if file_number is not None and file_number not in {file.number for file in request.files}:
        raise InvalidInput(
            f"There is no file {file_number} in this round.", "Comment on one there is, or on the whole."
        )


def check_download(request: ReleaseRequest, person: Person, *, is_member: bool) -> None:
    """Refuse a file to everybody but today's members of the team, and to them before it is released."""
    if not person.active or not is_member:
        raise no_such_request()
    if request.state is not State.RELEASED:
        raise StepRefused(f"This request is {_words(request.state)}, not released.", "Wait for the output checkers.")


def check_comment(text: str) -> None:
    """Refuse an empty or overlong comment."""
    if not text.strip():
        raise InvalidInput("There is no text in this comment.", "Write what should change, or why.")
    if len(text) > LONGEST_COMMENT:
        raise InvalidInput(
            f"A comment has at most {LONGEST_COMMENT} characters; this one has {len(text)}.", "Shorten it."
        )


def check_room(held: int, may_hold: int, bytes_today: int, may_submit: int) -> None:
    """Refuse a submission where the project has too many requests waiting or submitted too much in a day."""
    if held >= may_hold:
        hint = "Withdraw one, or wait until the checkers have decided."
        raise TooMuchAtOnce(f"{held} requests of this project are waiting for review already.", hint)
    if bytes_today > may_submit:
        raise TooMuchAtOnce("This project has submitted as many bytes in a day as it may.", "Go on tomorrow.")


def sees_reviews(request: ReleaseRequest, viewer: str, author: str, round_: int) -> bool:
    """Tell whether a checker may see what `author` said of a round: always their own, others' once both have spoken."""
    return viewer == author or round_ < request.round or not request.under_review


def as_seen_by(request: ReleaseRequest, checker: Person) -> ReleaseRequest:
    """Return the request with the votes this checker may know of."""
    votes = (vote for vote in request.votes if sees_reviews(request, checker.username, vote.checker, vote.round))
    return replace(request, votes=tuple(votes))


def team_sees(request: ReleaseRequest, comment: Comment) -> bool:
    """Tell whether a comment is for the team and the round it is about has been decided."""
    decided = request.state in (State.RETURNED, State.REJECTED, State.RELEASED)
    return comment.audience is Audience.TEAM and (decided or comment.round < request.round)


def _who_may(action: Action, part: Part) -> str:
    if action is Action.REVIEW and part in (Part.AUTHOR, Part.TEAM):
        return "Members of the project's team do not review its outputs; two other checkers do."
    parts = sorted({needed for _, taken, needed in TRANSITIONS if taken == action})
    return f"It is for the {' or '.join(parts)}."


def _words(state: State) -> str:
    return state.replace("_", " ")


def _passes(check: Callable[..., Any], *facts: Any) -> bool:
    try:
        check(*facts)
    except MyelinError:
        return False
    return True
