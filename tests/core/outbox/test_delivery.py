"""Delivery against a real mail server: sent once, tried again, given up, never lost, never by two at a time."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import Connection

from core.database import Database, metadata
from core.errors import Unavailable
from core.outbox import delivery, mail, records
from core.outbox.delivery import deliver_due
from core.outbox.models import Effect, Failure, State
from core.outbox.policy import FIRST_WAIT, LEASE, LONGEST_WAIT, MOST_ATTEMPTS, wait_after
from core.people.models import Person
from core.people.service import close_person
from core.settings import Settings
from tests.conftest import HandClock
from tests.core.outbox.conftest import Outbox
from tests.support.mail import HANGS_UP, SENDER, USER, Postbox, mail_server, text_of


class Died(BaseException):
    """The process ends here."""


def test_a_mail_is_sent_once(outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox) -> None:
    outbox.queue()
    assert deliver_due(database, mailing) == 1
    assert deliver_due(database, mailing) == 0
    [message] = postbox.received
    assert (message["From"], message["To"]) == (f"Myelin <{SENDER}>", "Rosa <rosa@example.org>")
    assert message["Subject"] == "Application Lesions of the cord was decided on"
    assert message["Message-ID"] == f"<{outbox.one().id}.outbox@portal.localhost>"
    assert "Too few people.\n\nhttp://portal.localhost:8090/applications/7\n" in text_of(message)
    assert outbox.log() == ["try", "do"]


def test_each_person_gets_a_mail_of_their_own(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox
) -> None:
    outbox.queue(to=["rosa", "lena", "rosa"])
    assert deliver_due(database, mailing) == 2
    assert sorted(postbox.to) == [["lena@example.org"], ["rosa@example.org"]]
    assert "rosa" not in str(next(m for m in postbox.received if "lena" in m["To"])).lower()


def test_over_tls_from_the_start(outbox: Outbox, database: Database, settings: Settings, tmp_path: Path) -> None:
    outbox.queue()
    with mail_server(tmp_path, "tls") as postbox:
        deliver_due(database, postbox.settings(settings))
    assert (len(postbox.received), postbox.logins) == (1, [USER.encode()])


def test_a_server_that_asks_for_no_login_is_told_no_password(
    outbox: Outbox, database: Database, settings: Settings, tmp_path: Path
) -> None:
    outbox.queue()
    with mail_server(tmp_path, "tls") as postbox:
        deliver_due(database, postbox.settings(settings, smtp_user=""))
    assert (len(postbox.received), postbox.logins) == (1, [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_whose_certificate_nobody_trusts_gets_nothing(
    outbox: Outbox, database: Database, settings: Settings, tmp_path: Path, security: str
) -> None:
    outbox.queue()
    with mail_server(tmp_path, security) as postbox:  # type: ignore[arg-type]
        deliver_due(database, postbox.settings(settings, smtp_ca_file=""))
    assert (postbox.received, outbox.one().last_failure) == ([], Failure.UNTRUSTED)


@pytest.mark.parametrize("offers_tls", [False, True])
def test_a_server_that_offers_no_encryption_gets_neither_mail_nor_password(
    outbox: Outbox, database: Database, settings: Settings, tmp_path: Path, offers_tls: bool
) -> None:
    outbox.queue()
    with mail_server(tmp_path, offers_tls=offers_tls) as postbox:
        deliver_due(database, postbox.settings(settings))
    assert (len(postbox.received), postbox.logins) == ((1, [USER.encode()]) if offers_tls else (0, []))
    assert outbox.one().last_failure is (None if offers_tls else Failure.UNTRUSTED)


def test_a_server_certified_under_another_name_gets_nothing(
    outbox: Outbox, database: Database, settings: Settings, tmp_path: Path
) -> None:
    outbox.queue()
    with mail_server(tmp_path, certified="elsewhere.example.org") as postbox:
        deliver_due(database, postbox.settings(settings))
    assert (postbox.received, outbox.one().last_failure) == ([], Failure.UNTRUSTED)


def test_without_a_mail_server_everything_waits(outbox: Outbox, database: Database, settings: Settings) -> None:
    outbox.queue()
    assert deliver_due(database, settings) == 0
    assert (outbox.one().attempts, outbox.log()) == (0, [])


@pytest.mark.parametrize(("stage", "answer"), [("RCPT", "451 busy <rosa>"), ("DATA", "452 full")])
def test_what_is_refused_for_now_is_tried_again(
    outbox: Outbox,
    database: Database,
    mailing: Settings,
    postbox: Postbox,
    clock: HandClock,
    stage: str,
    answer: str,
) -> None:
    outbox.queue()
    postbox.answers[stage] = answer
    deliver_due(database, mailing)
    assert outbox.one().last_failure is Failure.POSTPONED
    postbox.answers.clear()
    assert deliver_due(database, mailing) == 0
    clock.turn(seconds=FIRST_WAIT.total_seconds())
    assert deliver_due(database, mailing) == 1
    assert (len(postbox.received), outbox.log()) == (1, ["try", "fail", "try", "do"])


@pytest.mark.parametrize(("stage", "answer"), [("RCPT", "550 no such person"), ("DATA", "554 no")])
def test_what_is_refused_for_good_is_given_up_and_keeps_no_other_waiting(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock, stage: str, answer: str
) -> None:
    outbox.queue()
    postbox.answers[stage] = answer
    assert deliver_due(database, mailing) == 1
    postbox.answers.clear()
    outbox.queue("application:7:later", ["lena"])
    clock.turn(days=30)
    assert deliver_due(database, mailing) == 1
    states = {effect.recipient: effect.state_at(clock.now) for effect in outbox.all()}
    assert states == {"rosa": State.GIVEN_UP, "lena": State.DONE}
    assert outbox.log() == ["try", "give_up", "try", "do"]


def test_the_words_of_whoever_refused_are_kept_nowhere(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox
) -> None:
    outbox.queue()
    postbox.answers["RCPT"] = "550 SENTINEL-of-the-server"
    deliver_due(database, mailing)
    with database.read() as connection:
        kept = [
            str(row) for name in ("outbox", "audit_event") for row in connection.execute(metadata.tables[name].select())
        ]
    assert outbox.one().last_failure is Failure.REFUSED
    assert not any("SENTINEL" in row for row in kept)


@pytest.mark.parametrize(
    ("wrong", "failure"),
    [
        ({"smtp_port": 1}, Failure.UNREACHABLE),
        ({"smtp_host": "no-such-host.invalid"}, Failure.UNREACHABLE),
        ({"smtp_user": "somebody else"}, Failure.LOGIN),
        ({"smtp_ca_file": "/nowhere.pem"}, Failure.UNTRUSTED),
    ],
    ids=["nobody listens", "no such host", "another user", "no such certificates"],
)
def test_where_the_server_is_the_trouble_the_turn_ends_and_everything_is_kept(
    outbox: Outbox, database: Database, mailing: Settings, wrong: dict[str, object], failure: Failure
) -> None:
    outbox.queue(to=["rosa", "lena"])
    assert deliver_due(database, mailing.model_copy(update=wrong)) == 1
    assert sorted((effect.attempts, effect.last_failure) for effect in outbox.all()) == [(0, None), (1, failure)]


def test_without_its_password_nothing_is_sent(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox
) -> None:
    outbox.queue()
    (mailing.keys / mail.PASSWORD).unlink()
    deliver_due(database, mailing)
    assert (postbox.received, outbox.one().last_failure) == ([], Failure.LOGIN)


def test_a_sender_the_server_does_not_take_is_no_fault_of_the_mail(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock
) -> None:
    outbox.queue()
    postbox.answers["MAIL"] = "553 not your name"
    deliver_due(database, mailing)
    assert (outbox.one().last_failure, outbox.one().state_at(clock.now)) == (Failure.SENDER, State.WAITING)


def test_a_server_that_hangs_up_may_have_it_or_not_and_gets_it_again(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock
) -> None:
    outbox.queue()
    postbox.answers["DATA"] = HANGS_UP
    deliver_due(database, mailing)
    assert outbox.one().last_failure is Failure.UNREACHABLE
    postbox.answers.clear()
    clock.turn(seconds=FIRST_WAIT.total_seconds())
    assert (deliver_due(database, mailing), len(postbox.received)) == (1, 1)


def test_where_the_control_database_is_gone_the_lease_brings_the_mail_back(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock
) -> None:
    def gone(*_: object) -> None:
        raise Unavailable("The control database does not answer.")

    outbox.queue()
    with pytest.raises(Unavailable):
        deliver_due(database, mailing, gone)
    clock.turn(seconds=LEASE.total_seconds())
    assert (deliver_due(database, mailing), len(postbox.received)) == (1, 1)


def test_nobody_whose_account_is_closed_is_written_to(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, people: dict[str, Person]
) -> None:
    outbox.queue()
    close_person(database, people["olga"], "rosa")
    deliver_due(database, mailing)
    assert (postbox.received, outbox.one().last_failure) == ([], Failure.RECIPIENT)


def test_tries_come_at_growing_distances_and_end(
    outbox: Outbox, database: Database, settings: Settings, clock: HandClock
) -> None:
    outbox.queue()
    nowhere = Settings(**{**settings.model_dump(), "smtp_host": "localhost", "smtp_port": 1, "smtp_sender": SENDER})
    began, waits = clock.now, []
    while not outbox.one().given_up_at:
        deliver_due(database, nowhere)
        waits.append(outbox.one().next_attempt_at - clock.now)
        last, clock.now = clock.now, outbox.one().next_attempt_at
    assert (len(waits), outbox.one().attempts) == (MOST_ATTEMPTS, MOST_ATTEMPTS)
    assert waits[0] == FIRST_WAIT
    assert waits[:-1] == sorted(waits[:-1])
    assert (max(waits), (last - began).days) == (LONGEST_WAIT, 4)
    clock.turn(days=365)
    assert deliver_due(database, nowhere) == 0


def test_a_wait_is_bounded_however_many_tries_there_were() -> None:
    assert wait_after(10_000) == LONGEST_WAIT


def test_a_crash_between_sending_and_writing_it_down_sends_the_same_message_again(
    outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox, clock: HandClock
) -> None:
    def send_and_die(settings: Settings, effect: Effect, person: Person) -> None:
        mail.send_mail(settings, effect, person)
        raise Died

    outbox.queue()
    with pytest.raises(Died):
        deliver_due(database, mailing, send_and_die)
    assert outbox.one().state_at(clock.now) is State.UNDER_WAY
    assert deliver_due(database, mailing) == 0
    clock.turn(seconds=LEASE.total_seconds())
    assert deliver_due(database, mailing) == 1
    first, second = postbox.received
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()
    assert outbox.log() == ["try", "try", "do"]


def test_what_ends_the_process_at_every_try_is_given_up(
    outbox: Outbox, database: Database, mailing: Settings, clock: HandClock
) -> None:
    def die(*_: object) -> None:
        raise Died

    outbox.queue()
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(Died):
            deliver_due(database, mailing, die)
        clock.turn(seconds=LEASE.total_seconds())
    deliver_due(database, mailing, die)
    assert (outbox.one().last_failure, outbox.log()[-1]) == (Failure.UNFINISHED, "give_up")


def test_a_defect_keeps_no_other_mail_waiting(outbox: Outbox, database: Database, mailing: Settings) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("SENTINEL")

    outbox.queue(to=["rosa", "lena"])
    assert deliver_due(database, mailing, broken) == 2
    assert {effect.last_failure for effect in outbox.all()} == {Failure.DEFECT}


class TestTwoWorkers:
    """Two at once, each with a connection of its own."""

    def test_one_takes_what_the_other_has_not(
        self, outbox: Outbox, database: Database, mailing: Settings, postbox: Postbox
    ) -> None:
        outbox.queue(to=["rosa", "lena", "ravi", "carl"])
        ready = Barrier(2)

        def work() -> None:
            ready.wait(10)
            deliver_due(database, mailing)

        at_once(work, work)
        assert sorted(to for [to] in postbox.to) == [f"{name}@example.org" for name in ("carl", "lena", "ravi", "rosa")]

    def test_who_is_slower_takes_nothing(
        self, outbox: Outbox, database: Database, mailing: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried: list[str] = []
        look, others = records.next_due, iter([lambda: deliver_due(database, mailing, lambda *_: tried.append("one"))])

        def look_and_be_slow(connection: Connection, now: datetime) -> Effect | None:
            seen = look(connection, now)
            if (quicker := next(others, None)) is not None:
                quicker()
            return seen

        monkeypatch.setattr(records, "next_due", look_and_be_slow)
        outbox.queue()
        assert deliver_due(database, mailing, lambda *_: tried.append("two")) == 0
        assert (tried, outbox.log()) == (["one"], ["try", "do"])

    def test_nobody_tries_what_another_is_trying(self, outbox: Outbox, database: Database, mailing: Settings) -> None:
        tried: list[str] = []
        under_way, go_on = Event(), Event()

        def slow(_settings: Settings, effect: Effect, _person: Person) -> None:
            tried.append(effect.id)
            under_way.set()
            assert go_on.wait(10)

        def second() -> None:
            assert under_way.wait(10)
            deliver_due(database, mailing, slow)
            go_on.set()

        outbox.queue()
        at_once(lambda: deliver_due(database, mailing, slow), second)
        assert len(tried) == 1

    def test_without_the_lease_it_would_be_sent_twice(
        self, outbox: Outbox, database: Database, mailing: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(delivery, "LEASE", -LEASE)
        tried: list[str] = []

        def first(settings: Settings, effect: Effect, _person: Person) -> None:
            tried.append("first")
            deliver_due(database, settings, lambda *_: tried.append("second"))

        outbox.queue()
        deliver_due(database, mailing, first)
        assert tried == ["first", "second"]

    def test_who_is_late_with_a_failure_changes_nothing(
        self, outbox: Outbox, database: Database, mailing: Settings, clock: HandClock
    ) -> None:
        def late(settings: Settings, effect: Effect, person: Person) -> None:
            clock.turn(seconds=LEASE.total_seconds())
            deliver_due(database, settings)
            raise ZeroDivisionError

        outbox.queue()
        deliver_due(database, mailing, late)
        assert (outbox.one().state_at(clock.now), outbox.one().last_failure) == (State.DONE, None)
        assert outbox.log() == ["try", "try", "do", "fail"]


def at_once(*work: Callable[[], object]) -> None:
    threads = [Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
