"""The worker: a duty outlives whatever goes wrong in one turn, and none keeps another waiting."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from core.errors import Unavailable
from ops.worker import Duty


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


@pytest.mark.parametrize("failing", [refused, broken, lambda: None])
def test_a_duty_goes_on(failing: Callable[[], None]) -> None:
    do, enough = turns(3, failing)
    stop = Event()
    thread = Thread(target=Duty("test", 0.001, do).keep_doing, args=(stop,))
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
