"""Queueing in the transaction of the change, reminders, cancelling, and trying again."""

from datetime import timedelta

import pytest

from core.audit.log import newest_entries
from core.database import Database
from core.errors import NotFound, Refused
from core.outbox.delivery import deliver_due
from core.outbox.errors import Settled, WordsRefused
from core.outbox.models import State
from core.outbox.service import overview, queue_mail, retry
from core.people.models import Person
from core.settings import Settings
from tests.conftest import HandClock
from tests.core.outbox.conftest import DECIDED, SAID, Outbox
from tests.support.mail import Postbox, text_of


def test_a_mail_is_queued_with_its_change_or_not_at_all(
    outbox: Outbox, database: Database, people: dict[str, Person]
) -> None:
    with pytest.raises(ZeroDivisionError), database.write(people["dirk"]) as tx:
        queue_mail(tx, "application:7:decided", ["rosa"], DECIDED.name, SAID)
        tx.record("tests:application:decide", "application:7")
        raise ZeroDivisionError
    assert outbox.all() == []


def test_what_is_queued_twice_is_one(outbox: Outbox) -> None:
    outbox.queue()
    outbox.queue(to=["rosa", "lena"], reason="Another reason.")
    assert sorted(effect.recipient for effect in outbox.all()) == ["lena", "rosa"]
    rosas = next(effect for effect in outbox.all() if effect.recipient == "rosa")
    assert rosas.payload["fields"]["reason"] == SAID["reason"]


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_names_something(outbox: Outbox, key: str) -> None:
    with pytest.raises(ValueError, match="1 to 200"):
        outbox.queue(key)


def test_a_template_nobody_registered_is_refused(outbox: Outbox) -> None:
    with pytest.raises(WordsRefused, match="no mail"):
        outbox.queue(template="tests:application:unknown")


class TestReminders:
    def test_a_reminder_waits_until_it_is_due(
        self, outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock
    ) -> None:
        outbox.queue("application:7:remind", due_at=clock.now + timedelta(days=3))
        clock.turn(days=2)
        assert deliver_due(database, mailing) == 0
        clock.turn(days=1)
        assert deliver_due(database, mailing) == 1
        assert "Too few people." in text_of(postbox.received[0])

    def test_a_step_that_was_taken_cancels_its_reminders(
        self, outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock
    ) -> None:
        for days in (3, 7):
            outbox.queue(f"application:7:remind:{days}", due_at=clock.now + timedelta(days=days))
        assert outbox.cancel("application:7:remind:") == 2
        clock.turn(days=30)
        assert {effect.state_at(clock.now) for effect in outbox.all()} == {State.CANCELLED}
        assert deliver_due(database, mailing) == 0
        with database.read() as connection:
            [entry] = newest_entries(connection, 1)
        assert (entry.action, entry.subject, entry.detail) == (
            "core:effect:cancel",
            "outbox:application:7:remind:",
            {"effects": 2},
        )

    def test_nothing_of_another_key_is_cancelled(self, outbox: Outbox, clock: HandClock) -> None:
        later = clock.now + timedelta(days=3)
        for key in ("application:77:remind", "Application:7:remind", "application:7_remind", "x-application:7:remind"):
            outbox.queue(key, due_at=later)
        assert outbox.cancel("application:7:") == 0
        assert outbox.cancel("application:7%") == 0
        assert outbox.log() == []

    def test_what_was_to_be_said_at_once_is_still_said(self, outbox: Outbox, clock: HandClock) -> None:
        outbox.queue()
        assert outbox.cancel("application:7:") == 0

    def test_a_reminder_that_is_late_is_cancelled_too(
        self, outbox: Outbox, database: Database, settings: Settings, clock: HandClock
    ) -> None:
        outbox.queue("application:7:remind", due_at=clock.now + timedelta(days=3))
        clock.turn(days=9)
        assert deliver_due(database, settings) == 0
        assert outbox.cancel("application:7:remind") == 1

    def test_what_is_under_way_is_not_cancelled(
        self, outbox: Outbox, database: Database, mailing: Settings, clock: HandClock
    ) -> None:
        outbox.queue("application:7:remind", due_at=clock.now + timedelta(days=3))
        clock.turn(days=3)
        cancelled: list[int] = []
        deliver_due(database, mailing, lambda *_: cancelled.append(outbox.cancel("application:7:remind")))
        assert (cancelled, outbox.one().state_at(clock.now)) == ([0], State.DONE)

    def test_after_cancelling_the_same_can_be_queued_anew(
        self, outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock
    ) -> None:
        for days in (3, 5):
            outbox.cancel("application:7:remind")
            outbox.queue("application:7:remind", due_at=clock.now + timedelta(days=days))
        clock.turn(days=30)
        assert (deliver_due(database, mailing), len(postbox.received)) == (1, 1)


