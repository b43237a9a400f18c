"""Processes of a demo: only those started here are ended, and a reused process id is nobody's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from core.errors import Unavailable
from core.settings import Settings
from ops import processes

SLEEPER = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(60)"]


@pytest.fixture
def sleeper(settings: Settings) -> Iterator[int]:
    processes.start(settings, "sleeper", SLEEPER, {})
    pid = processes.running(settings, "sleeper")
    assert pid
    yield pid
    processes.stop(settings, "sleeper")


def test_a_process_is_started_once(settings: Settings, sleeper: int) -> None:
    processes.start(settings, "sleeper", SLEEPER, {})
    assert processes.running(settings, "sleeper") == sleeper


def test_stopping_ends_it_and_says_whether_there_was_one(settings: Settings, sleeper: int) -> None:
    assert processes.stop(settings, "sleeper")
    assert processes.running(settings, "sleeper") is None
    assert not processes.stop(settings, "sleeper")


def test_a_process_that_does_not_heed_is_killed(settings: Settings) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    processes.start(settings, "deaf", [sys.executable, "-c", deaf], {})
    while "deaf" not in processes.last_words(settings, "deaf"):
        processes.check_running(settings, "deaf")
    assert processes.stop(settings, "deaf", seconds=0.2)
    assert processes.running(settings, "deaf") is None


def test_another_process_with_the_same_id_is_left_alone(settings: Settings, sleeper: int) -> None:
    """The kernel gives ids again: what is recorded is the id and when it started."""
    time.sleep(0.05)  # the kernel tells when a process started in hundredths of a second
    somebody_elses = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record = settings.state / "run" / "sleeper.pid"
    kept = record.read_text()
    record.write_text(f"{somebody_elses.pid} {kept.split()[1]}")
    try:
        assert processes.running(settings, "sleeper") is None
        assert not processes.stop(settings, "sleeper")
        assert somebody_elses.poll() is None
    finally:
        record.write_text(kept)
        somebody_elses.kill()
        somebody_elses.wait()


def test_a_process_that_died_says_its_last_words(settings: Settings, sleeper: int) -> None:
    os.kill(sleeper, signal.SIGKILL)
    os.waitpid(sleeper, 0)
    with pytest.raises(Unavailable, match="ended by itself"):
        processes.check_running(settings, "sleeper")
