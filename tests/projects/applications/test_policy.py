"""Who takes which step of an application in which state: every combination, written out anew."""

import itertools

import pytest

from core.people.models import Person
from projects.applications.errors import NotOpen, NotYours
from projects.applications.models import ApplicationState as State
from projects.applications.policy import ApplicationAction as Action
from projects.applications.policy import can_see, can_transition, check_transition
from tests.conftest import person
from tests.support.applications import an_application, member

OPEN = {
    (State.DRAFT, Action.SUBMIT): ("lead", State.SUBMITTED),
    (State.DRAFT, Action.WITHDRAW): ("lead", State.WITHDRAWN),
    (State.SUBMITTED, Action.WITHDRAW): ("lead", State.WITHDRAWN),
    (State.SUBMITTED, Action.RETURN): ("member", State.RETURNED),
    (State.SUBMITTED, Action.APPROVE): ("member", State.APPROVED),
    (State.SUBMITTED, Action.DECLINE): ("member", State.DECLINED),
    (State.RETURNED, Action.SUBMIT): ("lead", State.SUBMITTED),
    (State.RETURNED, Action.WITHDRAW): ("lead", State.WITHDRAWN),
    (State.DECLINED, Action.APPEAL): ("lead", State.APPEALED),
    (State.APPEALED, Action.APPROVE): ("member", State.APPROVED),
    (State.APPEALED, Action.DECLINE): ("member", State.UPHELD),
    (State.DRAFT, Action.END): ("nobody", State.ENDED),
    (State.SUBMITTED, Action.END): ("nobody", State.ENDED),
    (State.RETURNED, Action.END): ("nobody", State.ENDED),
    (State.APPEALED, Action.END): ("nobody", State.ENDED),
}
"""Everything that is open; whatever is not here is refused."""

WHO = {
    "lead": person("lena"),
    "member": member("dirk"),
    "researcher in the team": person("rosa"),
    "member in the team": member("rosa"),
    "member who was deactivated": member("dora", active=False),
    "somebody else": person("ravi"),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("state", "action"), itertools.product(State, Action))
def test_every_state_and_action_by_everybody(state: State, action: Action, who: str) -> None:
    application, actor = an_application(state), WHO[who]
    party, to = OPEN.get((state, action), (None, None))
    if who == party:
        assert check_transition(application, action, actor) is to
        return
    with pytest.raises(NotYours if party else NotOpen):
        check_transition(application, action, actor)
    assert not can_transition(application, action, actor)


def test_who_wrote_it_does_not_judge_it_and_neither_does_who_was_ever_named_in_it() -> None:
    application = an_application(State.SUBMITTED)
    for username in ("lena", "rosa"):
        with pytest.raises(NotYours, match="Nobody judges"):
            check_transition(application, Action.APPROVE, member(username))


@pytest.mark.parametrize(
    ("state", "actor", "seen"),
    [
        (State.DRAFT, WHO["lead"], True),
        (State.DRAFT, WHO["member"], False),
        (State.DRAFT, WHO["somebody else"], False),
        (State.SUBMITTED, WHO["member"], True),
        (State.SUBMITTED, WHO["researcher in the team"], True),
        (State.SUBMITTED, WHO["somebody else"], False),
        (State.SUBMITTED, WHO["member who was deactivated"], False),
    ],
)
def test_who_sees_it(state: State, actor: Person, seen: bool) -> None:
    assert can_see(an_application(state), actor) is seen
