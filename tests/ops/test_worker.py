"""The worker: a duty outlives whatever goes wrong in one turn, none keeps another waiting, and mail is one of them."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from unittest.mock import patch

import pytest

from core.database import Database
from core.errors import Unavailable
from core.outbox.service import queue_mail
from core.people.models import Person
from core.settings import Settings
from egress_review.mails import MAILS
from egress_review.models import Part
from ops import worker
from ops.worker import Duty, keep_all
from tests.support.mail import mail_server


def turns(count: int, failing: Callable[[], None]) -> tuple[Callable[[], None], Event]:
    """A duty's work that fails at every turn, and what is set once it was done so many times."""
    done, enough = [], Event()

    def do() -> None:
        done.append(1)
        if len(done) == count:
            enough.set()
        failing()

    return do, enough


def refused() -> None:
    raise Unavailable("The control database does not answer.")


def broken() -> None:
    raise ZeroDivisionError


def assert_goes_on(failing: Callable[[], None]) -> None:
    do, enough = turns(3, failing)
    stop = Event()
    thread = Thread(target=Duty("test", 0.001, do).keep_doing, args=(stop,))
    thread.start()
    assert enough.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("failing", [refused, broken, lambda: None])
def test_a_duty_goes_on(failing: Callable[[], None]) -> None:
    assert_goes_on(failing)


@pytest.mark.parametrize("failing", [refused, broken])
def test_a_duty_goes_on_where_nothing_can_be_logged(
    failing: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk:
        def error(self, *_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(worker, "log", FullDisk())
    assert_goes_on(failing)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_duty_that_ends_unasked_ends_the_worker() -> None:
    class Unforeseen(BaseException):
        pass

    def ends() -> None:
        raise Unforeseen

    with pytest.raises(Unavailable, match="test ended unasked") as ended:
        keep_all([Duty("test", 0, ends)], Event())
    assert ended.value.exit_code != 0


def test_the_worker_ends_when_told() -> None:
    (do, enough), stop = turns(1, lambda: None), Event()
    thread = Thread(target=keep_all, args=([Duty("test", 0.001, do)], stop))
    thread.start()
    assert enough.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_a_slow_duty_keeps_no_other_waiting() -> None:
    held, (do, enough), stop = Event(), turns(3, lambda: None), Event()
    threads = [Thread(target=duty.keep_doing, args=(stop,)) for duty in (Duty("a", 0, held.wait), Duty("b", 0.001, do))]
    for thread in threads:
        thread.start()
    assert enough.wait(10)
    stop.set()
    held.set()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_mail_is_a_duty_of_the_worker(database: Database, people: dict[str, Person], tmp_path: Path) -> None:
    mail = MAILS[Part.CHECKER]
    with database.write(people["rosa"]) as tx:
        queue_mail(tx, "request:1", ["chris"], mail.name, mail.about("0123456789abcdef", "submitted"))
        tx.record("tests:request:submit", "request:1")
    stop = Event()
    with mail_server(tmp_path) as postbox, patch.object(worker, "Watch"):
        settings = postbox.settings(Settings(mode="demo", state=tmp_path / "state"))
        thread = Thread(target=worker.run, args=(settings, database, stop))
        thread.start()
        arrived = postbox.arrived.wait(30)
        stop.set()
        thread.join(30)
    assert arrived
    assert not thread.is_alive()
    assert postbox.to == [["chris@example.org"]]