class TestOperations:
    def give_up(self, outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox) -> str:
        outbox.queue()
        postbox.answers["RCPT"] = "550 no"
        deliver_due(database, mailing)
        postbox.answers.clear()
        return outbox.one().id

    def test_what_was_given_up_is_shown_and_tried_again(
        self, outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, people: dict[str, Person]
    ) -> None:
        given_up = self.give_up(outbox, database, mailing, postbox)
        seen = overview(database, people["olga"])
        assert ([effect.id for effect in seen.given_up], seen.waiting, seen.given_up_in_all) == ([given_up], (), 1)
        retry(database, people["olga"], given_up)
        assert [effect.id for effect in overview(database, people["olga"]).waiting] == [given_up]
        assert deliver_due(database, mailing) == 1
        assert (len(postbox.received), outbox.log()) == (1, ["try", "give_up", "retry", "try", "do"])

    def test_what_waits_after_a_failure_need_not_wait(
        self, outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, people: dict[str, Person]
    ) -> None:
        outbox.queue()
        deliver_due(database, mailing.model_copy(update={"smtp_port": 1}))
        retry(database, people["olga"], outbox.one().id)
        assert (deliver_due(database, mailing), len(postbox.received)) == (1, 1)

    def test_what_is_done_is_not_done_again(
        self, outbox: Outbox, database: Database, mailing: Settings, people: dict[str, Person]
    ) -> None:
        outbox.queue()
        deliver_due(database, mailing)
        with pytest.raises(Settled, match="is done"):
            retry(database, people["olga"], outbox.one().id)

    def test_a_reminder_is_not_brought_forward(
        self, outbox: Outbox, database: Database, people: dict[str, Person], clock: HandClock
    ) -> None:
        outbox.queue(due_at=clock.now + timedelta(days=3))
        with pytest.raises(Settled, match="is waiting"):
            retry(database, people["olga"], outbox.one().id)

    def test_what_is_under_way_is_not_tried_a_second_time(
        self, outbox: Outbox, database: Database, mailing: Settings, people: dict[str, Person]
    ) -> None:
        refused: list[str] = []

        def ask_meanwhile(*_: object) -> None:
            with pytest.raises(Settled, match="is under way"):
                retry(database, people["olga"], outbox.one().id)
            refused.append("yes")

        outbox.queue()
        deliver_due(database, mailing, ask_meanwhile)
        assert refused == ["yes"]

    def test_an_effect_there_is_not(self, database: Database, people: dict[str, Person]) -> None:
        with pytest.raises(NotFound):
            retry(database, people["olga"], "0" * 16)

    @pytest.mark.parametrize("username", ["rosa", "chris", "dana", "dirk", "anna"])
    def test_it_is_for_operations(self, database: Database, people: dict[str, Person], username: str) -> None:
        for act in (overview, lambda db, actor: retry(db, actor, "0" * 16)):
            with pytest.raises(Refused, match="It takes the role ops"):
                act(database, people[username])
