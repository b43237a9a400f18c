"""Who hears by mail that a request moved on, and that they hear nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.outbox.delivery import deliver_due
from core.outbox.models import Effect
from core.outbox.records import find_effects
from core.outbox.templates import OutputTemplate, all_templates
from core.people.service import close_person
from egress_review import mails
from egress_review.mails import MAILS, TOLD
from egress_review.models import Part, State
from egress_review.policy import TRANSITIONS
from tests.egress_review.world import World
from tests.support.mail import mail_server, text_of

CHECKERS = {"chris", "chloe", "carl"}

HEARD: dict[State, tuple[Callable[[World, str], object], set[str]]] = {
    State.SUBMITTED: (lambda _world, _id: None, CHECKERS),
    State.PARTLY_REVIEWED: (lambda world, id_: world.review(id_, "chris"), set()),
    State.REVIEWED: (lambda world, id_: world.review(id_, "chloe"), CHECKERS - {"chloe"}),
    State.APPROVED: (lambda world, id_: world.approve(id_), (CHECKERS - {"chris"}) | {"rosa"}),
    State.RELEASED: (lambda world, id_: world.release(id_), {"rosa"}),
}
"""What is done after the state before, and who then gets a mail."""


def queued(world: World, request_id: str, round_: int, state: State) -> list[Effect]:
    with world.database.read() as connection:
        return [one for one in find_effects(connection) if one.key == f"request:{request_id}:{round_}:{state}"]


def recipients(effects: list[Effect]) -> set[str]:
    return {effect.recipient for effect in effects}


def test_each_step_is_told_to_those_it_concerns_and_not_to_whoever_took_it(world: World) -> None:
    request_id = world.submit().id
    for state, (step, heard) in HEARD.items():
        step(world, request_id)
        assert recipients(queued(world, request_id, 1, state)) == heard, state


@pytest.mark.parametrize(
    ("state", "step", "heard"),
    [
        (State.RETURNED, World.return_to_team, {"rosa"}),
        (State.REJECTED, World.reject, {"rosa"}),
        (State.WITHDRAWN, World.withdraw, CHECKERS),
    ],
)
def test_and_so_is_each_other_end(
    world: World, state: State, step: Callable[[World, str], object], heard: set[str]
) -> None:
    request_id = world.bring_to(State.REVIEWED)
    step(world, request_id)
    assert recipients(queued(world, request_id, 1, state)) == heard


def test_a_new_round_is_told_anew(world: World) -> None:
    request_id = world.bring_to(State.RETURNED)
    world.submit(replaces=request_id)
    assert recipients(queued(world, request_id, 2, State.SUBMITTED)) == CHECKERS


def test_a_release_that_is_called_again_is_told_once(world: World) -> None:
    request_id = world.bring_to(State.RELEASED)
    world.release(request_id)
    assert len(queued(world, request_id, 1, State.RELEASED)) == 1


def test_a_closed_account_hears_nothing(world: World) -> None:
    close_person(world.database, world.people["olga"], "carl")
    assert recipients(queued(world, world.submit().id, 1, State.SUBMITTED)) == CHECKERS - {"carl"}


def test_a_step_that_comes_to_nothing_is_told_to_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_after_telling(*arguments: object) -> None:
        tell(*arguments)  # type: ignore[arg-type]
        raise ZeroDivisionError

    request_id, tell = world.bring_to(State.REVIEWED), mails.tell
    monkeypatch.setattr(mails, "tell", fail_after_telling)
    with pytest.raises(ZeroDivisionError):
        world.approve(request_id)
    assert (world.request(request_id).state, queued(world, request_id, 1, State.APPROVED)) == (State.REVIEWED, [])


def test_no_word_of_an_output_leaves_by_mail(world: World, tmp_path: Path) -> None:
    """Names, rows, contexts, reasons and comments are planted with one word, which no mail says."""
    files = {"SENTINEL.csv": b"SENTINEL,people\nSENTINEL,12\n"}
    ids = [world.bring_to(state, files) for state in (State.RELEASED, State.REVIEWED, State.WITHDRAWN)]
    world.return_to_team(ids[1], "SENTINEL in cell b")
    with mail_server(tmp_path) as postbox:
        sent = deliver_due(world.database, postbox.settings(world.settings))
    assert sent == len(postbox.received) > 10
    said = [f"{message['Subject']}\n{text_of(message)}" for message in postbox.received]
    assert not any("SENTINEL" in one for one in said)
    assert not any(what in one for one in said for what in ("cis-spinal", "table", "cell", "csv"))
    mine = next(m for m in postbox.received if m["Subject"] == f"Your release request {ids[0]} is released")
    assert text_of(mine) == (
        f"Dear Rosa,\n\nYour release request {ids[0]} is released.\n\n"
        "What to do next is said on the page of your requests:\nhttp://portal.localhost:8090/requests\n\n"
        "-- \nMyelin, http://portal.localhost:8090\nNobody reads answers to this address.\n"
    )


def test_every_mail_of_this_room_is_one_about_outputs() -> None:
    mine = [mail for name, mail in all_templates().items() if name.startswith("egress_review:")]
    assert {type(mail) for mail in mine} == {OutputTemplate}
    assert sorted(mail.name for mail in MAILS.values()) == [mail.name for mail in mine]


def test_every_state_a_step_leads_to_is_told_or_left_out_on_purpose() -> None:
    assert set(TRANSITIONS.values()) - set(TOLD) == {State.PARTLY_REVIEWED}
    assert {part for parts in TOLD.values() for part in parts} == {Part.AUTHOR, Part.CHECKER}
